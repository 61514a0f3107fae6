//! Measures the outbox.

use std::sync::PoisonError;

use tokio::time::sleep;

use super::Relay;

impl Relay {
    /// Measures, for ever.
    pub(super) async fn observe(&self) {
        loop {
            match self.store.stats().await {
                Ok(stats) => {
                    let oldest = stats.oldest.unwrap_or_default();
                    metrics::gauge!("outbox_pending").set(stats.pending as f64);
                    metrics::gauge!("outbox_oldest_seconds").set(oldest.as_secs_f64());
                    metrics::gauge!("outbox_dead").set(stats.dead as f64);
                    *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = Some(stats);
                }
                Err(error) => tracing::warn!(
                    worker = self.worker,
                    error = &error as &dyn std::error::Error,
                    "could not measure the outbox"
                ),
            }
            sleep(self.config.observe).await;
        }
    }
}
