//! Rows and events commit together; errors mean what the ports say.

use std::sync::Arc;

use formwork_domain::RepositoryError;
use formwork_outbox::{LocalNotifier, Notifier, OutboxStore};
use formwork_sqlite::{Database, Migrations, SqliteConfig, store_error};
use tokio::time::{Duration, timeout};

use crate::support::{Subject, event, operation, outcome};

const ORDERS: &[(&str, &str)] = &[(
    "0001_order.sql",
    "CREATE TABLE orders (id BLOB PRIMARY KEY, number TEXT NOT NULL UNIQUE) STRICT;",
)];

async fn insert(
    transaction: &mut formwork_sqlite::Transaction,
    id: u8,
    number: &str,
) -> Result<(), RepositoryError> {
    sqlx::query("INSERT INTO orders (id, number) VALUES (?, ?)")
        .bind(&[id; 16][..])
        .bind(number)
        .execute(transaction.connection())
        .await
        .map(drop)
        .map_err(|error| store_error("save order", error))
}

async fn orders(database: &Database) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM orders")
        .fetch_one(&*database.reader())
        .await
        .expect("count")
}

async fn pending(database: &Database) -> u64 {
    database.stats().await.expect("stats").pending
}

/// Shows a part of: S-21.
#[tokio::test]
async fn rows_and_events_commit_together_or_not_at_all() {
    let subject = Subject::with(ORDERS).await;
    let database = &subject.database;
    for (id, commit) in [(1, false), (2, true)] {
        let mut transaction = database.begin().await.expect("begin");
        insert(&mut transaction, id, &format!("A-{id}"))
            .await
            .expect("insert");
        transaction
            .record(&operation(), vec![event([id; 16], 1)], outcome([id; 16]))
            .await
            .expect("record");
        if commit {
            transaction.commit().await.expect("commit");
        }
    }
    assert_eq!((orders(database).await, pending(database).await), (1, 1));
}

#[tokio::test]
async fn a_unique_column_that_has_the_value_is_a_duplicate() {
    let subject = Subject::with(ORDERS).await;
    let mut transaction = subject.database.begin().await.expect("begin");
    insert(&mut transaction, 1, "A-1").await.expect("insert");
    let again = insert(&mut transaction, 2, "A-1").await;
    assert!(
        matches!(again, Err(RepositoryError::Duplicate { field: "number" })),
        "{again:?}"
    );
    let other = store_error("save order", sqlx::Error::RowNotFound);
    assert_eq!(other.to_string(), "could not save order");
}

#[tokio::test]
async fn a_commit_with_events_notifies_and_one_without_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    let notifier = Arc::new(LocalNotifier::new());
    let database = Database::new("shop", SqliteConfig::at(folder.path().join("app.db")))
        .with_notifier(Arc::clone(&notifier) as _);
    database
        .migrate(&Migrations::new(ORDERS))
        .await
        .expect("migrate");
    let mut hints = notifier.subscribe();

    let mut silent = database.begin().await.expect("begin");
    insert(&mut silent, 1, "A-1").await.expect("insert");
    silent.commit().await.expect("commit");
    let mut abandoned = database.begin().await.expect("begin");
    abandoned
        .record(&operation(), vec![event([1; 16], 1)], outcome([1; 16]))
        .await
        .expect("record");
    drop(abandoned);
    assert!(
        timeout(Duration::from_millis(50), hints.next())
            .await
            .is_err()
    );

    let mut placed = database.begin().await.expect("begin");
    placed
        .record(&operation(), vec![event([1; 16], 1)], outcome([1; 16]))
        .await
        .expect("record");
    placed.commit().await.expect("commit");
    timeout(Duration::from_secs(5), hints.next())
        .await
        .expect("a hint");
}

#[tokio::test]
async fn readers_see_the_last_commit_while_somebody_writes() {
    let subject = Subject::with(ORDERS).await;
    let database = &subject.database;
    let mut transaction = database.begin().await.expect("begin");
    insert(&mut transaction, 1, "A-1").await.expect("insert");
    assert_eq!(orders(database).await, 0);
    transaction.commit().await.expect("commit");
    assert_eq!(orders(database).await, 1);
}

#[tokio::test]
async fn a_second_writer_waits_no_longer_than_the_busy_timeout() {
    let folder = tempfile::tempdir().expect("folder");
    let options = SqliteConfig {
        busy_timeout: Duration::from_millis(50),
        ..SqliteConfig::at(folder.path().join("app.db"))
    };
    let database = Database::new("shop", options);
    database
        .migrate(&Migrations::new(ORDERS))
        .await
        .expect("migrate");
    let first = database.begin().await.expect("begin");
    let second = database.begin().await;
    assert!(
        matches!(second, Err(RepositoryError::Unavailable { .. })),
        "{second:?}"
    );
    drop(first);
    database.begin().await.expect("the writer is free again");
}

#[tokio::test]
async fn commits_are_durable_by_default() {
    let subject = Subject::with(ORDERS).await;
    let mut transaction = subject.database.begin().await.expect("begin");
    let connection = transaction.connection();
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await
        .expect("pragma");
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .expect("pragma");
    let (keys,): (i64,) = sqlx::query_as("PRAGMA foreign_keys")
        .fetch_one(connection)
        .await
        .expect("pragma");
    assert_eq!((synchronous, journal.as_str(), keys), (2, "wal", 1));
    assert!(subject.folder.path().join("data/app.db").is_file());
}
