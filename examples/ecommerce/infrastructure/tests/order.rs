//! Orders are kept the same way everywhere.

mod support;

use std::sync::Arc;

use application::order::{OrderFilter, OrderQueries, OrderSort};
use domain::order::{Order, OrderId, OrderRepository};
use domain::samples::{now, order_place};
use formwork_domain::{Operation, PageRequest, RepositoryError, Version};
use infrastructure::persistence::memory::MemoryOrders;
use infrastructure::persistence::sqlite::SqliteOrders;

#[tokio::test]
async fn in_memory() {
    let store = MemoryOrders::new(support::memory());
    check(Arc::new(store)).await;
}

// What is refused is rolled back on another thread, while this one removes the database: also when
// it panics right after.
#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite() {
    let Some((database, _guard)) = support::sqlite::database().await else {
        return;
    };
    let store = SqliteOrders::new(database);
    check(Arc::new(store)).await;
}

/// What every adapter must do.
async fn check<A>(store: Arc<A>)
where
    A: OrderRepository + OrderQueries,
{
    let operation = Operation::new(now());
    let id = OrderId::from_bytes(support::unique());
    assert!(store.find(id).await.expect("readable").is_none());

    let made = Order::place(id, order_place(), now());
    let aggregate = made.expect("a valid sample");
    let saved = store.save(&aggregate, &operation).await;
    assert_eq!(saved.expect("saved"), Version::new(1));

    let found = store.find(id).await.expect("readable");
    let found = found.expect("what was saved");
    let mut expected = aggregate.snapshot();
    expected.version = Version::new(1);
    assert_eq!(found.snapshot(), expected);
    let shown = store.get(id).await.expect("readable");
    assert_eq!(shown.as_ref(), Some(&expected));

    let again = store.save(&found, &operation).await;
    assert_eq!(again.expect("saved"), Version::new(2));
    let stale = store.save(&found, &operation).await;
    assert!(matches!(stale, Err(RepositoryError::Conflict)), "{stale:?}");

    let page = PageRequest {
        after: None,
        limit: 100,
        descending: true,
    };
    let filter = OrderFilter::default();
    for sort in [OrderSort::Created, OrderSort::Updated] {
        let listed = store.list(&filter, sort, &page).await;
        let listed = listed.expect("readable");
        assert!(listed.items.iter().any(|item| item.id == id));
    }
}
