//! Bringing the schema up to date.

use formwork_postgres::{MigrateError, Migrations};

use crate::support::{Schema, server};

const ORDERS: (&str, &str) = (
    "0001_orders.sql",
    "CREATE TABLE orders (id uuid PRIMARY KEY)",
);
const LINES: (&str, &str) = ("0002_lines.sql", "CREATE TABLE lines (id uuid PRIMARY KEY)");

#[tokio::test]
async fn what_is_missing_is_applied_once() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.database(&schema.config());
    let first = database.migrate(&Migrations::new(&[ORDERS])).await;
    assert_eq!(
        first.expect("migrations").names,
        [
            "formwork/0001_outbox.sql",
            "formwork/0002_tenants.sql",
            "0001_orders.sql"
        ]
    );
    let second = database.migrate(&Migrations::new(&[ORDERS, LINES])).await;
    assert_eq!(second.expect("migrations").names, ["0002_lines.sql"]);
    schema.drop().await;
}

/// Shows a part of: S-53.
#[tokio::test]
async fn processes_that_migrate_together_take_turns() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let migrations = Migrations::new(&[ORDERS, LINES]);
    let databases: Vec<_> = (0..8).map(|_| schema.database(&schema.config())).collect();
    let runs = databases
        .iter()
        .map(|database| database.migrate(&migrations));
    let applied = futures_util::future::try_join_all(runs)
        .await
        .expect("migrations");
    let total: usize = applied.iter().map(|applied| applied.names.len()).sum();
    assert_eq!(total, 4, "{applied:?}");
    schema.drop().await;
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_can_be_corrected() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.database(&schema.config());
    let broken = Migrations::new(&[
        ORDERS,
        (
            "0002_lines.sql",
            "CREATE TABLE lines (id uuid PRIMARY KEY); SELECT 1/0",
        ),
    ]);
    let error = database.migrate(&broken).await.expect_err("a failure");
    assert_eq!(error.to_string(), "migration `0002_lines.sql` failed");
    let corrected = database.migrate(&Migrations::new(&[ORDERS, LINES])).await;
    assert_eq!(corrected.expect("migrations").names, ["0002_lines.sql"]);
    schema.drop().await;
}

#[tokio::test]
async fn changed_migrations_are_refused_all_at_once() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.database(&schema.config());
    let migrations = Migrations::new(&[ORDERS, LINES]);
    database.migrate(&migrations).await.expect("migrations");
    let changed = Migrations::new(&[
        ("0001_orders.sql", "SELECT 1"),
        ("0002_lines.sql", "SELECT 2"),
    ]);
    let Err(MigrateError::Changed(names)) = database.migrate(&changed).await else {
        panic!("expected the changes to be noticed");
    };
    assert_eq!(names, ["0001_orders.sql", "0002_lines.sql"]);
    // How lines end is no change.
    let carriage = ORDERS.1.replace('(', "\r(");
    let same = Migrations::new(&[("0001_orders.sql", &carriage), LINES]);
    assert!(database.migrate(&same).await.is_ok());
    schema.drop().await;
}
