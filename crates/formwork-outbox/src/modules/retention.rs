//! Drops what is past its window.

use std::fmt::Display;
use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{IdempotencyStore, InboxStore, OutboxConfig, OutboxStore};

/// What grows without end, and how long it is kept.
pub(super) struct Retention {
    pub(super) outbox: Arc<dyn OutboxStore>,
    pub(super) inbox: Option<Arc<dyn InboxStore>>,
    pub(super) idempotency: Option<Arc<dyn IdempotencyStore>>,
    pub(super) config: OutboxConfig,
}

impl Retention {
    /// Purges again and again until `stop` is cancelled. A failure is told and tried again.
    pub(super) async fn run(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(self.config.purge) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.purge() => {}
            }
        }
    }

    async fn purge(&self) {
        tell("outbox", self.outbox.purge(self.config.replay_window).await);
        if let Some(inbox) = &self.inbox {
            tell("inbox", inbox.purge(self.config.inbox_window).await);
        }
        if let Some(keys) = &self.idempotency {
            let window = self.config.idempotency_window;
            tell("idempotency", keys.purge(window).await);
        }
    }
}

fn tell<E: Display>(table: &'static str, purged: Result<u64, E>) {
    match purged {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(table, rows, "dropped what is past its window"),
        Err(error) => tracing::warn!(table, %error, "could not drop what is past its window"),
    }
}
