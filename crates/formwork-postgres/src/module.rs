//! The database as a module of an application.

use std::sync::Arc;

use formwork_app::{
    Class, Commit, Context, Declaration, Error as AppError, HealthCheck, Module, Policy, Reload,
    UuidV7, WireError, Wiring,
};
use formwork_domain::{BoxFuture, OperationLog};
use formwork_outbox::{IdempotencyStore, InboxStore, Notifier, OutboxStore, StoredOperations};

use crate::session::Spawner;
use crate::tenancy::Finding;
use crate::{
    Database, Error, Isolation, ListenNotifier, Migrations, PostgresConfig, PostgresStore, tenancy,
};

/// Provides a [`Database`] and the stores of the outbox in it; configured by `postgres`.
///
/// At start it connects and migrates. A database that cannot be reached then is a failed start;
/// later it makes the check `postgres` fail, which `postgres.required` makes a matter of readiness,
/// and heals by itself.
#[derive(Debug)]
pub struct PostgresModule {
    migrations: Migrations,
    tenants: bool,
    wired: Option<Wired>,
}

#[derive(Debug, Clone)]
struct Wired {
    database: Database,
    config: PostgresConfig,
}

impl PostgresModule {
    /// With the service's own migrations.
    pub fn new(migrations: Migrations) -> Self {
        Self {
            migrations,
            tenants: false,
            wired: None,
        }
    }

    /// The service has tenants: it does not start when the database would not keep them apart, see
    /// [`tenancy::check`] and `postgres.isolation`.
    #[must_use]
    pub fn for_tenants(mut self) -> Self {
        self.tenants = true;
        self
    }
}

impl Module for PostgresModule {
    fn declare(&self) -> Declaration {
        Declaration::new("postgres")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<PostgresConfig>("postgres")
            .wants::<dyn Notifier>()
            .wants::<ListenNotifier>()
            .provides::<Database>()
            .provides::<dyn OutboxStore>()
            .provides::<dyn InboxStore>()
            .provides::<dyn IdempotencyStore>()
            .provides::<dyn OperationLog>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: PostgresConfig = wiring.config()?;
        let database = Database::new(&config, &wiring.service().name, Arc::new(UuidV7));
        if let Some(notifier) = wiring.find::<dyn Notifier>() {
            database.notify(notifier);
        }
        if let Some(listener) = wiring.find::<ListenNotifier>() {
            listener.attach(&database);
        }
        let store = Arc::new(PostgresStore::new(database.clone()));
        wiring.provide::<Database>(Arc::new(database.clone()))?;
        wiring.provide::<dyn OutboxStore>(store.clone())?;
        wiring.provide::<dyn InboxStore>(store.clone())?;
        wiring.provide::<dyn IdempotencyStore>(store.clone())?;
        let operations = StoredOperations::new(store.clone(), store.clone());
        wiring.provide::<dyn OperationLog>(Arc::new(operations))?;
        let checked = database.clone();
        let probe = move || {
            let database = checked.clone();
            async move { database.check().await }
        };
        wiring.health_check(if config.required {
            HealthCheck::required("postgres", probe)
        } else {
            HealthCheck::optional("postgres", probe)
        })?;
        self.wired = Some(Wired { database, config });
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            let Some(wired) = &self.wired else {
                return Ok(());
            };
            wired.database.open_with(spawner(context));
            if wired.config.migrate {
                if self.tenants && wired.config.isolation == Isolation::Strict {
                    // Tables that were made as the wrong role would be in the way of the right one.
                    judged(
                        wired,
                        tenancy::foresee(&wired.database, &self.migrations).await,
                    )?;
                }
                let migrated = wired.database.migrate(&self.migrations).await;
                migrated.map_err(|error| {
                    AppError::dependency("could not bring the schema up to date")
                        .because(error)
                        .setting("url")
                })?;
            } else {
                let checked = wired.database.check().await;
                checked.map_err(|error| {
                    AppError::dependency("could not reach the database")
                        .because(error)
                        .setting("url")
                })?;
            }
            if self.tenants {
                isolated(wired).await?;
            }
            Ok(())
        })
    }

    /// Connects as it would be from now on, so that a wrong password or a role that sees the rows
    /// of every tenant changes nothing.
    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, AppError>> {
        Box::pin(async move {
            let Some(wired) = &self.wired else {
                return Ok(None);
            };
            let config = reload.config::<PostgresConfig>()?;
            if reload.changes("url") || reload.changes("password") {
                let service = &context.service().name;
                let trial = Wired {
                    database: Database::new(&config, service, Arc::new(UuidV7)),
                    config: (*config).clone(),
                };
                trial.database.open_with(spawner(context));
                trial.database.check().await.map_err(|error| {
                    AppError::dependency("could not reach the database")
                        .because(error)
                        .setting("url")
                })?;
                if self.tenants {
                    isolated(&trial).await?;
                }
                trial.database.close().await;
            }
            let database = wired.database.clone();
            let commit = move || database.reconfigure(&config);
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            if let Some(wired) = &self.wired {
                wired.database.close().await;
            }
            Ok(())
        })
    }
}

/// Runs connections as tasks of the module.
fn spawner(context: &Context) -> Spawner {
    let (tasks, stopping) = (context.tasks().clone(), context.stopping());
    Arc::new(move |connection| {
        let mut connection = Some(connection);
        let stopping = stopping.clone();
        // Ends with its connection, or with the module.
        tasks.spawn("connection", Policy::Once, move || {
            let connection = connection.take();
            let stopping = stopping.clone();
            async move {
                if let Some(connection) = connection {
                    stopping.run_until_cancelled(connection).await;
                }
                Ok(())
            }
        });
    })
}

/// Whether the database keeps tenants apart, and what follows when it does not.
async fn isolated(wired: &Wired) -> Result<(), AppError> {
    judged(wired, tenancy::check(&wired.database).await)
}

fn judged(wired: &Wired, findings: Result<Vec<Finding>, Error>) -> Result<(), AppError> {
    let findings = findings.map_err(|error| {
        AppError::dependency("could not check whether tenants are kept apart").because(error)
    })?;
    if findings.is_empty() {
        return Ok(());
    }
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    match wired.config.isolation {
        Isolation::Strict => {
            let message = format!(
                "the database does not keep tenants apart: {}",
                findings.join("; ")
            );
            Err(AppError::new(Class::Security, message))
        }
        Isolation::Warn => {
            for finding in findings {
                tracing::warn!(finding, "the database does not keep tenants apart");
            }
            Ok(())
        }
    }
}
