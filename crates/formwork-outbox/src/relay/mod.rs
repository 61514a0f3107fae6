//! Carries what is in the outbox to the broker, in order per key.

mod config;
mod keeper;
mod observer;
mod publication;
mod pump;

pub use config::{AfterDeath, OutboxConfig};
pub(crate) use publication::reason;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Broker, Lease, Notifier, OutboxStore, Stats};

/// One worker of a service's outbox. Any number of them, in any number of processes, share the
/// partitions.
///
/// - An event is marked as sent only after the broker confirmed it: none is lost, some are
///   published twice.
/// - The events of a key are published in order. After a failure the key waits, and only the key.
/// - A broker that cannot be reached costs no event an attempt: the relay waits, for ever if need
///   be. An event the broker rejects is tried a bounded number of times and then kept as a dead
///   letter.
pub struct Relay {
    store: Arc<dyn OutboxStore>,
    broker: Arc<dyn Broker>,
    notifier: Arc<dyn Notifier>,
    worker: String,
    config: OutboxConfig,
    stats: Mutex<Option<Stats>>,
}

impl Relay {
    /// A worker with a name that no other live worker has.
    pub fn new(
        store: Arc<dyn OutboxStore>,
        broker: Arc<dyn Broker>,
        notifier: Arc<dyn Notifier>,
        worker: String,
        config: OutboxConfig,
    ) -> Self {
        Self {
            store,
            broker,
            notifier,
            worker,
            config,
            stats: Mutex::new(None),
        }
    }

    /// Works until `stop` is cancelled, then finishes the batch in flight and gives its partitions
    /// back. Dropping the future instead leaves them to expire, and the batch to be published
    /// again: nothing is lost.
    pub async fn run(&self, stop: CancellationToken) {
        let (held, changes) = watch::channel(Held::default());
        let pumped = tokio::select! {
            () = self.pump(changes, &stop) => true,
            () = self.keep(held) => false,
            () = self.observe() => false,
        };
        debug_assert!(pumped, "the other two go on for ever");
        if let Err(error) = self.store.leave(&self.worker).await {
            tracing::warn!(
                worker = self.worker,
                error = &error as &dyn std::error::Error,
                "could not give the outbox partitions back; they expire"
            );
        }
    }

    /// How much was waiting when last measured.
    pub fn stats(&self) -> Option<Stats> {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("worker", &self.worker)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The partitions a worker may publish.
#[derive(Debug, Clone, Default)]
struct Held {
    leases: Vec<Lease>,
    workers: usize,
    /// When they expire, by this process's monotonic clock, counted from before the claim.
    until: Option<Instant>,
}

impl Held {
    fn valid(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}
