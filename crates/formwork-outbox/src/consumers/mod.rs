//! Delivers events to handlers.

mod config;
mod consumer;
mod delivery;

pub use config::ConsumersConfig;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::{Broker, Handler, Incomings, Subscription};

/// One durable subscription that feeds one handler.
///
/// Events with the same key are handled one after the other; different keys at the same time, up
/// to a limit. When the limit is reached nothing more is taken from the broker. A handler that
/// fails is tried again with growing waits while later events of the key wait; what it cannot
/// handle in the end is kept as a dead letter, and the key goes on.
pub struct Consumer {
    handler: Arc<dyn Handler>,
    broker: Arc<dyn Broker>,
    config: ConsumersConfig,
    listening: AtomicBool,
}

impl Consumer {
    /// A consumer named as its handler says.
    pub fn new(
        handler: Arc<dyn Handler>,
        broker: Arc<dyn Broker>,
        config: ConsumersConfig,
    ) -> Self {
        Self {
            handler,
            broker,
            config,
            listening: AtomicBool::new(false),
        }
    }

    /// Whether it has a subscription it is reading from.
    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// The consumer's durable name.
    pub fn name(&self) -> &str {
        self.handler.consumer()
    }

    /// What it asks the broker for.
    pub fn subscription(&self) -> Subscription {
        Subscription {
            consumer: self.handler.consumer().to_owned(),
            subjects: self
                .handler
                .subjects()
                .iter()
                .map(|subject| (*subject).to_owned())
                .collect(),
            limit: self.config.buffer,
        }
    }

    /// Subscribes and works until `stop` is cancelled, then finishes what is being handled and
    /// gives back what waits. Dropping the future instead has everything delivered again.
    pub async fn run(&self, stop: CancellationToken) {
        let subscription = self.subscription();
        let mut backoff = Backoff::new(self.config.retry_first, self.config.retry_longest);
        while !stop.is_cancelled() {
            match self.broker.subscribe(&subscription).await {
                Ok(incomings) => {
                    backoff.reset();
                    self.listen(incomings, &stop).await;
                }
                Err(error) => tracing::warn!(
                    consumer = self.name(),
                    error = &error as &dyn std::error::Error,
                    "could not subscribe; trying again"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next()) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// As [`run`](Self::run), with a subscription that has been made.
    pub async fn run_from(&self, incomings: Box<dyn Incomings>, stop: CancellationToken) {
        self.listen(incomings, &stop).await;
        self.run(stop).await;
    }

    async fn listen(&self, incomings: Box<dyn Incomings>, stop: &CancellationToken) {
        let _listening = Listening::new(&self.listening);
        self.consume(incomings, stop).await;
    }
}

/// Takes the mark back also when the future is dropped.
struct Listening<'a>(&'a AtomicBool);

impl<'a> Listening<'a> {
    fn new(mark: &'a AtomicBool) -> Self {
        mark.store(true, Ordering::Relaxed);
        Self(mark)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
