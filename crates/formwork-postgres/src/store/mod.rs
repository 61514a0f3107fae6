//! The stores of the outbox, behind the ports of `formwork-outbox`.

mod idempotency;
mod inbox;
mod outbox;

use std::time::Duration;

use formwork_domain::TenantId;

use crate::Database;

/// Outbox, inbox and idempotency keys in a PostgreSQL database.
///
/// # Order
/// Transactions commit in another order than they draw their positions, so whoever remembers how
/// far he has read skips what commits late. Nothing here remembers: a row is pending until it is
/// moved away, so one that commits late is found by the next fetch. Within a key the positions
/// are in the order of the commits all the same: whoever changes an aggregate waits for its
/// predecessor's commit, at the check of the version, before he draws a position.
///
/// # Leases
/// What was leased is checked in the transaction that settles, with the partition's row locked: a
/// worker that was overtaken cannot overwrite what its successor did.
///
/// # Retention
/// Sent rows move to a table that is partitioned by day. What is older than the window is dropped
/// with its partition, not deleted.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// The stores in this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// How a tenant is stored: no tenant has an empty name.
pub(crate) fn column(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("", TenantId::as_str)
}

/// For `interval '1 microsecond' * $n`; at most a thousand years, which leaves all results within
/// the range of times.
fn micros(duration: Duration) -> i64 {
    const LONGEST: i64 = 1_000 * 366 * 86_400 * 1_000_000;
    i64::try_from(duration.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}
