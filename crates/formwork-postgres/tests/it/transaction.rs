//! Units of work.

use std::time::Duration;

use formwork_domain::{Delivery, IdempotencyKey, Operation, Outcome, RepositoryError};
use formwork_outbox::{IdempotencyStore, InboxStore, OutboxStore};
use formwork_postgres::{Database, Transaction, store_error};
use futures_util::FutureExt;

use crate::support::{Schema, commit, event, operation, server, store};

const INSERT: &str = "INSERT INTO orders (id, number, version) VALUES ($1, $2, 1)";

async fn insert(transaction: &mut Transaction, id: &str) -> Result<u64, RepositoryError> {
    transaction
        .execute(INSERT, &[&id.as_bytes(), &id])
        .await
        .map_err(|error| store_error("insert order", error))
}

async fn orders(database: &Database) -> i64 {
    let rows = database
        .reader()
        .query("SELECT count(*) FROM orders", &[])
        .await;
    rows.expect("an answer")[0].get(0)
}

fn outcome(version: u64) -> Outcome {
    Outcome {
        id: [7; 16],
        version,
    }
}

/// Shows a part of: S-21.
#[tokio::test]
async fn rows_and_events_are_committed_together_or_not_at_all() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);

    let mut transaction = database.begin().await.expect("a transaction");
    insert(&mut transaction, "a").await.expect("a row");
    transaction
        .record(&operation(), vec![event(1, 1)], outcome(1))
        .await
        .expect("recorded");
    drop(transaction);
    assert_eq!(orders(&database).await, 0);
    assert_eq!(store.stats().await.expect("stats").pending, 0);

    let mut transaction = database.begin().await.expect("a transaction");
    insert(&mut transaction, "a").await.expect("a row");
    transaction
        .record(&operation(), vec![event(1, 1)], outcome(1))
        .await
        .expect("recorded");
    transaction.commit().await.expect("committed");
    assert_eq!(orders(&database).await, 1);
    assert_eq!(store.stats().await.expect("stats").pending, 1);
    schema.drop().await;
}

#[tokio::test]
async fn a_unique_violation_names_the_field() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let mut transaction = database.begin().await.expect("a transaction");
    insert(&mut transaction, "a").await.expect("a row");
    let again = transaction.execute(INSERT, &[&"b".as_bytes(), &"a"]).await;
    let error = store_error("insert order", again.expect_err("a violation"));
    assert!(
        matches!(error, RepositoryError::Duplicate { field: "number" }),
        "{error:?}"
    );
    // Nothing of a transaction with a failed statement is committed.
    let error = transaction.commit().await.expect_err("a refusal");
    assert!(
        matches!(error, RepositoryError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(orders(&database).await, 0);
    schema.drop().await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn a_delivery_has_its_effect_once() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let delivery = Delivery {
        consumer: "payment.request".into(),
        message: "m1".into(),
        part: 0,
    };
    let answer = Operation {
        delivery: Some(delivery.clone()),
        ..operation()
    };
    // All at once: one wins, the others learn that it did.
    let attempts = (0..8_u8).map(|index| {
        let (database, answer) = (database.clone(), answer.clone());
        async move {
            let mut transaction = database.begin().await?;
            insert(&mut transaction, &index.to_string()).await?;
            transaction
                .record(&answer, vec![event(index, 1)], outcome(1))
                .await?;
            transaction.commit().await
        }
    });
    let results = futures_util::future::join_all(attempts).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    let lost = |result: &&Result<(), _>| matches!(result, Err(RepositoryError::AlreadyHandled));
    assert_eq!(
        (won, results.iter().filter(lost).count()),
        (1, 7),
        "{results:?}"
    );
    assert_eq!(orders(&database).await, 1);
    assert_eq!(store(&database).stats().await.expect("stats").pending, 1);
    assert!(
        store(&database)
            .handled(None, &delivery)
            .await
            .expect("an answer")
    );
    schema.drop().await;
}

/// Shows a part of: S-23.
#[tokio::test]
async fn an_idempotency_key_keeps_the_first_outcome() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let key = IdempotencyKey {
        scope: "order.place".into(),
        key: "k1".into(),
        fingerprint: "f1".into(),
    };
    let keyed = |key: &IdempotencyKey| Operation {
        idempotency: Some(key.clone()),
        ..operation()
    };
    assert_eq!(
        store(&database).find(None, &key).await.expect("an answer"),
        None
    );
    for (row, version) in [("a", 3), ("b", 4)] {
        let mut transaction = database.begin().await.expect("a transaction");
        insert(&mut transaction, row).await.expect("a row");
        transaction
            .record(&keyed(&key), Vec::new(), outcome(version))
            .await
            .expect("recorded");
        let committed = transaction.commit().await;
        if row == "a" {
            committed.expect("the first use");
        } else {
            let replayed = matches!(
                &committed,
                Err(RepositoryError::Replayed { outcome: Some(first) }) if first.version == 3
            );
            assert!(replayed, "{committed:?}");
        }
    }
    assert_eq!(orders(&database).await, 1);
    assert_eq!(
        store(&database).find(None, &key).await.expect("an answer"),
        Some(outcome(3))
    );

    let other = IdempotencyKey {
        fingerprint: "f2".into(),
        ..key
    };
    let refused = commit(&database, &keyed(&other), Vec::new()).await;
    assert!(
        matches!(refused, Err(RepositoryError::Replayed { outcome: None })),
        "{refused:?}"
    );
    schema.drop().await;
}

/// Shows a part of: S-21.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_connection_and_no_half_transaction() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let mut config = schema.config();
    config.connections = 2;
    let database = schema.database(&config);
    schema.migrated().await;

    for round in 0..50_u8 {
        let work = async {
            let mut transaction = database.begin().await?;
            insert(&mut transaction, &format!("{round}")).await?;
            transaction
                .query("SELECT pg_sleep(0.002)", &[])
                .await
                .map_err(|error| store_error("sleep", error))?;
            transaction
                .record(&operation(), vec![event(round, 1)], outcome(1))
                .await?;
            // Never reached: the last poll is before the sleep is over.
            std::future::pending::<()>().await;
            transaction.commit().await
        };
        // Dropped at another point each time.
        let mut work = Box::pin(work);
        let point = Duration::from_micros(u64::from(round) * 100);
        assert!(tokio::time::timeout(point, &mut work).await.is_err());
    }
    // Every connection is free again, none holds a lock, nothing was changed.
    let mut transactions = Vec::new();
    for _ in 0..2 {
        transactions.push(database.begin().await.expect("a free connection"));
    }
    for (index, mut transaction) in transactions.into_iter().enumerate() {
        insert(&mut transaction, &index.to_string())
            .await
            .expect("a row");
        transaction.commit().await.expect("committed");
    }
    assert_eq!(orders(&database).await, 2);
    assert_eq!(store(&database).stats().await.expect("stats").pending, 0);
    schema.drop().await;
}

#[tokio::test]
async fn a_dropped_transaction_lets_go_of_its_locks_at_once() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let mut first = database.begin().await.expect("a transaction");
    insert(&mut first, "a").await.expect("a row");
    let mut second = database.begin().await.expect("a transaction");
    let mut waiting = insert(&mut second, "a").boxed();
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(first);
    waiting.await.expect("the row is free");
    drop(second);
    schema.drop().await;
}

#[tokio::test]
async fn all_connections_in_use_is_an_error_in_time() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let mut config = schema.config();
    config.connections = 1;
    config.acquire_timeout = Duration::from_millis(20);
    let database = schema.database(&config);
    let held = database.begin().await.expect("a transaction");
    assert!(database.begin().await.is_err());
    drop(held);
    assert!(database.begin().await.is_ok());
    schema.drop().await;
}

#[tokio::test]
async fn a_closed_database_begins_nothing() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let mut transaction = database.begin().await.expect("a transaction");
    database.close().await;
    assert!(database.begin().await.is_err());
    // What had begun is finished.
    insert(&mut transaction, "a").await.expect("a row");
    transaction.commit().await.expect("committed");
    schema.drop().await;
}
