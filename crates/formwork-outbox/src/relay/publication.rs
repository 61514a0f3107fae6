//! Publishes one batch and says what became of each row.

use std::collections::HashSet;

use super::{AfterDeath, Held, Relay};
use crate::backoff::Backoff;
use crate::{Lease, Message, Pending, PublishError, Settlement, Verdict};

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Publication {
    /// Rows about which something is known.
    pub(super) settlements: Vec<Settlement>,
    /// Why the broker is taken to be unavailable, if it is.
    pub(super) outage: Option<PublishError>,
}

impl Relay {
    /// Publishes a batch, keeping the order of each key. Rows that are not settled afterwards are
    /// left as they are.
    pub(super) async fn publish(&self, batch: Vec<Pending>, held: &Held) -> Publication {
        let mut publication = Publication::default();
        let mut failed = HashSet::new();
        let mut rest = batch;
        while !rest.is_empty() && publication.outage.is_none() && held.valid() {
            let (wave, later) = if self.broker.publishes_in_order() {
                (rest, Vec::new())
            } else {
                first_of_each_key(rest, &failed)
            };
            rest = later;
            let rows: Vec<_> = wave.iter().map(Row::of).collect();
            let messages: Vec<_> = wave.into_iter().map(message).collect();
            let results = self.broker.publish(&messages).await;
            if results.len() != messages.len() {
                let counts = format!("{} answers to {}", results.len(), messages.len());
                publication.outage = Some(PublishError::Unavailable(counts.into()));
                break;
            }
            for ((row, message), result) in rows.into_iter().zip(messages).zip(results) {
                if result.is_err() {
                    failed.insert(message.envelope.partition_key.clone());
                }
                self.judge(row, &message, result, &mut publication);
            }
        }
        publication
    }

    fn judge(
        &self,
        row: Row,
        message: &Message,
        result: Result<(), PublishError>,
        publication: &mut Publication,
    ) {
        let verdict = match result {
            Ok(()) => {
                metrics::counter!("outbox_published_total").increment(1);
                Verdict::Sent
            }
            Err(PublishError::Withheld) => return,
            Err(PublishError::Later { after }) => Verdict::Retry { after },
            Err(PublishError::Unavailable(_)) => {
                metrics::counter!("outbox_publish_failures_total", "reason" => "unavailable")
                    .increment(1);
                publication.outage = result.err();
                return;
            }
            Err(PublishError::Rejected(source)) => {
                metrics::counter!("outbox_publish_failures_total", "reason" => "rejected")
                    .increment(1);
                self.rejected(message, source.as_ref())
            }
        };
        publication.settlements.push(Settlement {
            position: row.position,
            lease: row.lease,
            verdict,
        });
    }

    fn rejected(&self, message: &Message, source: &(dyn std::error::Error + 'static)) -> Verdict {
        let Message {
            envelope, attempt, ..
        } = message;
        if *attempt < self.config.attempts {
            tracing::warn!(
                event = envelope.event,
                id = envelope.id,
                key = envelope.partition_key,
                attempt,
                error = source,
                "the broker rejected an event"
            );
            let backoff = Backoff::new(self.config.retry_first, self.config.retry_longest);
            return Verdict::Retry {
                after: backoff.after(*attempt),
            };
        }
        tracing::error!(
            event = envelope.event,
            id = envelope.id,
            key = envelope.partition_key,
            attempt,
            error = source,
            "gave an event up; it is a dead letter now"
        );
        metrics::counter!("outbox_dead_total").increment(1);
        Verdict::Dead {
            reason: reason(source),
            blocks: self.config.after_death == AfterDeath::Block,
        }
    }
}

/// The error with everything that led to it.
pub(crate) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

struct Row {
    position: u64,
    lease: Lease,
}

impl Row {
    fn of(pending: &Pending) -> Self {
        Self {
            position: pending.position,
            lease: pending.lease,
        }
    }
}

fn message(pending: Pending) -> Message {
    Message {
        envelope: pending.envelope,
        attempt: pending.attempts.saturating_add(1),
        consumer: pending.consumer,
    }
}

/// Splits off what can be on its way at the same time. Keys that failed are dropped: their rows
/// come again with a later batch.
fn first_of_each_key(rows: Vec<Pending>, failed: &HashSet<String>) -> (Vec<Pending>, Vec<Pending>) {
    let mut keys = HashSet::new();
    rows.into_iter()
        .filter(|row| !failed.contains(&row.envelope.partition_key))
        .partition(|row| keys.insert(row.envelope.partition_key.clone()))
}
