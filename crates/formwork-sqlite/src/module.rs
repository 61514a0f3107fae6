//! The database as a part of an application.

use std::sync::{Arc, Weak};
use std::time::Duration;

use formwork_app::{
    Commit, Context, Declaration, Error, HealthCheck, Module, Policy, Reload, WireError, Wiring,
};
use formwork_domain::{BoxFuture, Clock, Identifiers, OperationLog};
use formwork_outbox::{IdempotencyStore, InboxStore, Notifier, OutboxStore, StoredOperations};
use sqlx::SqlitePool;

use crate::{Database, Migrations, SqliteConfig};

/// Provides a [`Database`], and with it the outbox, the inbox and the idempotency keys. Brings the
/// schema up to date when it starts.
///
/// While it runs, everything but `sqlite.path` and `sqlite.partitions` can change: reads that are
/// under way end on the connections they began on, and so does an open transaction.
#[derive(Debug)]
pub struct SqliteModule {
    migrations: Migrations,
    database: Option<Database>,
}

impl SqliteModule {
    /// The module, with the service's migrations.
    pub const fn new(migrations: Migrations) -> Self {
        Self {
            migrations,
            database: None,
        }
    }
}

impl Module for SqliteModule {
    fn declare(&self) -> Declaration {
        Declaration::new("sqlite")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<SqliteConfig>("sqlite")
            .needs::<dyn Clock>()
            .needs::<dyn Identifiers>()
            .wants::<dyn Notifier>()
            .provides::<Database>()
            .provides::<dyn OutboxStore>()
            .provides::<dyn InboxStore>()
            .provides::<dyn IdempotencyStore>()
            .provides::<dyn OperationLog>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config = wiring.config::<SqliteConfig>()?;
        let mut database = Database::new(&wiring.service().name, config)
            .with_clock(wiring.get::<dyn Clock>()?)
            .with_identifiers(wiring.get::<dyn Identifiers>()?);
        if let Some(notifier) = wiring.find::<dyn Notifier>() {
            database = database.with_notifier(notifier);
        }
        let shared = Arc::new(database.clone());
        wiring.provide::<dyn OutboxStore>(Arc::clone(&shared) as _)?;
        wiring.provide::<dyn InboxStore>(Arc::clone(&shared) as _)?;
        wiring.provide::<dyn IdempotencyStore>(Arc::clone(&shared) as _)?;
        let operations = StoredOperations::new(Arc::clone(&shared) as _, Arc::clone(&shared) as _);
        wiring.provide::<dyn OperationLog>(Arc::new(operations))?;
        wiring.provide::<Database>(shared)?;
        let checked = database.clone();
        wiring.health_check(HealthCheck::required("sqlite", move || {
            let database = checked.clone();
            async move {
                sqlx::query("SELECT 1")
                    .execute(&*database.reader())
                    .await
                    .map(drop)
            }
        }))?;
        self.database = Some(database);
        Ok(())
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Some(database) = &self.database else {
                return Ok(());
            };
            let migrated = database.migrate(&self.migrations).await;
            migrated.map_err(|error| {
                Error::dependency("could not bring the database up to date")
                    .because(error)
                    .setting("path")
            })
        })
    }

    /// Reads the file as it would be read from now on, so that a file that is gone, or cannot be
    /// opened once more, changes nothing.
    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let Some(database) = self.database.clone() else {
                return Ok(None);
            };
            let config = reload.config::<SqliteConfig>()?;
            let readers = match READING.iter().any(|key| reload.changes(key)) {
                true => {
                    let readers = database.prepare(&config).await.map_err(|error| {
                        Error::dependency("could not read the database").because(error)
                    })?;
                    Some(Arc::new(readers))
                }
                false => None,
            };
            let (context, patience) = (context.clone(), reload.drain_timeout());
            let commit = move || {
                if let Some(before) = database.reconfigure(config, readers) {
                    retire(&context, Arc::downgrade(&before), patience);
                }
            };
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Some(database) = &self.database {
                database.close().await;
            }
            Ok(())
        })
    }
}

/// What the connections that read are opened with.
const READING: [&str; 3] = ["busy-timeout", "readers", "cache"];

/// Closes what is no longer read with, should somebody hold it for too long. It closes by itself
/// when nobody does.
fn retire(context: &Context, readers: Weak<SqlitePool>, patience: Duration) {
    let stopping = context.stopping();
    let tasks = context.tasks();
    tasks.spawn("retired-readers", Policy::Once, move || {
        let (stopping, readers) = (stopping.clone(), Weak::clone(&readers));
        async move {
            let patience = tokio::time::sleep(patience);
            if stopping.run_until_cancelled(patience).await.is_some()
                && let Some(readers) = readers.upgrade()
            {
                // Refuses at once; waits for the reads that are under way.
                stopping.run_until_cancelled(readers.close()).await;
            }
            Ok(())
        }
    });
}
