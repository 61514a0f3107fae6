//! The in-memory adapters keep the contracts of their ports.

use std::sync::Arc;

use formwork_outbox::{Broker, InProcessBroker, LocalNotifier, MemoryStore, Notifier};
use formwork_test::{CountingIdentifiers, conformance};

use crate::clock::WallClock;

fn store() -> Arc<MemoryStore> {
    let identifiers = Arc::new(CountingIdentifiers::new());
    Arc::new(MemoryStore::new("shop", Arc::new(WallClock), identifiers))
}

#[tokio::test]
async fn memory_store_is_an_outbox_store() {
    conformance::outbox_store(async || store()).await;
}

#[tokio::test]
async fn memory_store_is_an_inbox() {
    conformance::inbox(async || store()).await;
}

#[tokio::test]
async fn memory_store_keeps_idempotency_keys() {
    conformance::idempotency(async || store()).await;
}

#[tokio::test]
async fn in_process_broker_is_a_broker() {
    conformance::broker(async || Arc::new(InProcessBroker::new(store())) as Arc<dyn Broker>).await;
}

#[tokio::test]
async fn local_notifier_is_a_notifier() {
    conformance::notifier(async || Arc::new(LocalNotifier::new()) as Arc<dyn Notifier>).await;
}
