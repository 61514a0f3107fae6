//! Everything that is told to the observers of the application, told to the broker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use formwork_app::event::{Event, Observer, ObserverOptions, kind};
use formwork_app::{Context, Declaration, Error, Module, WireError, Wiring};
use formwork_domain::BoxFuture;
use tokio::sync::watch;

use super::Consumers;
use super::health_events::HealthEvents;
use super::publish::publish;
use crate::{Broker, Envelope};

const PUBLISHED: &str = "application_events_total";

/// Publishes the application's [`Event`]s to the [`Broker`]: lifecycle, reloads, health, and what
/// modules emit.
///
/// Best effort, beside the outbox: an observer like any other, with 1,024 events that wait while
/// the broker cannot be reached, then the oldest is dropped. Nothing waits for it. What comes before
/// the module has started waits as well; what comes after it has stopped, such as the stops of the
/// modules it needs itself, is not published, and neither are the changes of health that a
/// [`HealthEventsModule`](crate::HealthEventsModule) publishes. `application_events_total` counts what was published;
/// the [status](formwork_app::event::ObserverStatus) of the observer `event-publisher` also what was
/// not.
pub struct EventPublisherModule {
    phase: watch::Sender<Phase>,
}

/// Whether the broker can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    NotYet,
    Now,
    NoMore,
}

impl EventPublisherModule {
    /// The module; there is nothing to configure.
    pub fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::NotYet),
        }
    }
}

impl Default for EventPublisherModule {
    fn default() -> Self {
        Self::new()
    }
}

impl Module for EventPublisherModule {
    fn declare(&self) -> Declaration {
        Declaration::new("event-publisher")
            .version(env!("CARGO_PKG_VERSION"))
            .needs::<dyn Broker>()
            // An in-process broker knows then who is to get the first event.
            .wants::<Consumers>()
            .wants::<HealthEvents>()
            .contributes::<dyn Observer>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let broker = wiring.get::<dyn Broker>()?;
        wiring.contribute::<dyn Observer>(Arc::new(Publisher {
            broker,
            phase: self.phase.subscribe(),
            told_of_health: wiring.find::<HealthEvents>().is_some(),
        }))
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            metrics::describe_counter!(PUBLISHED, "Events of the application that were published.");
            metrics::counter!(PUBLISHED).increment(0);
            self.phase.send_replace(Phase::Now);
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.phase.send_replace(Phase::NoMore);
            Ok(())
        })
    }
}

impl fmt::Debug for EventPublisherModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventPublisherModule")
            .finish_non_exhaustive()
    }
}

struct Publisher {
    broker: Arc<dyn Broker>,
    phase: watch::Receiver<Phase>,
    /// Somebody else publishes changes of health.
    told_of_health: bool,
}

impl Publisher {
    async fn publish(&self, event: &Event) -> Result<(), Error> {
        if self.told_of_health && event.kind == kind::HEALTH_CHANGED {
            return Ok(());
        }
        let mut phase = self.phase.clone();
        // The module lives as long as the application; without it nothing can be published.
        let reached = phase.wait_for(|phase| *phase != Phase::NotYet).await;
        if !reached.is_ok_and(|phase| *phase == Phase::Now) {
            return Ok(());
        }
        tokio::select! {
            outcome = publish(&*self.broker, envelope(event)) => {
                outcome.map_err(|error| {
                    Error::dependency("the broker rejected the event").because(error)
                })?;
                metrics::counter!(PUBLISHED).increment(1);
                Ok(())
            }
            _ = phase.wait_for(|phase| *phase == Phase::NoMore) => {
                Err(Error::dependency("the application stopped before the broker took the event"))
            }
        }
    }
}

impl Observer for Publisher {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.publish(event))
    }

    fn options(&self) -> ObserverOptions {
        // A broker that is down is waited for; it is the queue that is bounded.
        ObserverOptions::new("event-publisher").with_patience(Duration::MAX)
    }
}

/// Events of one process come in order.
fn envelope(event: &Event) -> Envelope {
    let data = event.data.clone();
    let mut envelope = Envelope::new(&event.kind, 1, "", [0; 16], event.sequence, data);
    envelope.id.clone_from(&event.id);
    envelope.source.clone_from(&event.source);
    envelope.subject.clone_from(&event.subject);
    envelope.time = event.time;
    envelope.partition_key = event.instance.to_string();
    envelope
}
