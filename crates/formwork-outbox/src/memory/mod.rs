//! The stores in memory: for tests, and for services that keep nothing.

mod rows;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use formwork_domain::{
    BoxFuture, Clock, Delivery, IdempotencyKey, Identifiers, Operation, Outcome, RepositoryError,
    TenantId, Timestamp,
};

use crate::{
    Claim, Claimed, Dead, DeadId, Envelope, IdempotencyStore, InboxStore, Lease, OutboxStore,
    Pending, Settlement, Stats, StoreError,
};
use rows::Rows;

/// Outbox, inbox and idempotency keys in memory. Nothing survives the process.
pub struct MemoryStore {
    rows: Mutex<Rows>,
    clock: Arc<dyn Clock>,
    identifiers: Arc<dyn Identifiers>,
    service: String,
}

impl MemoryStore {
    /// An empty store with 32 partitions for the service of this name.
    pub fn new(service: &str, clock: Arc<dyn Clock>, identifiers: Arc<dyn Identifiers>) -> Self {
        Self {
            rows: Mutex::new(Rows::new(32)),
            clock,
            identifiers,
            service: service.to_owned(),
        }
    }

    /// Commits what comes with a change: the delivery it answers, its idempotency key, its events.
    /// All of it or nothing. An in-memory repository calls it while it holds its own lock.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyHandled`] and [`RepositoryError::Replayed`].
    pub fn record(
        &self,
        operation: &Operation,
        mut envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> Result<(), RepositoryError> {
        for envelope in &mut envelopes {
            envelope.stamp(&self.service, self.identifiers.next(), operation);
        }
        let now = self.clock.now();
        self.rows().record(now, operation, envelopes, outcome)
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static, E: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Rows, Timestamp) -> T,
    ) -> BoxFuture<'static, Result<T, E>> {
        let value = act(&mut self.rows(), self.clock.now());
        Box::pin(std::future::ready(Ok(value)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl OutboxStore for MemoryStore {
    fn partitions(&self) -> u16 {
        self.rows().partitions()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Claimed, StoreError>> {
        self.with(|rows, now| rows.claim(now, claim))
    }

    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.with(|rows, _| rows.release(leases))
    }

    fn leave<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.with(|rows, _| rows.leave(worker))
    }

    fn fetch<'a>(
        &'a self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pending>, StoreError>> {
        self.with(|rows, now| rows.fetch(now, leases, limit))
    }

    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
    ) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        self.with(|rows, now| rows.settle(now, settlements))
    }

    fn bury<'a>(
        &'a self,
        consumer: &'a str,
        envelope: &'a Envelope,
        attempts: u32,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.with(|rows, now| rows.bury(now, consumer, envelope, attempts, reason))
    }

    fn dead(&self, after: DeadId, limit: usize) -> BoxFuture<'_, Result<Vec<Dead>, StoreError>> {
        self.with(|rows, _| rows.dead(after, limit))
    }

    fn replay(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.with(|rows, now| rows.replay(now, dead))
    }

    fn discard(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.with(|rows, _| rows.discard(dead))
    }

    fn resend(&self, since: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.with(|rows, _| rows.resend(since))
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        self.with(|rows, now| rows.stats(now))
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.with(|rows, now| rows.purge_sent(before(now, window)))
    }
}

impl InboxStore for MemoryStore {
    fn mark<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        self.with(|rows, now| rows.mark(now, tenant, delivery))
    }

    fn handled<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        self.with(|rows, _| rows.handled(tenant, delivery))
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        self.with(|rows, now| rows.purge_handled(before(now, window)))
    }
}

impl IdempotencyStore for MemoryStore {
    fn find<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Outcome>, RepositoryError>> {
        let found = self.rows().find(tenant, key);
        Box::pin(std::future::ready(found))
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        self.with(|rows, now| rows.purge_keys(before(now, window)))
    }
}

fn before(now: Timestamp, window: Duration) -> Timestamp {
    let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(window))
}
