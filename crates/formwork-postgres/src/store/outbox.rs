//! The outbox, as the relay and the operator see it.

use std::time::Duration;

use formwork_domain::{BoxFuture, Timestamp};
use formwork_outbox::{
    Claim, Claimed, Dead, DeadId, Envelope, Lease, OutboxStore, Pending, Settlement, Stats,
    StoreError, Verdict, partition_of,
};
use tokio_postgres::Row;

use super::{PostgresStore, micros};
use crate::database::PARTITIONS;
use crate::error::outbox_error;
use crate::session::Parameter;

const CLAIM: &str = "SELECT partition, epoch, workers FROM formwork_claim($1, $2)";

// Partitions are locked in order, as by those who claim and settle: nobody waits in a circle.
const RELEASE: &str = "UPDATE formwork_partitions p SET worker = NULL \
     FROM ( \
         SELECT o.partition FROM formwork_partitions o \
         JOIN unnest($1::integer[], $2::bigint[]) AS l (partition, epoch) USING (partition, epoch) \
         ORDER BY o.partition FOR UPDATE OF o \
     ) AS held WHERE p.partition = held.partition";

const LEAVE: &str = "UPDATE formwork_partitions p SET worker = NULL \
     FROM ( \
         SELECT o.partition FROM formwork_partitions o WHERE o.worker = $1 \
         ORDER BY o.partition FOR UPDATE \
     ) AS held WHERE p.partition = held.partition";

const GONE: &str = "DELETE FROM formwork_workers WHERE worker = $1";

const FETCH: &str = "SELECT o.position, o.partition, l.epoch, o.attempts, o.consumer, o.envelope \
     FROM formwork_outbox o \
     JOIN ( \
         SELECT p.partition, p.epoch \
         FROM unnest($1::integer[], $2::bigint[]) AS held (partition, epoch) \
         JOIN formwork_partitions p USING (partition, epoch) \
         WHERE p.worker IS NOT NULL \
     ) AS l USING (partition) \
     WHERE NOT EXISTS ( \
         SELECT 1 FROM formwork_outbox w \
         WHERE w.key = o.key AND w.position <= o.position AND w.not_before IS NOT NULL \
             AND w.not_before > clock_timestamp() \
     ) AND NOT EXISTS ( \
         SELECT 1 FROM formwork_outbox_dead d WHERE d.key = o.key AND d.blocks \
     ) \
     ORDER BY o.position LIMIT $3";

// What follows in the transaction sees the same owners: nobody takes a locked partition over.
const HELD: &str = "SELECT p.partition, p.epoch FROM formwork_partitions p \
     JOIN unnest($1::integer[], $2::bigint[]) AS l (partition, epoch) USING (partition, epoch) \
     WHERE p.worker IS NOT NULL ORDER BY p.partition FOR SHARE OF p";

const SENT: &str = "WITH gone AS ( \
         DELETE FROM formwork_outbox o \
         USING unnest($1::bigint[], $2::integer[], $3::bigint[]) AS s (position, partition, epoch) \
         JOIN formwork_partitions p USING (partition, epoch) \
         WHERE o.position = s.position AND p.worker IS NOT NULL \
         RETURNING o.position, o.partition, o.key, o.envelope, o.consumer, o.created_at \
     ) \
     INSERT INTO formwork_outbox_sent \
         (position, partition, key, envelope, consumer, created_at, sent_at) \
     SELECT gone.*, clock_timestamp() FROM gone";

const RETRY: &str = "UPDATE formwork_outbox o \
     SET attempts = o.attempts + 1, \
         not_before = clock_timestamp() + interval '1 microsecond' * s.wait \
     FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[]) \
         AS s (position, partition, epoch, wait) \
     JOIN formwork_partitions p USING (partition, epoch) \
     WHERE o.position = s.position AND p.worker IS NOT NULL";

const DEAD: &str = "WITH gone AS ( \
         DELETE FROM formwork_outbox o \
         USING unnest($1::bigint[], $2::integer[], $3::bigint[], $4::text[], $5::boolean[]) \
             AS s (position, partition, epoch, reason, blocks) \
         JOIN formwork_partitions p USING (partition, epoch) \
         WHERE o.position = s.position AND p.worker IS NOT NULL \
         RETURNING o.position, o.partition, o.key, o.envelope, o.consumer, s.blocks, \
             o.attempts + 1 AS attempts, s.reason \
     ) \
     INSERT INTO formwork_outbox_dead \
         (position, partition, key, envelope, consumer, blocks, attempts, reason, message) \
     SELECT gone.*, gone.envelope::json ->> 'id' FROM gone ORDER BY gone.position";

const BURY: &str = "INSERT INTO formwork_outbox_dead \
         (partition, key, envelope, consumer, blocks, attempts, reason, message) \
     VALUES ($1, $2, $3, $4, false, $5, $6, $7) \
     ON CONFLICT (consumer, message) WHERE position IS NULL DO NOTHING";

const LIST_DEAD: &str = "SELECT id, position, consumer, blocks, attempts, reason, envelope, \
         (extract(epoch FROM at) * 1000000)::bigint AS at \
     FROM formwork_outbox_dead WHERE id > $1 ORDER BY id LIMIT $2";

const REPLAY: &str = "WITH gone AS (DELETE FROM formwork_outbox_dead WHERE id = $1 RETURNING *) \
     INSERT INTO formwork_outbox (position, partition, key, envelope, consumer) \
     SELECT coalesce(position, nextval(pg_get_serial_sequence('formwork_outbox', 'position'))), \
         partition, key, envelope, consumer \
     FROM gone RETURNING position";

const DISCARD: &str = "DELETE FROM formwork_outbox_dead WHERE id = $1 RETURNING id";

const RESEND: &str = "WITH back AS ( \
         DELETE FROM formwork_outbox_sent \
         WHERE sent_at >= timestamptz 'epoch' + interval '1 microsecond' * $1::bigint \
         RETURNING position, partition, key, envelope, consumer, created_at \
     ) \
     INSERT INTO formwork_outbox (position, partition, key, envelope, consumer, created_at) \
     SELECT * FROM back ON CONFLICT DO NOTHING RETURNING position";

const STATS: &str = "SELECT count(*) AS pending, \
         (extract(epoch FROM clock_timestamp() - min(created_at)) * 1000000)::bigint AS oldest, \
         (SELECT count(*) FROM formwork_outbox_dead) AS dead \
     FROM formwork_outbox";

const PURGE: &str = "SELECT formwork_outbox_purge($1) AS removed";

impl PostgresStore {
    /// Runs one statement that changes something.
    async fn change(
        &self,
        attempted: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.change_all(attempted, &[(sql, parameters)])
            .await
            .map(|answers| answers.into_iter().flatten().collect())
    }

    /// Runs statements in one transaction, in one flight.
    async fn change_all(
        &self,
        attempted: &'static str,
        statements: &[(&str, &[Parameter<'_>])],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let transaction = self.database.begin().await;
        let transaction = transaction.map_err(|error| StoreError::unavailable(attempted, error))?;
        transaction
            .run(statements)
            .await
            .map_err(|error| outbox_error(attempted, error))
    }
}

impl OutboxStore for PostgresStore {
    fn partitions(&self) -> u16 {
        PARTITIONS
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Claimed, StoreError>> {
        Box::pin(async move {
            let lease = micros(claim.lease);
            let parameters: [Parameter<'_>; 2] = [&claim.worker, &lease];
            let rows = self.change("claim partitions", CLAIM, &parameters).await?;
            let workers = rows.first().map_or(0, |row| row.get::<_, i32>("workers"));
            let held = |row: &Row| {
                Some(Lease {
                    partition: row.get::<_, Option<i32>>("partition")? as u16,
                    epoch: row.get::<_, Option<i64>>("epoch")? as u64,
                })
            };
            Ok(Claimed {
                leases: rows.iter().filter_map(held).collect(),
                workers: workers as usize,
            })
        })
    }

    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (partitions, epochs) = columns(leases);
            let parameters: [Parameter<'_>; 2] = [&partitions, &epochs];
            self.change("release partitions", RELEASE, &parameters)
                .await?;
            Ok(())
        })
    }

    fn leave<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let parameters: [Parameter<'_>; 1] = [&worker];
            let statements: [(&str, &[Parameter<'_>]); 2] =
                [(LEAVE, &parameters), (GONE, &parameters)];
            self.change_all("leave the workers", &statements).await?;
            Ok(())
        })
    }

    fn fetch<'a>(
        &'a self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pending>, StoreError>> {
        Box::pin(async move {
            if leases.is_empty() {
                return Ok(Vec::new());
            }
            let (partitions, epochs) = columns(leases);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = self
                .database
                .reader()
                .query(FETCH, &[&partitions, &epochs, &limit])
                .await
                .map_err(|error| outbox_error("fetch events", error))?;
            rows.iter().map(pending).collect()
        })
    }

    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
    ) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async move {
            let mut leases: Vec<Lease> = settlements.iter().map(|it| it.lease).collect();
            leases.sort_unstable();
            leases.dedup();
            let (partitions, epochs) = columns(&leases);
            let Verdicts { sent, retry, dead } = Verdicts::of(settlements);

            let held: [Parameter<'_>; 2] = [&partitions, &epochs];
            let sent_rows: [Parameter<'_>; 3] = [&sent.positions, &sent.partitions, &sent.epochs];
            let retry_rows: [Parameter<'_>; 4] = [
                &retry.rows.positions,
                &retry.rows.partitions,
                &retry.rows.epochs,
                &retry.waits,
            ];
            let dead_rows: [Parameter<'_>; 5] = [
                &dead.rows.positions,
                &dead.rows.partitions,
                &dead.rows.epochs,
                &dead.reasons,
                &dead.blocks,
            ];
            let mut statements: Vec<(&str, &[Parameter<'_>])> = vec![(HELD, &held)];
            if !sent.positions.is_empty() {
                statements.push((SENT, &sent_rows));
            }
            if !retry.waits.is_empty() {
                statements.push((RETRY, &retry_rows));
            }
            if !dead.reasons.is_empty() {
                statements.push((DEAD, &dead_rows));
            }
            let answers = self.change_all("settle events", &statements).await?;
            let held: Vec<Lease> = answers[0].iter().map(lease).collect();
            leases.retain(|lease| !held.contains(lease));
            Ok(leases)
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
            let partition = i32::from(partition_of(&envelope.partition_key, PARTITIONS));
            let json = envelope.to_json();
            let attempts = attempts as i32;
            let parameters: [Parameter<'_>; 7] = [
                &partition,
                &envelope.partition_key,
                &json,
                &consumer,
                &attempts,
                &reason,
                &envelope.id,
            ];
            self.change("bury an event", BURY, &parameters).await?;
            Ok(())
        })
    }

    fn dead(&self, after: DeadId, limit: usize) -> BoxFuture<'_, Result<Vec<Dead>, StoreError>> {
        Box::pin(async move {
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = self
                .database
                .reader()
                .query(LIST_DEAD, &[&after, &limit])
                .await
                .map_err(|error| outbox_error("list dead letters", error))?;
            rows.iter().map(dead).collect()
        })
    }

    fn replay(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let dead = i64::try_from(dead).unwrap_or(i64::MAX);
            let rows = self
                .change("replay a dead letter", REPLAY, &[&dead])
                .await?;
            Ok(!rows.is_empty())
        })
    }

    fn discard(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let dead = i64::try_from(dead).unwrap_or(i64::MAX);
            let rows = self
                .change("discard a dead letter", DISCARD, &[&dead])
                .await?;
            Ok(!rows.is_empty())
        })
    }

    fn resend(&self, since: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let since = since.as_micros();
            let rows = self.change("resend events", RESEND, &[&since]).await?;
            Ok(rows.len() as u64)
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        Box::pin(async move {
            let rows = self.database.reader().query(STATS, &[]).await;
            let rows = rows.map_err(|error| outbox_error("measure the outbox", error))?;
            let Some(row) = rows.first() else {
                return Ok(Stats::default());
            };
            let oldest = row.get::<_, Option<i64>>("oldest");
            Ok(Stats {
                pending: row.get::<_, i64>("pending") as u64,
                oldest: oldest.map(|micros| Duration::from_micros(micros.max(0) as u64)),
                dead: row.get::<_, i64>("dead") as u64,
            })
        })
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let window = micros(window);
            let rows = self.change("purge sent events", PURGE, &[&window]).await?;
            Ok(rows
                .first()
                .map_or(0, |row| row.get::<_, i64>("removed") as u64))
        })
    }
}

/// Settlements by verdict, as columns.
#[derive(Default)]
struct Verdicts<'a> {
    sent: Rows,
    retry: Retries,
    dead: Deaths<'a>,
}

#[derive(Default)]
struct Rows {
    positions: Vec<i64>,
    partitions: Vec<i32>,
    epochs: Vec<i64>,
}

#[derive(Default)]
struct Retries {
    rows: Rows,
    waits: Vec<i64>,
}

#[derive(Default)]
struct Deaths<'a> {
    rows: Rows,
    reasons: Vec<&'a str>,
    blocks: Vec<bool>,
}

impl<'a> Verdicts<'a> {
    fn of(settlements: &'a [Settlement]) -> Self {
        let mut verdicts = Self::default();
        for settlement in settlements {
            match &settlement.verdict {
                Verdict::Sent => verdicts.sent.add(settlement),
                Verdict::Retry { after } => {
                    verdicts.retry.rows.add(settlement);
                    verdicts.retry.waits.push(micros(*after));
                }
                Verdict::Dead { reason, blocks } => {
                    verdicts.dead.rows.add(settlement);
                    verdicts.dead.reasons.push(reason);
                    verdicts.dead.blocks.push(*blocks);
                }
            }
        }
        verdicts
    }
}

impl Rows {
    fn add(&mut self, settlement: &Settlement) {
        self.positions.push(settlement.position as i64);
        self.partitions.push(i32::from(settlement.lease.partition));
        self.epochs.push(settlement.lease.epoch as i64);
    }
}

fn columns(leases: &[Lease]) -> (Vec<i32>, Vec<i64>) {
    leases
        .iter()
        .map(|lease| (i32::from(lease.partition), lease.epoch as i64))
        .unzip()
}

fn lease(row: &Row) -> Lease {
    Lease {
        partition: row.get::<_, i32>("partition") as u16,
        epoch: row.get::<_, i64>("epoch") as u64,
    }
}

fn pending(row: &Row) -> Result<Pending, StoreError> {
    let position: i64 = row.get("position");
    Ok(Pending {
        position: position as u64,
        lease: lease(row),
        attempts: row.get::<_, i32>("attempts") as u32,
        consumer: row.get("consumer"),
        envelope: envelope(row, || format!("outbox row {position}"))?,
    })
}

fn dead(row: &Row) -> Result<Dead, StoreError> {
    let id: i64 = row.get("id");
    Ok(Dead {
        id: id as u64,
        position: row.get::<_, Option<i64>>("position").map(|it| it as u64),
        consumer: row.get("consumer"),
        blocks: row.get("blocks"),
        attempts: row.get::<_, i32>("attempts") as u32,
        reason: row.get("reason"),
        at: Timestamp::from_micros(row.get("at")),
        envelope: envelope(row, || format!("dead letter {id}"))?,
    })
}

fn envelope(row: &Row, what: impl Fn() -> String) -> Result<Envelope, StoreError> {
    let json: &str = row.get("envelope");
    Envelope::from_json(json.as_bytes()).map_err(|error| StoreError::corrupt(what(), error))
}
