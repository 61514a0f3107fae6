//! Where events wait until the broker has them.

use std::error::Error;
use std::time::Duration;

use formwork_domain::{BoxFuture, Timestamp};

use crate::Envelope;

/// Where a row stands in the outbox. Within one key, later events have higher positions.
pub type Position = u64;

/// Identifies a dead letter within its store.
pub type DeadId = u64;

/// The outbox, as the relay and the operator see it. Writing to it is the business of the
/// transaction that changes the aggregate: each adapter's `Transaction::record`.
///
/// # Contract
/// - The key of a row is its envelope's `partition_key`; its partition is
///   [`partition_of`]`(key, self.partitions())`.
/// - A partition belongs to at most one worker at a time. Every change of hands raises its epoch,
///   which never goes back. What was leased under an older epoch can no longer be settled.
/// - All times are taken from one clock, the store's, so that workers need not agree.
/// - Futures may be dropped at any point; a dropped call has happened or has not.
///
/// Marking a row without looking at the epoch is the classic mistake: a worker that was stopped
/// for a minute would then overwrite what its successor did.
pub trait OutboxStore: Send + Sync {
    /// How many partitions there are. It must not change while rows are pending.
    fn partitions(&self) -> u16;

    /// Says that the worker lives, renews all it holds, and takes free or expired partitions until
    /// it holds its share: the number of partitions divided by the live workers, rounded up.
    ///
    /// Nothing is taken away: a worker that holds more than its share finishes what it does and
    /// [releases](Self::release) the surplus.
    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Claimed, StoreError>>;

    /// Gives partitions back at once. Leases that are no longer held are ignored.
    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Says that the worker is gone: everything it holds is free and it no longer counts.
    fn leave<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The oldest pending rows of the leased partitions, by position, at most `limit`.
    ///
    /// Left out are partitions whose lease is no longer held, and every row of a key that is
    /// blocked: its first pending row waits for its next attempt, or a dead letter of it blocks.
    fn fetch<'a>(
        &'a self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pending>, StoreError>>;

    /// Writes down what became of rows, in one transaction. Rows whose lease is no longer held
    /// stay as they are. Returns the leases that were found lost.
    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
    ) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>>;

    /// Keeps an event that one consumer could not handle. Repeating it changes nothing.
    fn bury<'a>(
        &'a self,
        consumer: &'a str,
        envelope: &'a Envelope,
        attempts: u32,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Dead letters with an identifier above `after`, oldest first.
    fn dead(&self, after: DeadId, limit: usize) -> BoxFuture<'_, Result<Vec<Dead>, StoreError>>;

    /// Tries a dead letter again, with fresh attempts: it is pending once more, at its old
    /// position, and before whatever it blocked. One that was [buried](Self::bury) becomes pending
    /// for its consumer only. Returns whether there was such a dead letter.
    fn replay(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Gives a dead letter up and unblocks its key. Returns whether there was such a dead letter.
    fn discard(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Makes rows that were sent at or after `since` pending again. Returns how many.
    fn resend(&self, since: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// How much is waiting.
    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>>;

    /// Drops rows that were sent longer than `window` ago. Returns how many.
    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// A worker asking for its share of the partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The worker; no two live ones have the same name.
    pub worker: String,
    /// How long it holds what it gets without claiming again.
    pub lease: Duration,
}

/// What a worker holds after a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// All it holds, by partition.
    pub leases: Vec<Lease>,
    /// How many workers live, this one included.
    pub workers: usize,
}

/// The right to publish the events of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease {
    /// The partition.
    pub partition: u16,
    /// The fencing epoch: raised each time the partition changes hands.
    pub epoch: u64,
}

/// A row that waits to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Where it stands.
    pub position: Position,
    /// The lease under which it was fetched.
    pub lease: Lease,
    /// How often it has failed.
    pub attempts: u32,
    /// The only consumer it is for, when it is the replay of a letter that consumer buried.
    pub consumer: Option<String>,
    /// The event.
    pub envelope: Envelope,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The row.
    pub position: Position,
    /// The lease under which it was fetched.
    pub lease: Lease,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a row that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The broker has it.
    Sent,
    /// It failed, which counts as an attempt; it and its key wait.
    Retry {
        /// How long.
        after: Duration,
    },
    /// It failed for the last time and becomes a dead letter.
    Dead {
        /// Why.
        reason: String,
        /// Whether its key waits until the dead letter is replayed or discarded.
        blocks: bool,
    },
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Dead {
    /// Identifies it.
    pub id: DeadId,
    /// Where it stood in the outbox; `None` when a consumer buried it.
    pub position: Option<Position>,
    /// The consumer that buried it; `None` when it could not be published.
    pub consumer: Option<String>,
    /// Whether its key waits for it.
    pub blocks: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The event.
    pub envelope: Envelope,
}

/// How much is waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows that are not sent.
    pub pending: u64,
    /// How long the oldest of them has waited.
    pub oldest: Option<Duration>,
    /// Dead letters.
    pub dead: u64,
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store failed or could not be reached.
    #[error("could not {attempted}")]
    Unavailable {
        /// What was being attempted, such as `fetch events`.
        attempted: &'static str,
        /// The driver's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What is stored is no event.
    #[error("stored {what} is not valid")]
    Corrupt {
        /// What was being read, such as `outbox row 17`.
        what: String,
        /// Why it is not valid.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// The store failed while `attempted` was being done.
    pub fn unavailable(
        attempted: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            attempted,
            source: source.into(),
        }
    }

    /// What is stored as `what` is not valid.
    pub fn corrupt(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt {
            what: what.into(),
            source: source.into(),
        }
    }
}

/// The partition of a key: stable over processes, platforms and releases (FNV-1a, 64 bits).
///
/// # Panics
/// When there are no partitions.
pub fn partition_of(key: &str, partitions: u16) -> u16 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash % u64::from(partitions)) as u16
}
