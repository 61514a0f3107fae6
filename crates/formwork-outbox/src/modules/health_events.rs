//! Every change of a component's health as an event.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use formwork_app::event::kind;
use formwork_app::{
    Change, Changes, Context, Declaration, Error, Module, Policy, Provision, WireError, Wiring,
};
use formwork_domain::{BoxFuture, Id, Identifiers, Operation};

use super::Consumers;
use super::publish::publish;
use crate::{Broker, Envelope};

const PUBLISHED: &str = "health_events_total";
const DROPPED: &str = "health_events_dropped_total";

/// Publishes every change of a component's health to the [`Broker`], as `formwork.health.changed`.
///
/// Beside an [`EventPublisherModule`](crate::EventPublisherModule), which would publish the same
/// changes as one of many kinds of event, these are the ones that leave.
///
/// Best effort, beside the outbox: a change waits in memory while the broker cannot be reached, up
/// to 256 of them, then the oldest is dropped; those of a process that ends are lost. Nothing waits
/// for it. `health_events_total` counts what was published, `health_events_dropped_total` what was
/// dropped, by `reason`: `overflow` or `rejected`.
#[derive(Default)]
pub struct HealthEventsModule {
    publisher: Option<Arc<Publisher>>,
}

/// Somebody publishes changes of health: nobody else needs to.
pub(super) struct HealthEvents;

impl HealthEventsModule {
    /// The module; there is nothing to configure.
    pub const fn new() -> Self {
        Self { publisher: None }
    }
}

impl Module for HealthEventsModule {
    fn declare(&self) -> Declaration {
        Declaration::new("health-events")
            .version(env!("CARGO_PKG_VERSION"))
            .needs::<dyn Broker>()
            .needs::<dyn Identifiers>()
            .offers(Provision::of::<HealthEvents>().extra())
            // An in-process broker knows then who is to get the first event.
            .wants::<Consumers>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let identifiers = wiring.get::<dyn Identifiers>()?;
        self.publisher = Some(Arc::new(Publisher {
            broker: wiring.get::<dyn Broker>()?,
            service: wiring.service().name.clone(),
            instance: Id::<Publisher>::from_bytes(identifiers.next()).to_string(),
            identifiers,
            sequence: AtomicU64::new(0),
        }));
        wiring.provide(Arc::new(HealthEvents))
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let Some(publisher) = self.publisher.clone() else {
                return Err(Error::lifecycle(
                    "health events were started before they were wired",
                ));
            };
            describe_metrics();
            let health = context.health().clone();
            let stop = context.shutdown();
            // Followed from here, so that not even the first result is missed.
            let mut first = Some(health.changes());
            let publish = move || {
                let changes = first.take().unwrap_or_else(|| health.changes());
                let (publisher, stop) = (Arc::clone(&publisher), stop.clone());
                async move {
                    stop.run_until_cancelled(publisher.run(changes)).await;
                    Ok(())
                }
            };
            context.tasks().spawn("publish", Policy::restart(), publish);
            Ok(())
        })
    }
}

impl fmt::Debug for HealthEventsModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthEventsModule").finish_non_exhaustive()
    }
}

/// Both counters are there from the start: nothing dropped is a figure as well.
fn describe_metrics() {
    metrics::describe_counter!(PUBLISHED, "Changes of health that were published.");
    metrics::describe_counter!(
        DROPPED,
        "Changes of health that will not be published, by reason."
    );
    metrics::counter!(PUBLISHED).increment(0);
    count_dropped("overflow", 0);
    count_dropped("rejected", 0);
}

fn count_dropped(reason: &'static str, count: u64) {
    metrics::counter!(DROPPED, "reason" => reason).increment(count);
}

/// Publishes one change after the other.
struct Publisher {
    broker: Arc<dyn Broker>,
    identifiers: Arc<dyn Identifiers>,
    service: String,
    /// Tells processes of the service apart.
    instance: String,
    /// How many changes there were, the dropped ones included: to subscribers these are gaps.
    sequence: AtomicU64,
}

impl Publisher {
    async fn run(&self, mut changes: Changes) {
        let mut missed = 0;
        while let Some(change) = changes.next().await {
            let dropped = changes.missed() - missed;
            missed = changes.missed();
            count_dropped("overflow", dropped);
            let step = dropped + 1;
            let sequence = self.sequence.fetch_add(step, Ordering::Relaxed) + step;
            self.publish(self.envelope(&change, sequence)).await;
        }
    }

    async fn publish(&self, envelope: Envelope) {
        let component = envelope.subject.clone();
        match publish(&*self.broker, envelope).await {
            Ok(()) => metrics::counter!(PUBLISHED).increment(1),
            Err(error) => {
                tracing::warn!(
                    component,
                    error = &*error as &dyn std::error::Error,
                    "the broker rejected a change of health"
                );
                count_dropped("rejected", 1);
            }
        }
    }

    /// Changes of one component in one process come in order, whatever is between them.
    fn envelope(&self, change: &Change, sequence: u64) -> Envelope {
        let mut data = serde_json::json!(change);
        data["instance"] = self.instance.as_str().into();
        let mut envelope =
            Envelope::new(kind::HEALTH_CHANGED, 1, "health", [0; 16], sequence, data);
        let operation = Operation::new(change.since);
        envelope.stamp(&self.service, self.identifiers.next(), &operation);
        envelope.subject.clone_from(&change.component);
        envelope.partition_key = format!("{}/{}", self.instance, change.component);
        envelope
    }
}
