//! Where events wait until the broker has them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use formwork_domain::{BoxFuture, Timestamp};
use formwork_outbox::{
    Claim, Claimed, Dead, DeadId, Envelope, Lease, OutboxStore, Pending, Position, Settlement,
    Stats, StoreError, Verdict, partition_of,
};
use sqlx::sqlite::SqliteConnection;

use crate::database::Promise;
use crate::error::outbox_error;
use crate::{Database, Transaction};

impl OutboxStore for Database {
    fn partitions(&self) -> u16 {
        self.shared().partitions
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Claimed, StoreError>> {
        Box::pin(async move {
            self.try_claim(claim)
                .await
                .map_err(outbox_error("claim partitions"))
        })
    }

    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let statement = "UPDATE outbox_leases SET worker = NULL \
                 WHERE (partition, epoch) IN \
                 (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
            self.write(Promise::Relaxed, async |transaction| {
                sqlx::query(statement)
                    .bind(lease_list(leases))
                    .execute(transaction.connection())
                    .await?;
                Ok(())
            })
            .await
            .map_err(outbox_error("release partitions"))
        })
    }

    fn leave<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(Promise::Relaxed, async |transaction| {
                sqlx::query("DELETE FROM outbox_workers WHERE worker = ?")
                    .bind(worker)
                    .execute(transaction.connection())
                    .await?;
                sqlx::query("UPDATE outbox_leases SET worker = NULL WHERE worker = ?")
                    .bind(worker)
                    .execute(transaction.connection())
                    .await?;
                Ok(())
            })
            .await
            .map_err(outbox_error("release partitions"))
        })
    }

    fn fetch<'a>(
        &'a self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pending>, StoreError>> {
        Box::pin(async move {
            // In the order of positions, so that a long backlog is never sorted.
            let rows: Vec<(i64, u16, i64, u32, Option<String>, String)> = sqlx::query_as(
                "WITH held AS MATERIALIZED ( \
                     SELECT l.partition, l.epoch FROM json_each(?1) g \
                     JOIN outbox_leases l ON l.partition = g.value ->> 0 \
                     WHERE l.epoch = g.value ->> 1 AND l.worker IS NOT NULL \
                 ) \
                 SELECT o.position, o.partition, \
                     (SELECT epoch FROM held WHERE held.partition = o.partition), \
                     o.attempts, o.consumer, o.event \
                 FROM outbox o INDEXED BY outbox_pending \
                 WHERE o.sent IS NULL \
                     AND o.partition IN (SELECT partition FROM held) \
                     AND o.key NOT IN (SELECT key FROM outbox WHERE not_before > ?2) \
                     AND o.key NOT IN (SELECT key FROM outbox_dead WHERE blocks = 1) \
                 ORDER BY o.position LIMIT ?3",
            )
            .bind(lease_list(leases))
            .bind(self.now().as_micros())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&*self.reader())
            .await
            .map_err(outbox_error("fetch events"))?;
            rows.into_iter()
                .map(|(position, partition, epoch, attempts, consumer, event)| {
                    Ok(Pending {
                        position: position.cast_unsigned(),
                        lease: Lease {
                            partition,
                            epoch: epoch.cast_unsigned(),
                        },
                        attempts,
                        consumer,
                        envelope: envelope("outbox", position, &event)?,
                    })
                })
                .collect()
        })
    }

    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
    ) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async move {
            // Losing the mark of what was sent means to send it again, nothing worse.
            self.write(Promise::Relaxed, async |transaction| {
                self.settle_in(transaction, settlements).await
            })
            .await
            .map_err(outbox_error("settle events"))
        })
    }

    fn bury<'a>(
        &'a self,
        consumer: &'a str,
        envelope: &'a Envelope,
        attempts: u32,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(Promise::Durable, async |transaction| {
                sqlx::query(
                    "INSERT INTO outbox_dead \
                     (key, message, event, consumer, blocks, attempts, reason, at) \
                     VALUES (?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT DO NOTHING",
                )
                .bind(&envelope.partition_key)
                .bind(&envelope.id)
                .bind(envelope.to_json())
                .bind(consumer)
                .bind(attempts)
                .bind(reason)
                .bind(self.now().as_micros())
                .execute(transaction.connection())
                .await?;
                Ok(())
            })
            .await
            .map_err(outbox_error("keep a dead letter"))
        })
    }

    fn dead(&self, after: DeadId, limit: usize) -> BoxFuture<'_, Result<Vec<Dead>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<DeadRow> = sqlx::query_as(DEAD_AFTER)
                .bind(after.cast_signed())
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&*self.reader())
                .await
                .map_err(outbox_error("list dead letters"))?;
            rows.into_iter().map(self::dead).collect()
        })
    }

    fn replay(&self, id: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let row: Option<DeadRow> = sqlx::query_as(DEAD_ONE)
                .bind(id.cast_signed())
                .fetch_optional(&*self.reader())
                .await
                .map_err(outbox_error("find a dead letter"))?;
            let Some(letter) = row.map(self::dead).transpose()? else {
                return Ok(false);
            };
            let replayed = self
                .write(Promise::Durable, async |transaction| {
                    let found = delete_dead(transaction, id).await?;
                    if found {
                        self.requeue(transaction, &letter).await?;
                    }
                    Ok(found)
                })
                .await;
            replayed.map_err(outbox_error("replay a dead letter"))
        })
    }

    fn discard(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            self.write(Promise::Durable, async |transaction| {
                delete_dead(transaction, dead).await
            })
            .await
            .map_err(outbox_error("discard a dead letter"))
        })
    }

    fn resend(&self, since: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            self.write(Promise::Durable, async |transaction| {
                let resent = sqlx::query(
                    "UPDATE outbox SET sent = NULL, attempts = 0, not_before = NULL \
                     WHERE sent >= ?",
                )
                .bind(since.as_micros())
                .execute(transaction.connection())
                .await?;
                Ok(resent.rows_affected())
            })
            .await
            .map_err(outbox_error("send events again"))
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        Box::pin(async move {
            let (pending, oldest, dead): (i64, Option<i64>, i64) = sqlx::query_as(
                "SELECT count(*), \
                     (SELECT created FROM outbox INDEXED BY outbox_pending \
                      WHERE sent IS NULL ORDER BY position LIMIT 1), \
                     (SELECT count(*) FROM outbox_dead) \
                 FROM outbox INDEXED BY outbox_pending WHERE sent IS NULL",
            )
            .fetch_one(&*self.reader())
            .await
            .map_err(outbox_error("measure the outbox"))?;
            let now = self.now().as_micros();
            Ok(Stats {
                pending: pending.cast_unsigned(),
                oldest: oldest.map(|created| {
                    Duration::from_micros(now.saturating_sub(created).try_into().unwrap_or(0))
                }),
                dead: dead.cast_unsigned(),
            })
        })
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let before = before(self.now(), window);
            self.delete(
                "DELETE FROM outbox WHERE position IN \
                 (SELECT position FROM outbox WHERE sent < ? LIMIT 1000)",
                before,
            )
            .await
            .map_err(outbox_error("purge the outbox"))
        })
    }
}

impl Database {
    async fn write<T>(
        &self,
        promise: Promise,
        act: impl AsyncFnOnce(&mut Transaction) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let mut transaction = self.begin_with(promise).await?;
        let value = act(&mut transaction).await?;
        transaction.finish().await?;
        Ok(value)
    }

    async fn try_claim(&self, claim: &Claim) -> Result<Claimed, sqlx::Error> {
        let now = self.now();
        let until = after(now, claim.lease);
        let mut transaction = self.begin_with(Promise::Relaxed).await?;
        let connection = transaction.connection();
        sqlx::query(
            "INSERT INTO outbox_workers (worker, until) VALUES (?, ?) \
             ON CONFLICT (worker) DO UPDATE SET until = excluded.until",
        )
        .bind(&claim.worker)
        .bind(until)
        .execute(&mut *connection)
        .await?;
        sqlx::query("DELETE FROM outbox_workers WHERE until <= ?")
            .bind(now.as_micros())
            .execute(&mut *connection)
            .await?;
        sqlx::query("UPDATE outbox_leases SET until = ? WHERE worker = ?")
            .bind(until)
            .bind(&claim.worker)
            .execute(&mut *connection)
            .await?;
        let (workers, held): (u32, u32) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM outbox_workers), \
                    (SELECT count(*) FROM outbox_leases WHERE worker = ?)",
        )
        .bind(&claim.worker)
        .fetch_one(&mut *connection)
        .await?;
        let share = u32::from(self.shared().partitions).div_ceil(workers.max(1));
        sqlx::query(
            "UPDATE outbox_leases SET epoch = epoch + 1, worker = ?1, until = ?2 \
             WHERE partition IN (SELECT partition FROM outbox_leases \
                 WHERE worker IS NULL OR until <= ?3 ORDER BY partition LIMIT ?4)",
        )
        .bind(&claim.worker)
        .bind(until)
        .bind(now.as_micros())
        .bind(share.saturating_sub(held))
        .execute(&mut *connection)
        .await?;
        let leases: Vec<(u16, i64)> = sqlx::query_as(
            "SELECT partition, epoch FROM outbox_leases WHERE worker = ? ORDER BY partition",
        )
        .bind(&claim.worker)
        .fetch_all(&mut *connection)
        .await?;
        transaction.finish().await?;
        Ok(Claimed {
            leases: leases.into_iter().map(lease).collect(),
            workers: workers as usize,
        })
    }

    async fn settle_in(
        &self,
        transaction: &mut Transaction,
        settlements: &[Settlement],
    ) -> Result<Vec<Lease>, sqlx::Error> {
        let now = self.now();
        let leases: BTreeSet<Lease> = settlements
            .iter()
            .map(|settlement| settlement.lease)
            .collect();
        let held = held(transaction.connection(), &leases).await?;
        let mut sent = Vec::new();
        for settlement in settlements {
            if held.get(&settlement.lease.partition) != Some(&settlement.lease.epoch) {
                continue;
            }
            let position = settlement.position;
            match &settlement.verdict {
                Verdict::Sent => sent.push(position),
                Verdict::Retry { after: wait } => {
                    sqlx::query(
                        "UPDATE outbox SET attempts = attempts + 1, not_before = ? \
                         WHERE position = ? AND sent IS NULL",
                    )
                    .bind(after(now, *wait))
                    .bind(position.cast_signed())
                    .execute(transaction.connection())
                    .await?;
                }
                Verdict::Dead { reason, blocks } => {
                    bury_row(transaction, now, position, reason, *blocks).await?;
                }
            }
        }
        if !sent.is_empty() {
            sqlx::query(
                "UPDATE outbox SET sent = ?, not_before = NULL \
                 WHERE sent IS NULL AND position IN (SELECT value FROM json_each(?))",
            )
            .bind(now.as_micros())
            .bind(serde_json::json!(sent).to_string())
            .execute(transaction.connection())
            .await?;
        }
        Ok(leases
            .into_iter()
            .filter(|lease| held.get(&lease.partition) != Some(&lease.epoch))
            .collect())
    }

    /// Puts a letter back: where it stood, or at the end for the consumer that buried it.
    async fn requeue(
        &self,
        transaction: &mut Transaction,
        letter: &Dead,
    ) -> Result<(), sqlx::Error> {
        let Some(position) = letter.position else {
            let consumer = letter.consumer.as_deref();
            return transaction.append(&letter.envelope, consumer).await;
        };
        sqlx::query(
            "INSERT INTO outbox (position, partition, key, event, consumer, created) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(position.cast_signed())
        .bind(partition_of(
            &letter.envelope.partition_key,
            self.shared().partitions,
        ))
        .bind(&letter.envelope.partition_key)
        .bind(letter.envelope.to_json())
        .bind(&letter.consumer)
        .bind(self.now().as_micros())
        .execute(transaction.connection())
        .await?;
        Ok(())
    }
}

/// Which of the leases are held still: epoch by partition.
async fn held(
    connection: &mut SqliteConnection,
    leases: &BTreeSet<Lease>,
) -> Result<HashMap<u16, u64>, sqlx::Error> {
    let rows: Vec<(u16, i64)> = sqlx::query_as(
        "SELECT l.partition, l.epoch FROM json_each(?) g \
         JOIN outbox_leases l ON l.partition = g.value ->> 0 \
         WHERE l.epoch = g.value ->> 1 AND l.worker IS NOT NULL",
    )
    .bind(lease_list(leases))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(partition, epoch)| (partition, epoch.cast_unsigned()))
        .collect())
}

async fn bury_row(
    transaction: &mut Transaction,
    now: Timestamp,
    position: Position,
    reason: &str,
    blocks: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO outbox_dead \
         (position, key, message, event, consumer, blocks, attempts, reason, at) \
         SELECT position, key, event ->> 'id', event, consumer, ?1, attempts + 1, ?2, ?3 \
         FROM outbox WHERE position = ?4 AND sent IS NULL",
    )
    .bind(blocks)
    .bind(reason)
    .bind(now.as_micros())
    .bind(position.cast_signed())
    .execute(transaction.connection())
    .await?;
    sqlx::query("DELETE FROM outbox WHERE position = ? AND sent IS NULL")
        .bind(position.cast_signed())
        .execute(transaction.connection())
        .await?;
    Ok(())
}

async fn delete_dead(transaction: &mut Transaction, dead: DeadId) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query("DELETE FROM outbox_dead WHERE id = ?")
        .bind(dead.cast_signed())
        .execute(transaction.connection())
        .await?;
    Ok(deleted.rows_affected() == 1)
}

const DEAD_AFTER: &str = "SELECT id, position, consumer, blocks, attempts, reason, at, event \
     FROM outbox_dead WHERE id > ? ORDER BY id LIMIT ?";

const DEAD_ONE: &str = "SELECT id, position, consumer, blocks, attempts, reason, at, event \
     FROM outbox_dead WHERE id = ?";

type DeadRow = (
    i64,
    Option<i64>,
    Option<String>,
    bool,
    u32,
    String,
    i64,
    String,
);

fn dead(row: DeadRow) -> Result<Dead, StoreError> {
    let (id, position, consumer, blocks, attempts, reason, at, event) = row;
    Ok(Dead {
        id: id.cast_unsigned(),
        position: position.map(i64::cast_unsigned),
        consumer,
        blocks,
        attempts,
        reason,
        at: Timestamp::from_micros(at),
        envelope: envelope("outbox_dead", id, &event)?,
    })
}

fn envelope(table: &str, id: i64, event: &str) -> Result<Envelope, StoreError> {
    Envelope::from_json(event.as_bytes())
        .map_err(|error| StoreError::corrupt(format!("{table} row {id}"), error))
}

fn lease((partition, epoch): (u16, i64)) -> Lease {
    Lease {
        partition,
        epoch: epoch.cast_unsigned(),
    }
}

/// Leases as JSON, which one statement can take any number of.
fn lease_list<'a>(leases: impl IntoIterator<Item = &'a Lease>) -> String {
    let list: Vec<_> = leases
        .into_iter()
        .map(|lease| (lease.partition, lease.epoch))
        .collect();
    serde_json::json!(list).to_string()
}

fn after(now: Timestamp, wait: Duration) -> i64 {
    let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    now.as_micros().saturating_add(wait)
}

pub(crate) fn before(now: Timestamp, window: Duration) -> Timestamp {
    let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(window))
}
