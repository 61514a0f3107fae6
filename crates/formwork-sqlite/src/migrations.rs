//! Bringing the schema up to date.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

use crate::{Database, Transaction};

/// The service's migrations: SQL files, applied once, in the order they are given.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    files: &'static [(&'static str, &'static str)],
}

impl Migrations {
    /// Migrations from pairs of file name and SQL. The name identifies a migration; its SQL must
    /// not change once it was applied, and must not contain `BEGIN` or `COMMIT`.
    pub const fn new(files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files }
    }
}

/// Why the schema could not be brought up to date. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The folder of the database could not be created.
    #[error("could not create the folder of `{}`", path.display())]
    Folder {
        /// The database.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database could not be opened, or not be read.
    #[error("could not {attempted} in `{}`", path.display())]
    Database {
        /// What was being attempted.
        attempted: &'static str,
        /// The database.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("could not apply migration `{name}`")]
    Failed {
        /// Its file name.
        name: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// Migrations were changed after they had been applied.
    #[error(
        "changed after they were applied: `{}`; restore them and put the change into a new migration",
        names.join("`, `")
    )]
    Changed {
        /// Their file names.
        names: Vec<String>,
    },
    /// Two migrations have the same name.
    #[error("two migrations are called `{name}`")]
    Repeated {
        /// The file name.
        name: String,
    },
    /// The number of outbox partitions was changed while events were waiting.
    #[error(
        "the outbox has {stored} partitions and events are waiting, expected {configured} partitions; change their number only while the outbox is empty"
    )]
    Partitions {
        /// As many as there are.
        stored: i64,
        /// As many as were asked for.
        configured: u16,
    },
}

const RUNTIME: &[(&str, &str)] = &[
    (
        "runtime/0001_runtime.sql",
        include_str!("sql/0001_runtime.sql"),
    ),
    (
        "runtime/0002_tenants.sql",
        include_str!("sql/0002_tenants.sql"),
    ),
];

/// Applies what is missing, all in one transaction. It holds SQLite's write lock, so that several
/// processes starting at once take turns and the later ones find nothing to do.
pub(crate) async fn run(database: &Database, service: &Migrations) -> Result<(), MigrationError> {
    let path = &database.shared().path;
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|source| MigrationError::Folder {
                path: path.clone(),
                source,
            })?;
    }
    let failed = |attempted: &'static str| {
        move |source| MigrationError::Database {
            attempted,
            path: path.clone(),
            source,
        }
    };
    let mut transaction = database
        .begin_with(crate::database::Promise::Durable)
        .await
        .map_err(failed("begin a transaction"))?;
    let applied = applied(&mut transaction)
        .await
        .map_err(failed("read the applied migrations"))?;
    let all: Vec<_> = RUNTIME.iter().chain(service.files).collect();
    check(&all, &applied)?;
    for (name, sql) in all {
        if applied.iter().any(|(known, _)| known == name) {
            continue;
        }
        apply(&mut transaction, database, name, sql)
            .await
            .map_err(|source| MigrationError::Failed {
                name: (*name).to_owned(),
                source,
            })?;
        tracing::info!(migration = name, "applied a migration");
    }
    partition(&mut transaction, database.shared().partitions)
        .await
        .map_err(failed("set the outbox partitions up"))??;
    transaction
        .finish()
        .await
        .map_err(failed("commit the migrations"))
}

/// Every mistake of one kind is reported at once.
fn check(
    all: &[&(&'static str, &'static str)],
    applied: &[(String, String)],
) -> Result<(), MigrationError> {
    for (index, (name, _)) in all.iter().enumerate() {
        if all[..index].iter().any(|(other, _)| other == name) {
            return Err(MigrationError::Repeated {
                name: (*name).to_owned(),
            });
        }
    }
    let names: Vec<_> = all
        .iter()
        .filter(|(name, sql)| {
            let known = applied.iter().find(|(known, _)| known == name);
            known.is_some_and(|(_, sum)| *sum != checksum(sql))
        })
        .map(|(name, _)| (*name).to_owned())
        .collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(MigrationError::Changed { names })
    }
}

async fn applied(transaction: &mut Transaction) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS migrations (\
             name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied INTEGER NOT NULL\
         ) STRICT, WITHOUT ROWID",
    )
    .execute(transaction.connection())
    .await?;
    sqlx::query_as("SELECT name, checksum FROM migrations")
        .fetch_all(transaction.connection())
        .await
}

async fn apply(
    transaction: &mut Transaction,
    database: &Database,
    name: &str,
    sql: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(transaction.connection()).await?;
    sqlx::query("INSERT INTO migrations (name, checksum, applied) VALUES (?, ?, ?)")
        .bind(name)
        .bind(checksum(sql))
        .bind(database.now().as_micros())
        .execute(transaction.connection())
        .await?;
    Ok(())
}

/// One lease row per partition. Their number can change only while no row depends on it.
async fn partition(
    transaction: &mut Transaction,
    configured: u16,
) -> Result<Result<(), MigrationError>, sqlx::Error> {
    let (stored, waiting): (i64, bool) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM outbox_leases), \
                EXISTS (SELECT 1 FROM outbox WHERE sent IS NULL) \
                OR EXISTS (SELECT 1 FROM outbox_dead)",
    )
    .fetch_one(transaction.connection())
    .await?;
    if stored == i64::from(configured) {
        return Ok(Ok(()));
    }
    if waiting {
        return Ok(Err(MigrationError::Partitions { stored, configured }));
    }
    let statement = format!(
        "DELETE FROM outbox_leases WHERE partition >= {configured}; \
         INSERT OR IGNORE INTO outbox_leases (partition) \
         WITH RECURSIVE numbers (n) AS \
         (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {configured}) \
         SELECT n FROM numbers"
    );
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(transaction.connection())
        .await?;
    Ok(Ok(()))
}

/// The checksum of a migration, whatever the line ends of the checkout.
fn checksum(sql: &str) -> String {
    let digest = Sha256::digest(sql.replace("\r\n", "\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
