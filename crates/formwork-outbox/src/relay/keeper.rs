//! Claims and renews the worker's share of the partitions.

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Held, Relay};
use crate::Claim;

impl Relay {
    /// Claims at a third of the lease, for ever. A claim that fails leaves what is held to expire.
    pub(super) async fn keep(&self, held: watch::Sender<Held>) {
        let claim = Claim {
            worker: self.worker.clone(),
            lease: self.config.lease,
        };
        loop {
            let asked = Instant::now();
            match self.store.claim(&claim).await {
                Ok(claimed) => {
                    let renewed = Held {
                        leases: claimed.leases,
                        workers: claimed.workers,
                        until: Some(asked + self.config.lease),
                    };
                    held.send_replace(renewed);
                }
                Err(error) => tracing::warn!(
                    worker = self.worker,
                    error = &error as &dyn std::error::Error,
                    "could not claim outbox partitions"
                ),
            }
            sleep(self.config.lease / 3).await;
        }
    }
}
