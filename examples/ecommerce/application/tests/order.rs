//! The commands of orders, on orders in memory.

mod support;

use std::sync::Arc;

use application::order::{OrderCommands, OrderQueries};
use domain::order::OrderId;
use domain::samples::{now, order_place};
use formwork_domain::{IdempotencyKey, Operation, RepositoryError, UseCaseError, Version};
use formwork_outbox::StoredOperations;
use infrastructure::persistence::memory::MemoryOrders;

fn commands() -> (OrderCommands, Arc<MemoryOrders>) {
    let store = support::memory();
    let repository = Arc::new(MemoryOrders::new(store.clone()));
    let log = Arc::new(StoredOperations::new(store.clone(), store));
    let commands = OrderCommands::new(repository.clone(), log, Arc::new(support::Unique));
    (commands, repository)
}

#[tokio::test]
async fn what_was_made_is_found() {
    let (commands, queries) = commands();
    let operation = Operation::new(now());
    let made = commands.place(order_place(), &operation).await;
    let made = made.expect("a valid sample");
    assert_eq!(made.version, 1);
    let id = OrderId::from_bytes(made.id);
    let found = queries.get(id).await;
    assert!(found.expect("readable").is_some());
}

#[tokio::test]
async fn a_repeated_request_changes_nothing() {
    let (commands, _) = commands();
    let mut operation = Operation::new(now());
    operation.idempotency = Some(IdempotencyKey {
        scope: "test".to_owned(),
        key: "key".to_owned(),
        fingerprint: "first".to_owned(),
    });
    let first = commands.place(order_place(), &operation).await;
    let again = commands.place(order_place(), &operation).await;
    assert_eq!(first.expect("made"), again.expect("answered again"));

    if let Some(key) = &mut operation.idempotency {
        key.fingerprint = "second".to_owned();
    }
    let other = commands.place(order_place(), &operation).await;
    let refused = UseCaseError::Repository(RepositoryError::Replayed { outcome: None });
    assert_eq!(
        other.expect_err("another request").to_string(),
        refused.to_string()
    );
}

#[tokio::test]
async fn a_change_needs_the_version_it_was_made_for() {
    let (commands, _) = commands();
    let operation = Operation::new(now());
    let made = commands.place(order_place(), &operation).await;
    let id = OrderId::from_bytes(made.expect("a valid sample").id);
    let stale = Some(Version::new(7));
    let changed = commands.mark_paid(id, stale, &operation).await;
    assert!(matches!(changed, Err(UseCaseError::VersionMismatch { .. })));
    let nobody = OrderId::from_bytes([0; 16]);
    let changed = commands.mark_paid(nobody, None, &operation).await;
    assert!(matches!(changed, Err(UseCaseError::NotFound { .. })));
}
