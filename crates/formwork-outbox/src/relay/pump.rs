//! Moves batches: fetch, publish, settle, again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Held, Relay};
use crate::backoff::Backoff;
use crate::{Hints, StoreError};

/// What one round led to.
enum Round {
    /// There was work, and there may be more.
    Busy,
    /// There was nothing to do.
    Idle,
    /// The broker or the store could not be reached.
    Outage,
}

impl Relay {
    /// Moves batches until `stop` is cancelled. The batch in flight is finished first.
    pub(super) async fn pump(&self, mut held: watch::Receiver<Held>, stop: &CancellationToken) {
        let mut hints = self.notifier.subscribe();
        let mut outage = Backoff::new(self.config.retry_first, self.config.retry_longest);
        let mut down = false;
        let mut pause = self.config.poll_busy;
        while !stop.is_cancelled() {
            let current = held.borrow_and_update().clone();
            // While the broker is down, a single event finds out whether it is back.
            let limit = if down { 1 } else { self.config.batch };
            let round = self.round(current, limit).await;
            if down && matches!(round, Round::Busy) {
                tracing::info!(worker = self.worker, "publishing again");
            }
            match round {
                Round::Busy => {
                    down = false;
                    outage.reset();
                    pause = self.config.poll_busy;
                }
                Round::Idle => {
                    if !self.idle(&mut hints, &mut held, &mut pause, stop).await {
                        return;
                    }
                }
                Round::Outage => {
                    down = true;
                    tokio::select! {
                        () = sleep(outage.next()) => {}
                        () = stop.cancelled() => return,
                    }
                }
            }
        }
    }

    async fn round(&self, mut held: Held, limit: usize) -> Round {
        match self.try_round(&mut held, limit).await {
            Ok(round) => round,
            Err(error) => {
                tracing::warn!(
                    worker = self.worker,
                    error = &error as &dyn std::error::Error,
                    "the outbox is not available; trying again"
                );
                Round::Outage
            }
        }
    }

    async fn try_round(&self, held: &mut Held, limit: usize) -> Result<Round, StoreError> {
        self.release_surplus(held).await?;
        if held.leases.is_empty() || !held.valid() {
            return Ok(Round::Idle);
        }
        let batch = self.store.fetch(&held.leases, limit).await?;
        if batch.is_empty() {
            return Ok(Round::Idle);
        }
        let publication = self.publish(batch, held).await;
        if !publication.settlements.is_empty() {
            let lost = self.store.settle(&publication.settlements).await?;
            if !lost.is_empty() {
                tracing::info!(
                    worker = self.worker,
                    partitions = lost.len(),
                    "another worker took outbox partitions over"
                );
            }
        }
        if let Some(error) = publication.outage {
            tracing::warn!(
                worker = self.worker,
                error = &error as &dyn std::error::Error,
                "the broker is not available; waiting for it"
            );
            return Ok(Round::Outage);
        }
        Ok(if publication.settlements.is_empty() {
            Round::Idle
        } else {
            Round::Busy
        })
    }

    /// Gives back what exceeds the worker's share. Done between batches, so that nothing of what
    /// is given back is on its way.
    async fn release_surplus(&self, held: &mut Held) -> Result<(), StoreError> {
        let share = usize::from(self.store.partitions()).div_ceil(held.workers.max(1));
        if held.leases.len() <= share {
            return Ok(());
        }
        let surplus = held.leases.split_off(share);
        self.store.release(&surplus).await
    }

    /// Waits for a reason to look again. Returns whether to go on.
    async fn idle(
        &self,
        hints: &mut Hints,
        held: &mut watch::Receiver<Held>,
        pause: &mut Duration,
        stop: &CancellationToken,
    ) -> bool {
        let source = tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = hints.next() => self.notifier.source(),
            // The keeper lives as long as the pump; were it gone, polling would go on.
            Ok(()) = held.changed() => "lease",
            () = sleep(*pause) => "poll",
        };
        metrics::counter!("outbox_wakeups_total", "source" => source).increment(1);
        *pause = match source {
            "poll" => (*pause * 2).min(self.config.poll_idle),
            "lease" => *pause,
            _ => self.config.poll_busy,
        };
        true
    }
}
