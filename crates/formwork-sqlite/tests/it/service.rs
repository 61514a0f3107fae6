//! The embedded default: SQLite, consumers in the process, polling.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use formwork_app::{Declaration, Module, StartError, Status, WireError, Wiring};
use formwork_config::{Environment, Loader, Section};
use formwork_domain::{BoxFuture, Timestamp};
use formwork_outbox::{
    ConsumersModule, Envelope, Handler, HandlerError, InProcessBrokerModule, OutboxStore,
    PollingModule, RelayModule,
};
use formwork_sqlite::{Database, Migrations, SqliteConfig, SqliteModule, store_error};
use formwork_test::{AppHarness, StartedApp, eventually};
use tokio::time::Duration;

use crate::crash::{child_database, run_and_kill};
use crate::support::{event, operation, outcome};

const PATIENCE: Duration = Duration::from_secs(20);

const PAYMENTS: Migrations = Migrations::new(&[(
    "0001_payment.sql",
    "CREATE TABLE payments (number INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL) STRICT;",
)]);

/// Writes a payment in the transaction that records the delivery.
struct Payments {
    database: Arc<Database>,
    /// Fails that often after the payment is committed, as if the process had gone away.
    forgets: Mutex<u32>,
}

impl Handler for Payments {
    fn consumer(&self) -> &str {
        "payments"
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let operation = envelope.operation(self.consumer(), 0, Timestamp::from_micros(0));
            let mut transaction = self.database.begin().await?;
            sqlx::query("INSERT INTO payments (message) VALUES (?)")
                .bind(&envelope.id)
                .execute(transaction.connection())
                .await
                .map_err(|error| store_error("save payment", error))?;
            transaction
                .record(&operation, Vec::new(), outcome([1; 16]))
                .await?;
            transaction.commit().await?;
            let mut forgets = self.forgets.lock().expect("not poisoned");
            if *forgets > 0 {
                *forgets -= 1;
                return Err(HandlerError::Retry("committed, but not said".into()));
            }
            Ok(())
        })
    }
}

struct PaymentsModule;

impl Module for PaymentsModule {
    fn declare(&self) -> Declaration {
        Declaration::new("payments")
            .needs::<Database>()
            .contributes::<dyn Handler>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let database = wiring.get::<Database>()?;
        wiring.contribute::<dyn Handler>(Arc::new(Payments {
            database,
            forgets: Mutex::new(2),
        }))
    }
}

fn database_only(path: &Path) -> AppHarness {
    AppHarness::new("shop")
        .module(SqliteModule::new(PAYMENTS))
        .module(PollingModule::new())
        .value("sqlite.path", path.display().to_string())
        .value("app.health-period", "20ms")
}

fn complete(path: &Path) -> AppHarness {
    database_only(path)
        .module(InProcessBrokerModule::new())
        .module(ConsumersModule::new())
        .module(RelayModule::new())
        .module(PaymentsModule)
}

async fn place(app: &StartedApp, sequence: u64) {
    place_in(app, 1, sequence).await;
}

async fn place_in(app: &StartedApp, aggregate: u8, sequence: u64) {
    let database = app.get::<Database>();
    let mut transaction = database.begin().await.expect("begin");
    transaction
        .record(
            &operation(),
            vec![event([aggregate; 16], sequence)],
            outcome([aggregate; 16]),
        )
        .await
        .expect("record");
    transaction.commit().await.expect("commit");
}

async fn payments(app: &StartedApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM payments")
        .fetch_one(&*app.get::<Database>().reader())
        .await
        .expect("payments")
}

async fn drained(app: &StartedApp) {
    let outbox = app.get::<dyn OutboxStore>();
    eventually("everything is handled", PATIENCE, async || {
        outbox.stats().await.expect("stats").pending == 0
    })
    .await;
}

/// Shows a part of: S-11, S-30.
#[tokio::test]
async fn events_survive_a_restart_and_are_handled_once() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("data/app.db");
    // Nobody handles anything in the first life.
    let app = database_only(&path).start().await;
    for sequence in 1..=3 {
        place(&app, sequence).await;
    }
    app.stop().await;

    let app = complete(&path).start().await;
    drained(&app).await;
    assert_eq!(
        payments(&app).await,
        3,
        "each once, although two were handed over twice"
    );
    place(&app, 4).await;
    drained(&app).await;
    assert_eq!(payments(&app).await, 4);
    app.stop().await;

    let app = complete(&path).start().await;
    assert_eq!(payments(&app).await, 4);
    app.stop().await;
}

#[tokio::test]
async fn the_component_sqlite_is_watched() {
    let folder = tempfile::tempdir().expect("folder");
    let app = database_only(&folder.path().join("app.db")).start().await;
    let status = || {
        let report = app.health().report();
        report.component("sqlite").map(|component| component.status)
    };
    eventually("the database is healthy", PATIENCE, async || {
        status() == Some(Status::Healthy)
    })
    .await;
    assert!(app.health().ready());
    app.get::<Database>().reader().close().await;
    eventually("the database is unhealthy", PATIENCE, async || {
        status() == Some(Status::Unhealthy)
    })
    .await;
    assert!(!app.health().ready());
    app.stop().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_keeps_the_service_from_starting() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("app.db");
    std::fs::write(
        &path,
        "not a database, however long one looks at it".repeat(40),
    )
    .expect("write");
    let refused = database_only(&path).try_start().await.expect_err("refused");
    assert!(matches!(refused, StartError::Modules { .. }), "{refused:?}");
    assert!(format!("{refused:?}").contains("could not bring the database up to date"));
}

#[test]
fn the_compiled_defaults_are_those_of_the_struct() {
    let nothing: [(String, String); 0] = [];
    let loader = Loader::new("shop").with_environment(Environment::of(nothing));
    let snapshot = loader
        .load(&[Section::of::<SqliteConfig>("sqlite")])
        .expect("valid");
    let config: SqliteConfig = snapshot.get("sqlite").expect("valid");
    assert_eq!(config, SqliteConfig::at("data/app.db"));
}

/// Set in the child: the database of its service.
const CHILD: &str = "FORMWORK_SQLITE_TEST_SERVICE";

/// The child is a complete service. It places orders for ever and says so once each is committed,
/// while its relay and its consumer are at work.
#[tokio::test]
async fn child() {
    let Some(path) = child_database(CHILD) else {
        return;
    };
    let app = complete(&path).value("outbox.lease", "300ms").start().await;
    for number in 0_u64.. {
        place(&app, number).await;
        println!("applied {number}");
    }
}

/// Relay and consumer are killed together with the producer, again and again.
///
/// Shows a part of: S-30.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_a_service_loses_no_event_and_repeats_no_effect() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("app.db");
    let mut promised = 0;
    for lines in [3, 20, 61, 110] {
        let file = path.clone();
        let killed = move || run_and_kill(&file, CHILD, "service::child", lines);
        let highest = tokio::task::spawn_blocking(killed)
            .await
            .expect("the child is watched");
        promised += highest.expect("the child placed something") + 1;
    }
    let app = complete(&path).start().await;
    drained(&app).await;
    let paid = paid(&app).await;
    let (events,): (i64,) = sqlx::query_as("SELECT count(*) FROM outbox")
        .fetch_one(&*app.get::<Database>().reader())
        .await
        .expect("events");
    assert!(
        events >= promised.cast_signed(),
        "every committed event is there"
    );
    assert_eq!(paid.len() as i64, events, "every event has its effect");
    assert_once_in_order(&paid);
    app.stop().await;
}

/// Payments in the order they were made: position, key and identifier of their events.
async fn paid(app: &StartedApp) -> Vec<(i64, String, String)> {
    sqlx::query_as(
        "SELECT o.position, o.key, p.message FROM payments p \
         JOIN outbox o ON o.event ->> 'id' = p.message ORDER BY p.number",
    )
    .fetch_all(&*app.get::<Database>().reader())
    .await
    .expect("payments")
}

fn assert_once_in_order(paid: &[(i64, String, String)]) {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (position, key, message) in paid {
        let before = last.insert(key, *position);
        assert!(
            before < Some(*position),
            "{message}: twice, or out of order"
        );
    }
}

/// Two services share the file and the partitions; one of them vanishes.
///
/// Shows a part of: S-30.
#[tokio::test(flavor = "multi_thread")]
async fn two_services_on_one_file_handle_each_event_once_and_in_order() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("app.db");
    let start = || complete(&path).value("outbox.lease", "300ms").start();
    let (one, other) = (start().await, start().await);
    for sequence in 1..=15 {
        for aggregate in 1..=6 {
            place_in(&one, aggregate, sequence).await;
        }
    }
    // Dropped, not stopped: its tasks are cut off where they stand.
    drop(one);
    for sequence in 16..=20 {
        for aggregate in 1..=6 {
            place_in(&other, aggregate, sequence).await;
        }
    }
    drained(&other).await;
    let paid = paid(&other).await;
    assert_eq!(paid.len(), 120);
    assert_once_in_order(&paid);
    other.stop().await;
}
