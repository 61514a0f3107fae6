//! SQLite keeps the contracts of the storage ports.

use formwork_sqlite::{Migrations, SqliteModule};
use formwork_test::conformance;

use crate::support::Subject;

#[tokio::test]
async fn database_is_an_outbox_store() {
    conformance::outbox_store(Subject::new).await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn database_is_an_inbox() {
    conformance::inbox(Subject::new).await;
}

/// Shows a part of: S-23.
#[tokio::test]
async fn database_keeps_idempotency_keys() {
    conformance::idempotency(Subject::new).await;
}

#[tokio::test]
async fn the_module_is_a_module() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("service.db").display().to_string();
    conformance::module(|| SqliteModule::new(Migrations::new(&[])))
        .within(move |app| app.value("sqlite.path", path.clone()))
        .await;
}
