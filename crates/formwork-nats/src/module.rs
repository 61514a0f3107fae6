//! The broker as a module of an application.

use std::sync::Arc;

use formwork_app::{
    Commit, Context, Declaration, Error as AppError, HealthCheck, Module, Policy, Reload,
    WireError, Wiring,
};
use formwork_domain::BoxFuture;
use formwork_outbox::Broker;
use futures_util::FutureExt;

use crate::{NatsBroker, NatsConfig};

/// Provides a [`NatsBroker`] as `dyn Broker`; configured by `nats`.
///
/// A server that cannot be reached fails neither the start nor readiness: events wait in the
/// outbox. The check `nats` is degraded meanwhile.
///
/// Servers and credentials may change while it runs: a reload connects as it would be from then on,
/// and is refused when it cannot. Then everything new goes over the new connection; the old one is
/// closed when what was received on it is settled, at the latest after `app.drain-timeout`.
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
            opened.map_err(|error| {
                AppError::config("the URL of NATS is not valid")
                    .because(error)
                    .setting("url")
            })
        })
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, AppError>> {
        Box::pin(async move {
            let Some(broker) = &self.broker else {
                return Ok(None);
            };
            let config = reload.config::<NatsConfig>()?;
            let connection = broker.prepare(&config).await.map_err(|error| {
                AppError::dependency("could not reach NATS")
                    .because(error)
                    .setting("url")
            })?;
            let (broker, tasks) = (broker.clone(), context.tasks().clone());
            let (patience, stopping) = (reload.drain_timeout(), context.stopping());
            let commit = move || {
                let mut retired = broker.replace(connection);
                tasks.spawn("retire", Policy::Once, move || {
                    let (retired, stopping) = (retired.take(), stopping.clone());
                    async move {
                        if let Some(retired) = retired {
                            let late = tokio::time::sleep(patience);
                            let end = stopping.run_until_cancelled(late);
                            retired.close_after(end.map(|_| ())).await;
                        }
                        Ok(())
                    }
                });
            };
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
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
