//! A database in a folder that goes with it.

use std::sync::Arc;

use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError, Timestamp};
use formwork_outbox::{Envelope, IdempotencyStore, InboxStore, OutboxStore};
use formwork_sqlite::{Database, Migrations, SqliteConfig};
use formwork_test::conformance::Storage;
use tempfile::TempDir;

pub(crate) struct Subject {
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
}

impl Subject {
    /// An empty database with the runtime's tables.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// One with the service's migrations applied.
    pub(crate) async fn with(files: &'static [(&'static str, &'static str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = Database::new("shop", SqliteConfig::at(folder.path().join("data/app.db")));
        database
            .migrate(&Migrations::new(files))
            .await
            .expect("an empty database is migrated");
        Self { database, folder }
    }
}

impl Storage for Subject {
    fn outbox(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.database.clone())
    }

    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::new(self.database.clone())
    }

    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        Arc::new(self.database.clone())
    }

    fn record<'a>(
        &'a self,
        operation: &'a Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), RepositoryError>> {
        Box::pin(async move {
            let mut transaction = self.database.begin().await?;
            transaction.record(operation, envelopes, outcome).await?;
            transaction.commit().await
        })
    }
}

pub(crate) fn operation() -> Operation {
    Operation::new(Timestamp::from_micros(1_772_357_400_000_000))
}

pub(crate) fn event(aggregate: [u8; 16], sequence: u64) -> Envelope {
    let data = serde_json::json!({ "total": 1_250 });
    Envelope::new("order.placed", 1, "order", aggregate, sequence, data)
}

pub(crate) fn outcome(aggregate: [u8; 16]) -> Outcome {
    Outcome {
        id: aggregate,
        version: 1,
    }
}
