//! A consumer for every handler.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use formwork_app::{
    Context, Declaration, Error, HealthCheck, Module, Policy, Provision, WireError, Wiring,
};
use formwork_domain::BoxFuture;

use crate::{Broker, Consumer, ConsumersConfig, Handler};

/// The consumers of the process. The relay starts after them, so that an in-process broker knows
/// who is to get an event before the first one is published.
#[derive(Debug)]
pub struct Consumers {
    names: Vec<String>,
}

impl Consumers {
    /// Their durable names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Runs one [`Consumer`] for every [`Handler`] that modules contribute.
#[derive(Default)]
pub struct ConsumersModule {
    consumers: Vec<Arc<Consumer>>,
    broker: Option<Arc<dyn Broker>>,
}

impl ConsumersModule {
    /// The module.
    pub const fn new() -> Self {
        Self {
            consumers: Vec::new(),
            broker: None,
        }
    }
}

impl fmt::Debug for ConsumersModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumersModule")
            .field("consumers", &self.consumers)
            .finish_non_exhaustive()
    }
}

impl Module for ConsumersModule {
    fn declare(&self) -> Declaration {
        Declaration::new("consumers")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<ConsumersConfig>("consumers")
            .needs::<dyn Broker>()
            .collects::<dyn Handler>()
            .offers(Provision::of::<Consumers>().extra())
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config = wiring.config::<ConsumersConfig>()?;
        let broker = wiring.get::<dyn Broker>()?;
        self.consumers = wiring
            .all::<dyn Handler>()
            .into_iter()
            .map(|handler| Arc::new(Consumer::new(handler, Arc::clone(&broker), config.clone())))
            .collect();
        self.broker = Some(broker);
        let mut names: Vec<_> = self
            .consumers
            .iter()
            .map(|consumer| consumer.name().to_owned())
            .collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two handlers call their consumer `{}`", pair[0]);
            return Err(Error::validation(message).into());
        }
        let consumers = self.consumers.clone();
        wiring.health_check(HealthCheck::optional("consumers", move || {
            let deaf: Vec<String> = consumers
                .iter()
                .filter(|consumer| !consumer.is_listening())
                .map(|consumer| consumer.name().to_owned())
                .collect();
            async move {
                if deaf.is_empty() {
                    Ok(())
                } else {
                    Err(format!("not subscribed: {}", deaf.join(", ")))
                }
            }
        }))?;
        wiring.provide(Arc::new(Consumers { names }))
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            for consumer in &self.consumers {
                start(consumer, self.broker.as_deref(), context).await;
            }
            Ok(())
        })
    }
}

/// Subscribes before it returns, so that nothing is published that the consumer would miss. A
/// broker that cannot be reached does not keep the service from starting: the task goes on trying.
async fn start(consumer: &Arc<Consumer>, broker: Option<&dyn Broker>, context: &Context) {
    let mut first = None;
    if let Some(broker) = broker {
        match broker.subscribe(&consumer.subscription()).await {
            Ok(incomings) => first = Some(incomings),
            Err(error) => tracing::warn!(
                consumer = consumer.name(),
                error = &error as &dyn std::error::Error,
                "could not subscribe at once; trying again in the background"
            ),
        }
    }
    let first = Mutex::new(first);
    let stop = context.shutdown();
    let consumer = Arc::clone(consumer);
    let name = consumer.name().to_owned();
    context.tasks().spawn(name, Policy::restart(), move || {
        let (consumer, stop) = (Arc::clone(&consumer), stop.clone());
        let incomings = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            match incomings {
                Some(incomings) => consumer.run_from(incomings, stop).await,
                None => consumer.run(stop).await,
            }
            Ok(())
        }
    });
}
