//! Migrations are applied once, as a whole, and never behind one's back.

use formwork_sqlite::{Database, MigrationError, Migrations, SqliteConfig};

use crate::support::{Subject, event, operation, outcome};

const FIRST: (&str, &str) = (
    "0001_order.sql",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY) STRICT;
     INSERT INTO orders VALUES (1);",
);

async fn orders(database: &Database) -> Vec<i64> {
    sqlx::query_scalar("SELECT id FROM orders ORDER BY id")
        .fetch_all(&*database.reader())
        .await
        .expect("orders")
}

fn options(folder: &tempfile::TempDir) -> SqliteConfig {
    SqliteConfig::at(folder.path().join("deep/down/app.db"))
}

#[tokio::test]
async fn each_is_applied_once_and_new_ones_later() {
    let folder = tempfile::tempdir().expect("folder");
    let database = Database::new("shop", options(&folder));
    for _ in 0..2 {
        database
            .migrate(&Migrations::new(&[FIRST]))
            .await
            .expect("migrate");
    }
    assert_eq!(orders(&database).await, [1]);
    const SECOND: (&str, &str) = ("0002_more.sql", "INSERT INTO orders VALUES (2);");
    database
        .migrate(&Migrations::new(&[FIRST, SECOND]))
        .await
        .expect("migrate");
    assert_eq!(orders(&database).await, [1, 2]);
}

/// Shows a part of: S-53.
#[tokio::test]
async fn processes_that_start_at_once_take_turns() {
    // Each round is a new file: only its first moments are in doubt.
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("folder");
        // Databases of their own share nothing but the file, as processes do.
        let databases: Vec<_> = (0..4)
            .map(|_| Database::new("shop", options(&folder)))
            .collect();
        let migrations = Migrations::new(&[FIRST]);
        let results = tokio::join!(
            databases[0].migrate(&migrations),
            databases[1].migrate(&migrations),
            databases[2].migrate(&migrations),
            databases[3].migrate(&migrations),
        );
        for result in [results.0, results.1, results.2, results.3] {
            result.expect("migrate");
        }
        assert_eq!(orders(&databases[0]).await, [1]);
    }
}

#[tokio::test]
async fn a_changed_one_is_refused() {
    let subject = Subject::with(&[FIRST]).await;
    let changed = subject
        .database
        .migrate(&Migrations::new(&[(
            "0001_order.sql",
            "CREATE TABLE other (id INTEGER);",
        )]))
        .await
        .expect_err("changed");
    assert_eq!(
        changed.to_string(),
        "changed after they were applied: `0001_order.sql`; restore them and put the change into \
         a new migration"
    );
    subject
        .database
        .migrate(&Migrations::new(&[(FIRST.0, "CREATE TABLE orders (id INTEGER PRIMARY KEY) STRICT;\r\n     INSERT INTO orders VALUES (1);")]))
        .await
        .expect("line ends do not count");
}

#[tokio::test]
async fn a_failed_one_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("folder");
    let database = Database::new("shop", options(&folder));
    const WRONG: (&str, &str) = (
        "0002_wrong.sql",
        "CREATE TABLE later (id INTEGER); CREATE TABEL;",
    );
    let failed = database.migrate(&Migrations::new(&[FIRST, WRONG])).await;
    assert!(
        matches!(&failed, Err(MigrationError::Failed { name, .. }) if name == "0002_wrong.sql"),
        "{failed:?}"
    );
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table'")
        .fetch_one(&*database.reader())
        .await
        .expect("tables");
    assert_eq!(tables, 0);
    database
        .migrate(&Migrations::new(&[FIRST]))
        .await
        .expect("the writer is free again");
}

#[tokio::test]
async fn two_of_one_name_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let database = Database::new("shop", options(&folder));
    let repeated = database.migrate(&Migrations::new(&[FIRST, FIRST])).await;
    assert!(
        matches!(repeated, Err(MigrationError::Repeated { .. })),
        "{repeated:?}"
    );
}

#[tokio::test]
async fn partitions_change_only_while_nothing_waits() {
    let folder = tempfile::tempdir().expect("folder");
    let with = |partitions| {
        Database::new(
            "shop",
            SqliteConfig {
                partitions,
                ..options(&folder)
            },
        )
    };
    let none = Migrations::new(&[]);
    with(32).migrate(&none).await.expect("migrate");
    let database = with(8);
    database
        .migrate(&none)
        .await
        .expect("an empty outbox is divided anew");
    let mut transaction = database.begin().await.expect("begin");
    transaction
        .record(&operation(), vec![event([1; 16], 1)], outcome([1; 16]))
        .await
        .expect("record");
    transaction.commit().await.expect("commit");
    let changed = with(16).migrate(&none).await;
    assert!(
        matches!(
            changed,
            Err(MigrationError::Partitions {
                stored: 8,
                configured: 16
            })
        ),
        "{changed:?}"
    );
}
