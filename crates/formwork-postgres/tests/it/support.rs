//! A schema of its own for each test.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use formwork_domain::{Identifiers, Operation, Outcome, RepositoryError, Timestamp};
use formwork_outbox::Envelope;
use formwork_postgres::{Database, Migrations, PostgresConfig, PostgresStore};
use tokio_postgres::NoTls;

/// The server's URL. Says so when there is none.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("FORMWORK_TEST_POSTGRES_URL")
        .ok()
        .filter(|url| !url.is_empty());
    if url.is_none() {
        let test = std::thread::current();
        // Not `eprintln!`, which is only shown when the test fails.
        writeln!(
            std::io::stderr(),
            "skipped: {} needs FORMWORK_TEST_POSTGRES_URL",
            test.name().unwrap_or("a test")
        )
        .ok();
    }
    url
}

/// A schema that goes when the test is over.
pub(crate) struct Schema {
    pub(crate) url: String,
    server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn create(server: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        run(
            server,
            &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"),
        )
        .await;
        let separator = if server.contains('?') { '&' } else { '?' };
        Self {
            url: format!(
                "{server}{separator}options=-csearch_path%3D{name}&application_name={name}"
            ),
            server: server.to_owned(),
            name,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        PostgresConfig::new(self.url.parse().expect("an address"))
    }

    /// A database in the schema, without tables.
    pub(crate) fn database(&self, config: &PostgresConfig) -> Database {
        let database = Database::new(config, "shop", Arc::new(Counting::default()));
        database.open();
        database
    }

    /// A database in the schema with the tables of this crate and one of ours.
    pub(crate) async fn migrated(&self) -> Database {
        let database = self.database(&self.config());
        let orders = "CREATE TABLE orders (id bytea PRIMARY KEY, number text UNIQUE, version bigint NOT NULL)";
        let migrations = Migrations::new(&[("0001_orders.sql", orders)]);
        database.migrate(&migrations).await.expect("migrations");
        database
    }

    pub(crate) async fn drop(self) {
        run(
            &self.server,
            &format!("SET lock_timeout = '5s'; DROP SCHEMA {} CASCADE", self.name),
        )
        .await;
    }
}

/// Runs SQL on a connection of its own.
pub(crate) async fn run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driver.await.expect("the driver").expect("the connection");
}

/// Identifiers that count.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Identifiers for Counting {
    fn next(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        // The process's share keeps those of several databases apart.
        let share = std::ptr::from_ref(self) as u64;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&share.to_be_bytes());
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        bytes
    }
}

pub(crate) fn operation() -> Operation {
    Operation::new(Timestamp::from_micros(1))
}

/// The event of an order.
pub(crate) fn event(order: u8, sequence: u64) -> Envelope {
    let data = serde_json::json!({ "sequence": sequence });
    Envelope::new("order.placed", 1, "order", [order; 16], sequence, data)
}

/// Commits events in a transaction of their own.
pub(crate) async fn commit(
    database: &Database,
    operation: &Operation,
    events: Vec<Envelope>,
) -> Result<(), RepositoryError> {
    let mut transaction = database.begin().await?;
    let outcome = Outcome {
        id: [1; 16],
        version: 1,
    };
    transaction.record(operation, events, outcome).await?;
    transaction.commit().await
}

pub(crate) fn store(database: &Database) -> PostgresStore {
    PostgresStore::new(database.clone())
}
