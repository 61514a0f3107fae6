//! The contract of `InboxStore`, and of the inbox inside a transaction.

use std::time::Duration;

use formwork_domain::{Delivery, Operation, RepositoryError};

use super::storage::{event, lease_all, operation, outcome, tenant};
use super::{PATIENCE, Storage};
use crate::eventually;

/// Checks an inbox: a delivery is handled once, whoever comes first.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn inbox<S: Storage + 'static>(make: impl AsyncFn() -> S) {
    marks_once(&make().await).await;
    records_once(&make().await).await;
    one_of_many_wins(&make().await).await;
    tenants_do_not_meet(&make().await).await;
    forgets(&make().await).await;
}

fn delivery(consumer: &str, message: &str, part: u32) -> Delivery {
    Delivery {
        consumer: consumer.to_owned(),
        message: message.to_owned(),
        part,
    }
}

async fn marks_once(storage: &dyn Storage) {
    let inbox = storage.inbox();
    let first = delivery("a", "m1", 0);
    assert!(!inbox.handled(None, &first).await.expect("handled"));
    assert!(
        inbox.mark(None, &first).await.expect("mark"),
        "inbox: the first mark is new"
    );
    assert!(
        !inbox.mark(None, &first).await.expect("mark"),
        "inbox: the second is not"
    );
    assert!(inbox.handled(None, &first).await.expect("handled"));
    for other in [
        delivery("b", "m1", 0),
        delivery("a", "m2", 0),
        delivery("a", "m1", 1),
    ] {
        assert!(
            inbox.mark(None, &other).await.expect("mark"),
            "inbox: consumer, message and part are all told apart: {other:?}"
        );
    }
}

async fn records_once(storage: &dyn Storage) {
    let answer = Operation {
        delivery: Some(delivery("a", "m1", 0)),
        ..operation()
    };
    storage
        .record(&answer, vec![event(1, 1)], outcome(1))
        .await
        .expect("inbox: the first answer to a delivery is recorded");
    let again = storage.record(&answer, vec![event(1, 2)], outcome(1)).await;
    assert!(
        matches!(again, Err(RepositoryError::AlreadyHandled)),
        "inbox: the second answer is `AlreadyHandled`, found {again:?}"
    );
    assert_pending(storage, 1).await;
    let handled = storage.inbox().handled(None, &delivery("a", "m1", 0)).await;
    assert!(handled.expect("handled"), "inbox: recording marks");
}

async fn one_of_many_wins(storage: &(impl Storage + 'static)) {
    let answer = Operation {
        delivery: Some(delivery("a", "m1", 0)),
        ..operation()
    };
    let attempts =
        (0..8_u8).map(|number| storage.record(&answer, vec![event(number, 1)], outcome(number)));
    let mut won = 0;
    for result in futures_util::future::join_all(attempts).await {
        match result {
            Ok(()) => won += 1,
            Err(RepositoryError::AlreadyHandled) => {}
            Err(error) => panic!("inbox: expected `AlreadyHandled`, found {error:?}"),
        }
    }
    assert_eq!(won, 1, "inbox: of many at the same time one wins");
    assert_pending(storage, 1).await;
}

async fn tenants_do_not_meet(storage: &dyn Storage) {
    let inbox = storage.inbox();
    let same = delivery("a", "m1", 0);
    let (acme, umbrella) = (tenant("acme"), tenant("umbrella"));
    for owner in [Some(&acme), None] {
        assert!(
            inbox.mark(owner, &same).await.expect("mark"),
            "inbox: a delivery is marked for {owner:?} alone"
        );
    }
    let handled = inbox.handled(Some(&umbrella), &same).await;
    assert!(
        !handled.expect("handled"),
        "inbox: what one tenant handled is new to another"
    );
    let answer = Operation {
        delivery: Some(same.clone()),
        ..operation()
    };
    let first = answer.clone().for_tenant(umbrella.clone());
    storage
        .record(&first, vec![event(1, 1)], outcome(1))
        .await
        .expect("inbox: what one tenant handled is new to another");
    let again = answer.for_tenant(umbrella);
    let again = storage.record(&again, vec![event(1, 2)], outcome(1)).await;
    assert!(
        matches!(again, Err(RepositoryError::AlreadyHandled)),
        "inbox: a tenant's second answer is `AlreadyHandled`, found {again:?}"
    );
    assert_pending(storage, 1).await;
}

async fn forgets(storage: &dyn Storage) {
    let inbox = storage.inbox();
    let old = delivery("a", "m1", 0);
    assert!(inbox.mark(None, &old).await.expect("mark"));
    assert_eq!(inbox.purge(PATIENCE * 6).await.expect("purge"), 0);
    eventually("inbox: forgets after the window", PATIENCE, async || {
        inbox.purge(Duration::from_millis(5)).await.expect("purge") == 1
    })
    .await;
    assert!(!inbox.handled(None, &old).await.expect("handled"));
}

pub(super) async fn assert_pending(storage: &dyn Storage, count: usize) {
    let leases = lease_all(storage).await;
    let rows = storage.outbox().fetch(&leases, 100).await.expect("fetch");
    assert_eq!(rows.len(), count, "record: all of it or nothing");
}
