//! The broker as a module of an application.

use std::sync::Arc;

use formwork_app::{
    Context, Declaration, Error as AppError, HealthCheck, Module, WireError, Wiring,
};
use formwork_domain::BoxFuture;
use formwork_outbox::Broker;

use crate::{NatsBroker, NatsConfig};

/// Provides a [`NatsBroker`] as `dyn Broker`; configured by `nats`.
///
/// A server that cannot be reached fails neither the start nor readiness: events wait in the
/// outbox. The check `nats` is degraded meanwhile.
#[derive(Debug, Default)]
pub struct NatsModule {
    broker: Option<NatsBroker>,
}

impl NatsModule {
    /// The module.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Module for NatsModule {
    fn declare(&self) -> Declaration {
        Declaration::new("nats")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<NatsConfig>("nats")
            .provides::<dyn Broker>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let broker = NatsBroker::new(wiring.config()?);
        wiring.provide::<dyn Broker>(Arc::new(broker.clone()))?;
        let checked = broker.clone();
        wiring.health_check(HealthCheck::optional("nats", move || {
            let broker = checked.clone();
            async move { broker.check().await }
        }))?;
        self.broker = Some(broker);
        Ok(())
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            let Some(broker) = &self.broker else {
                return Ok(());
            };
            let opened = broker.open().await;
            opened.map_err(|error| AppError::config("the URL of NATS is not valid").because(error))
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            if let Some(broker) = &self.broker {
                broker.close().await;
            }
            Ok(())
        })
    }
}
