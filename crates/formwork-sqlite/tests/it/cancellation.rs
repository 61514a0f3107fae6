//! A caller that stops waiting leaves nothing behind: no half of a change, no lock.

use std::task::{Context, Poll, Waker};

use formwork_outbox::{Claim, OutboxStore};
use tokio::time::{Duration, timeout};

use crate::support::{Subject, event, operation, outcome};

async fn save(subject: &Subject, number: u8) {
    let mut transaction = subject.database.begin().await.expect("begin");
    sqlx::query("INSERT INTO pairs (one) VALUES (?)")
        .bind(number)
        .execute(transaction.connection())
        .await
        .expect("insert");
    tokio::task::yield_now().await;
    sqlx::query("UPDATE pairs SET other = one WHERE one = ?")
        .bind(number)
        .execute(transaction.connection())
        .await
        .expect("update");
    transaction
        .record(
            &operation(),
            vec![event([number; 16], 1)],
            outcome([number; 16]),
        )
        .await
        .expect("record");
    transaction.commit().await.expect("commit");
}

/// The future is dropped after each number of polls it can take, so that every await is left once.
///
/// Shows a part of: S-21.
#[tokio::test]
async fn dropped_at_any_point_a_transaction_happens_wholly_or_not_at_all() {
    let subject = Subject::with(&[(
        "0001_pairs.sql",
        "CREATE TABLE pairs (one INTEGER PRIMARY KEY, other INTEGER) STRICT;",
    )])
    .await;
    let mut finished = false;
    for polls in 0..250_u8 {
        let mut change = Box::pin(save(&subject, polls));
        let mut left = polls;
        let done = timeout(
            Duration::from_secs(10),
            std::future::poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(false);
                }
                left -= 1;
                change.as_mut().poll(context).map(|()| true)
            }),
        )
        .await
        .expect("a dropped transaction never blocks the next one");
        drop(change);
        if done {
            finished = true;
            break;
        }
    }
    assert!(finished, "the last one was given enough time");

    let (halves, pairs): (i64, i64) =
        sqlx::query_as("SELECT count(*) FILTER (WHERE other IS NULL), count(*) FROM pairs")
            .fetch_one(&*subject.database.reader())
            .await
            .expect("count");
    assert_eq!(halves, 0, "no half of a change");
    let pending = subject.database.stats().await.expect("stats").pending;
    assert_eq!(
        pending, pairs as u64,
        "no row without its event, no event without its row"
    );
    assert!(pairs >= 1);
}

#[tokio::test]
async fn a_dropped_wait_for_the_writer_is_forgotten() {
    let subject = Subject::new().await;
    let open = subject.database.begin().await.expect("begin");
    {
        let mut waiting = Box::pin(subject.database.begin());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
    }
    drop(open);
    let next = timeout(Duration::from_secs(5), subject.database.begin()).await;
    next.expect("in time").expect("begin");
}

#[tokio::test]
async fn a_dropped_claim_has_happened_or_not() {
    let subject = Subject::new().await;
    let claim = Claim {
        worker: "one".to_owned(),
        lease: Duration::from_secs(60),
    };
    for polls in 0..40 {
        let mut claiming = subject.database.claim(&claim);
        let mut left = polls;
        std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            claiming.as_mut().poll(context).map(drop)
        })
        .await;
        drop(claiming);
        let claimed = subject.database.claim(&claim).await.expect("claim");
        assert_eq!(claimed.leases.len(), 32);
        assert!(
            claimed.leases.iter().all(|lease| lease.epoch == 1),
            "{claimed:?}"
        );
    }
}
