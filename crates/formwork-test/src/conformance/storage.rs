//! What the storage suites need from an adapter.

use std::sync::Arc;

use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError, TenantId, Timestamp};
use formwork_outbox::{
    Claim, Envelope, IdempotencyStore, InboxStore, Lease, MemoryStore, OutboxStore,
};
use serde_json::json;

use super::PATIENCE;

/// A storage adapter: its three ports, and its way to commit what comes with a change.
pub trait Storage: Send + Sync {
    /// The outbox.
    fn outbox(&self) -> Arc<dyn OutboxStore>;

    /// The inbox.
    fn inbox(&self) -> Arc<dyn InboxStore>;

    /// The idempotency keys.
    fn idempotency(&self) -> Arc<dyn IdempotencyStore>;

    /// Begins a transaction, records and commits, with no other change in it.
    fn record<'a>(
        &'a self,
        operation: &'a Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), RepositoryError>>;
}

/// The in-memory stores, as a storage.
impl Storage for Arc<MemoryStore> {
    fn outbox(&self) -> Arc<dyn OutboxStore> {
        Arc::clone(self) as _
    }

    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::clone(self) as _
    }

    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        Arc::clone(self) as _
    }

    fn record<'a>(
        &'a self,
        operation: &'a Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), RepositoryError>> {
        let recorded = MemoryStore::record(self, operation, envelopes, outcome);
        Box::pin(std::future::ready(recorded))
    }
}

/// An event of the aggregate with this number.
pub(super) fn event(aggregate: u8, sequence: u64) -> Envelope {
    let data = json!({ "aggregate": aggregate, "sequence": sequence });
    Envelope::new("order.placed", 1, "order", id(aggregate), sequence, data)
}

pub(super) fn id(aggregate: u8) -> [u8; 16] {
    [aggregate; 16]
}

pub(super) fn operation() -> Operation {
    Operation::new(Timestamp::from_micros(1_772_357_400_000_000))
}

pub(super) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a tenant")
}

pub(super) fn outcome(aggregate: u8) -> Outcome {
    Outcome {
        id: id(aggregate),
        version: 1,
    }
}

/// Commits one event per pair of aggregate and sequence, each in a transaction of its own.
pub(super) async fn place(storage: &dyn Storage, events: &[(u8, u64)]) {
    for (aggregate, sequence) in events {
        storage
            .record(
                &operation(),
                vec![event(*aggregate, *sequence)],
                outcome(*aggregate),
            )
            .await
            .expect("an operation with neither delivery nor key is recorded");
    }
}

pub(super) fn claim(worker: &str) -> Claim {
    Claim {
        worker: worker.to_owned(),
        lease: PATIENCE * 6,
    }
}

/// Everything leased to one worker for longer than a suite takes.
pub(super) async fn lease_all(storage: &dyn Storage) -> Vec<Lease> {
    let store = storage.outbox();
    let claimed = store.claim(&claim("only")).await.expect("claim");
    assert_eq!(
        claimed.leases.len(),
        usize::from(store.partitions()),
        "claim: a worker that is alone gets every partition"
    );
    claimed.leases
}
