//! A database of its own for each test.

use std::sync::Arc;

use formwork_sqlite::{Database, Migrations, SqliteConfig};
use infrastructure::persistence::sqlite::MIGRATIONS;
use tempfile::TempDir;

/// An empty database, and the folder that is removed with it.
pub async fn database() -> Option<(Arc<Database>, TempDir)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = SqliteConfig::at(folder.path().join("test.db"));
    let database = Database::new("test", config);
    let migrated = database.migrate(&Migrations::new(MIGRATIONS)).await;
    migrated.expect("the migrations run");
    Some((Arc::new(database), folder))
}
