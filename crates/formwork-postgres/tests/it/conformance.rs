//! The contracts of the ports.

use std::sync::Arc;

use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError};
use formwork_outbox::{Envelope, IdempotencyStore, InboxStore, Notifier, OutboxStore};
use formwork_postgres::{Database, ListenNotifier, ListenNotifyModule, Migrations, PostgresModule};
use formwork_test::conformance::{self, Storage};

use crate::support::{Schema, server, store};

struct Postgres(Database);

impl Storage for Postgres {
    fn outbox(&self) -> Arc<dyn OutboxStore> {
        Arc::new(store(&self.0))
    }

    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::new(store(&self.0))
    }

    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        Arc::new(store(&self.0))
    }

    fn record<'a>(
        &'a self,
        operation: &'a Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), RepositoryError>> {
        Box::pin(async move {
            let mut transaction = self.0.begin().await?;
            transaction.record(operation, envelopes, outcome).await?;
            transaction.commit().await
        })
    }
}

/// Empty storages, each in a schema of its own; the schemas go at the end.
struct Storages {
    server: String,
    schemas: tokio::sync::Mutex<Vec<Schema>>,
}

impl Storages {
    fn new(server: String) -> Self {
        Self {
            server,
            schemas: tokio::sync::Mutex::default(),
        }
    }

    async fn make(&self) -> Postgres {
        let schema = Schema::create(&self.server).await;
        let database = schema.migrated().await;
        self.schemas.lock().await.push(schema);
        Postgres(database)
    }

    async fn drop(self) {
        for schema in self.schemas.into_inner() {
            schema.drop().await;
        }
    }
}

/// Shows a part of: S-30, S-32.
#[tokio::test]
async fn the_outbox_keeps_its_contract() {
    let Some(server) = server() else { return };
    let storages = Storages::new(server);
    conformance::outbox_store(async || storages.make().await).await;
    storages.drop().await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn the_inbox_keeps_its_contract() {
    let Some(server) = server() else { return };
    let storages = Storages::new(server);
    conformance::inbox(async || storages.make().await).await;
    storages.drop().await;
}

/// Shows a part of: S-23.
#[tokio::test]
async fn idempotency_keys_keep_their_contract() {
    let Some(server) = server() else { return };
    let storages = Storages::new(server);
    conformance::idempotency(async || storages.make().await).await;
    storages.drop().await;
}

#[tokio::test]
async fn the_notifier_keeps_its_contract() {
    let Some(server) = server() else { return };
    let storages = Storages::new(server);
    conformance::notifier(async || {
        let Postgres(database) = storages.make().await;
        let notifier = Arc::new(ListenNotifier::new());
        notifier.attach(&database);
        let running = notifier.clone();
        tokio::spawn(async move { running.run().await });
        notifier as Arc<dyn Notifier>
    })
    .await;
    storages.drop().await;
}

#[tokio::test]
async fn the_modules_are_modules() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let url = schema.url.clone();
    let migrations = || Migrations::new(&[("0001_orders.sql", "CREATE TABLE orders (id bytea)")]);
    conformance::module(move || PostgresModule::new(migrations()))
        .within(move |app| app.value("postgres.url", url.clone()))
        .await;
    let url = schema.url.clone();
    conformance::module(ListenNotifyModule::new)
        .within(move |app| {
            app.value("postgres.url", url.clone())
                .module(PostgresModule::new(migrations()))
        })
        .await;
    schema.drop().await;
}
