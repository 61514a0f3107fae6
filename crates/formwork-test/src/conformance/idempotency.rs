//! The contract of `IdempotencyStore`, and of idempotency keys inside a transaction.

use std::time::Duration;

use formwork_domain::{IdempotencyKey, Operation, RepositoryError};

use super::inbox::assert_pending;
use super::storage::{event, operation, outcome, tenant};
use super::{PATIENCE, Storage};
use crate::eventually;

/// Checks idempotency keys: a command runs once per key, and the same key with another request is
/// refused.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn idempotency<S: Storage + 'static>(make: impl AsyncFn() -> S) {
    finds_what_was_recorded(&make().await).await;
    replays(&make().await).await;
    one_of_many_wins(&make().await).await;
    tenants_do_not_meet(&make().await).await;
    forgets(&make().await).await;
}

fn key(scope: &str, key: &str, fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey {
        scope: scope.to_owned(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
    }
}

fn with(key: IdempotencyKey) -> Operation {
    Operation {
        idempotency: Some(key),
        ..operation()
    }
}

async fn finds_what_was_recorded(storage: &dyn Storage) {
    let store = storage.idempotency();
    let first = key("order.place", "k1", "f1");
    assert_eq!(store.find(None, &first).await.expect("find"), None);
    storage
        .record(&with(first.clone()), vec![event(1, 1)], outcome(1))
        .await
        .expect("idempotency: a new key is recorded");
    assert_eq!(
        store.find(None, &first).await.expect("find"),
        Some(outcome(1)),
        "idempotency: the outcome is found again"
    );
    let different = store.find(None, &key("order.place", "k1", "f2")).await;
    assert!(
        matches!(different, Err(RepositoryError::Replayed { outcome: None })),
        "idempotency: another request under the key is refused, found {different:?}"
    );
    for other in [
        key("order.cancel", "k1", "f1"),
        key("order.place", "k2", "f1"),
    ] {
        let found = store.find(None, &other).await.expect("find");
        assert_eq!(
            found, None,
            "idempotency: scope and key are told apart: {other:?}"
        );
    }
}

async fn replays(storage: &dyn Storage) {
    let first = with(key("order.place", "k1", "f1"));
    storage
        .record(&first, vec![event(1, 1)], outcome(1))
        .await
        .expect("idempotency: a new key is recorded");
    let again = storage.record(&first, vec![event(2, 1)], outcome(2)).await;
    assert!(
        matches!(&again, Err(RepositoryError::Replayed { outcome: Some(found) }) if *found == outcome(1)),
        "idempotency: a repetition gets the first outcome, found {again:?}"
    );
    let different = with(key("order.place", "k1", "f2"));
    let different = storage
        .record(&different, vec![event(3, 1)], outcome(3))
        .await;
    assert!(
        matches!(different, Err(RepositoryError::Replayed { outcome: None })),
        "idempotency: another request under the key is refused, found {different:?}"
    );
    assert_pending(storage, 1).await;
}

async fn one_of_many_wins(storage: &(impl Storage + 'static)) {
    let request = with(key("order.place", "k1", "f1"));
    let attempts =
        (0..8_u8).map(|number| storage.record(&request, vec![event(number, 1)], outcome(number)));
    let results = futures_util::future::join_all(attempts).await;
    let winner = results.iter().position(Result::is_ok);
    let winner = winner.expect("idempotency: of many at the same time one wins") as u8;
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(()) => assert_eq!(number as u8, winner, "idempotency: only one wins"),
            Err(RepositoryError::Replayed {
                outcome: Some(found),
            }) => assert_eq!(*found, outcome(winner), "idempotency: all get one outcome"),
            Err(error) => panic!("idempotency: expected `Replayed`, found {error:?}"),
        }
    }
    assert_pending(storage, 1).await;
}

async fn tenants_do_not_meet(storage: &dyn Storage) {
    let store = storage.idempotency();
    let request = with(key("order.place", "k1", "f1"));
    let owners = [None, Some(tenant("acme")), Some(tenant("umbrella"))];
    for (number, owner) in (1..).zip(&owners) {
        let request = Operation {
            tenant: owner.clone(),
            ..request.clone()
        };
        storage
            .record(&request, vec![event(number, 1)], outcome(number))
            .await
            .expect("idempotency: one tenant's key is new to another");
    }
    for (number, owner) in (1..).zip(&owners) {
        let key = key("order.place", "k1", "f1");
        let found = store.find(owner.as_ref(), &key);
        assert_eq!(
            found.await.expect("find"),
            Some(outcome(number)),
            "idempotency: {owner:?} finds what is its own"
        );
        let again = Operation {
            tenant: owner.clone(),
            ..request.clone()
        };
        let again = storage.record(&again, vec![event(9, 1)], outcome(9)).await;
        assert!(
            matches!(&again, Err(RepositoryError::Replayed { outcome: Some(found) }) if *found == outcome(number)),
            "idempotency: {owner:?} gets its own first outcome, found {again:?}"
        );
    }
    assert_pending(storage, owners.len()).await;
}

async fn forgets(storage: &dyn Storage) {
    let store = storage.idempotency();
    let first = key("order.place", "k1", "f1");
    storage
        .record(&with(first.clone()), Vec::new(), outcome(1))
        .await
        .expect("idempotency: a new key is recorded");
    assert_eq!(store.purge(PATIENCE * 6).await.expect("purge"), 0);
    eventually(
        "idempotency: forgets after the window",
        PATIENCE,
        async || store.purge(Duration::from_millis(5)).await.expect("purge") == 1,
    )
    .await;
    assert_eq!(store.find(None, &first).await.expect("find"), None);
}
