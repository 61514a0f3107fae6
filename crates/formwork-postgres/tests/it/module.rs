//! The modules in an application.

use std::sync::Arc;
use std::time::Duration;

use formwork_app::{App, Context, Declaration, Error, Module, ServiceInfo, WireError, Wiring};
use formwork_config::{Environment, Loader};
use formwork_domain::BoxFuture;
use formwork_outbox::{IdempotencyStore, InboxStore, Notifier, OutboxStore};
use formwork_postgres::{Database, ListenNotifyModule, Migrations, PostgresModule};

use crate::support::{Schema, commit, event, operation, run, server};

/// Uses what the modules provide, so that wiring has a reason to.
struct User;

impl Module for User {
    fn declare(&self) -> Declaration {
        Declaration::new("user")
            .needs::<Database>()
            .needs::<dyn Notifier>()
            .needs::<dyn OutboxStore>()
            .needs::<dyn InboxStore>()
            .needs::<dyn IdempotencyStore>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.get::<Database>().map(drop)
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

fn app(url: &str) -> App {
    let loader = Loader::new("shop")
        .with_environment(Environment::of::<String, String>([]))
        .with_value("postgres.url", url);
    let migrations = Migrations::new(&[("0001_orders.sql", "CREATE TABLE orders (id bytea)")]);
    App::new(ServiceInfo::new("shop", "1.0.0"))
        .config(loader)
        .module(User)
        .module(PostgresModule::new(migrations))
        .module(ListenNotifyModule::new())
}

/// Shows a part of: S-53.
#[tokio::test]
async fn an_application_migrates_commits_hints_and_stops() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let running = app(&schema.url).start().await.expect("a start");
    let database = running.get::<Database>().expect("the database");
    let notifier: Arc<dyn Notifier> = running.get().expect("the notifier");
    let mut hints = notifier.subscribe();
    commit(&database, &operation(), vec![event(1, 1)])
        .await
        .expect("committed");
    tokio::time::timeout(Duration::from_secs(5), hints.next())
        .await
        .expect("a hint");
    let outbox = running.get::<dyn OutboxStore>().expect("the outbox");
    assert_eq!(outbox.stats().await.expect("stats").pending, 1);
    running.stop().await.expect("a clean stop");
    schema.drop().await;
}

#[tokio::test]
async fn backends_that_are_killed_are_replaced() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let running = app(&schema.url).start().await.expect("a start");
    let database = running.get::<Database>().expect("the database");
    commit(&database, &operation(), vec![event(1, 1)])
        .await
        .expect("committed");
    let rows = database.reader().query("SELECT 1", &[]).await;
    assert_eq!(rows.expect("an answer").len(), 1);
    // All that ever ran in the schema: the setting is part of the session.
    let name = schema.name();
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = '{name}' AND pid <> pg_backend_pid()"
    );
    run(&server, &kill).await;
    database.check().await.expect("a new connection");
    // A transaction does not try again by itself: its caller does.
    formwork_test::eventually("a commit", Duration::from_secs(5), async || {
        let events = vec![event(1, 2)];
        commit(&database, &operation(), events).await.is_ok()
    })
    .await;
    running.stop().await.expect("a clean stop");
    schema.drop().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_fails_the_start_without_telling_the_password() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let error = app(&format!("postgres://a:hunter2@127.0.0.1:{port}/b"))
        .start()
        .await;
    let error = format!("{:?}", error.expect_err("a failed start"));
    assert!(
        error.contains("could not bring the schema up to date"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}
