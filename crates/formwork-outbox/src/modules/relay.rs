//! A relay, and the upkeep of what it leaves behind.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use formwork_app::{
    Context, Declaration, Error, HealthCheck, Module, Policy, Provision, WireError, Wiring,
};
use formwork_domain::{BoxFuture, Id, Identifiers};

use super::Consumers;
use super::retention::Retention;
use crate::{Broker, IdempotencyStore, InboxStore, Notifier, OutboxConfig, OutboxStore, Relay};

/// Runs a [`Relay`] from the [`OutboxStore`] to the [`Broker`], and drops what is past its window.
#[derive(Default)]
pub struct RelayModule {
    relay: Option<Arc<Relay>>,
    retention: Option<Arc<Retention>>,
}

impl RelayModule {
    /// The module.
    pub const fn new() -> Self {
        Self {
            relay: None,
            retention: None,
        }
    }
}

impl Module for RelayModule {
    fn declare(&self) -> Declaration {
        Declaration::new("relay")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<OutboxConfig>("outbox")
            .needs::<dyn OutboxStore>()
            .needs::<dyn Broker>()
            .needs::<dyn Notifier>()
            .needs::<dyn Identifiers>()
            .wants::<dyn InboxStore>()
            .wants::<dyn IdempotencyStore>()
            .wants::<Consumers>()
            .offers(Provision::of::<Relay>().extra())
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config = wiring.config::<OutboxConfig>()?;
        let outbox = wiring.get::<dyn OutboxStore>()?;
        self.retention = Some(Arc::new(Retention {
            outbox: Arc::clone(&outbox),
            inbox: wiring.find::<dyn InboxStore>(),
            idempotency: wiring.find::<dyn IdempotencyStore>(),
            config: config.clone(),
        }));
        let identifier = wiring.get::<dyn Identifiers>()?.next();
        let worker = format!(
            "{}-{}",
            wiring.service().name,
            Id::<Relay>::from_bytes(identifier)
        );
        let limit = config.degraded_after;
        let relay = Arc::new(Relay::new(
            outbox,
            wiring.get::<dyn Broker>()?,
            wiring.get::<dyn Notifier>()?,
            worker,
            config,
        ));
        self.relay = Some(Arc::clone(&relay));
        wiring.provide(Arc::clone(&relay))?;
        wiring.health_check(HealthCheck::optional("outbox", move || {
            let waited = relay.stats().and_then(|stats| stats.oldest);
            std::future::ready(judge(waited, limit))
        }))
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Some(relay) = &self.relay {
                let (relay, stop) = (Arc::clone(relay), context.shutdown());
                context.tasks().spawn("relay", Policy::restart(), move || {
                    let (relay, stop) = (Arc::clone(&relay), stop.clone());
                    async move {
                        relay.run(stop).await;
                        Ok(())
                    }
                });
            }
            if let Some(retention) = &self.retention {
                let (retention, stop) = (Arc::clone(retention), context.shutdown());
                context
                    .tasks()
                    .spawn("retention", Policy::restart(), move || {
                        let (retention, stop) = (Arc::clone(&retention), stop.clone());
                        async move {
                            retention.run(stop).await;
                            Ok(())
                        }
                    });
            }
            Ok(())
        })
    }
}

impl fmt::Debug for RelayModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayModule")
            .field("relay", &self.relay)
            .finish_non_exhaustive()
    }
}

fn judge(waited: Option<Duration>, limit: Duration) -> Result<(), String> {
    match waited {
        Some(waited) if waited > limit => Err(format!(
            "the oldest event has waited for {} s, expected at most {} s",
            waited.as_secs(),
            limit.as_secs()
        )),
        _ => Ok(()),
    }
}
