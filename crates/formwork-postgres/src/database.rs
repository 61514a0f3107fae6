//! The database as the adapters of a service see it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use formwork_config::Url;
use formwork_domain::{IdempotencyKey, Identifiers, Operation, Outcome, RepositoryError, TenantId};
use formwork_outbox::{Envelope, Notifier};

use crate::migrations::{Applied, MigrateError, Migrations};
use crate::pool::Pool;
use crate::session::{Connector, Settings, Spawner};
use crate::store::column;
use crate::tenancy::Scope;
use crate::{Error, PostgresConfig, Reader, Transaction, store_error};

/// How many partitions the outbox has. They are created by the first migration.
pub(crate) const PARTITIONS: u16 = 32;

/// A PostgreSQL database: transactions on connections of their own, reads on shared ones. Cheap to
/// clone.
///
/// ```no_run
/// use formwork_domain::{Operation, Outcome, RepositoryError};
/// use formwork_postgres::{Database, store_error};
///
/// async fn rename(database: &Database, operation: &Operation) -> Result<(), RepositoryError> {
///     const ATTEMPTED: &str = "rename order";
///     let (id, version) = ([7; 16], 1_i64);
///     let mut transaction = database.begin().await?;
///     let changed = transaction
///         .execute(
///             "UPDATE orders SET name = $1, version = version + 1 WHERE version = $2",
///             &[&"new", &version],
///         )
///         .await
///         .map_err(|error| store_error(ATTEMPTED, error))?;
///     if changed == 0 {
///         return Err(RepositoryError::Conflict);
///     }
///     transaction.record(operation, Vec::new(), Outcome { id, version: 2 }).await?;
///     transaction.commit().await
/// }
/// ```
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
    reader: Reader,
    tenant: Option<Arc<Scope>>,
}

struct Shared {
    connector: Arc<Connector>,
    /// Who migrates, when that is another role.
    migrator: Option<Arc<Connector>>,
    pool: Arc<Pool>,
    service: String,
    identifiers: Arc<dyn Identifiers>,
    notifier: OnceLock<Arc<dyn Notifier>>,
}

impl Database {
    /// The database of the service of this name. Nothing is opened yet.
    pub fn new(config: &PostgresConfig, service: &str, identifiers: Arc<dyn Identifiers>) -> Self {
        let connector = |url: Url| Arc::new(Connector::new(settings(config, &url)));
        let migrator = config.migrations_address().map(connector);
        let connector = connector(config.address());
        let pool = Pool::new(
            Arc::clone(&connector),
            config.connections,
            config.acquire_timeout,
        );
        Self {
            reader: Reader::new(Arc::clone(&connector), config.readers),
            tenant: None,
            shared: Arc::new(Shared {
                pool: Arc::new(pool),
                connector,
                migrator,
                service: service.to_owned(),
                identifiers,
                notifier: OnceLock::new(),
            }),
        }
    }

    /// Makes the database usable outside an application: for tests and tools. Its connections are
    /// driven by tasks of the current runtime and end with [`close`](Self::close).
    ///
    /// # Panics
    /// Later, when a connection is made outside a Tokio runtime.
    pub fn open(&self) {
        self.open_with(Arc::new(|connection| {
            tokio::spawn(connection);
        }));
    }

    pub(crate) fn open_with(&self, spawner: Spawner) -> bool {
        if let Some(migrator) = &self.shared.migrator {
            migrator.open(Arc::clone(&spawner));
        }
        self.shared.connector.open(spawner)
    }

    /// From now on reached and used like this. Transactions and queries that run go on as they
    /// were begun; their connections close when they are done.
    pub(crate) fn reconfigure(&self, config: &PostgresConfig) {
        let Shared {
            connector, pool, ..
        } = &*self.shared;
        connector.replace(settings(config, &config.address()));
        pool.resize(config.connections, config.acquire_timeout);
        self.reader.renew(config.readers);
    }

    /// From now on every commit with events hints at them.
    pub fn notify(&self, notifier: Arc<dyn Notifier>) {
        // The first one stays: there is one notifier in an application.
        self.shared.notifier.set(notifier).ok();
    }

    /// The same database, as one tenant sees it: every transaction and every read of it carries
    /// the tenant, and row level security leaves no other tenant's rows in sight. See
    /// [`tenancy`](crate::tenancy).
    #[must_use]
    pub fn for_tenant(&self, tenant: &TenantId) -> Self {
        let scope = Arc::new(Scope::new(tenant));
        Self {
            shared: Arc::clone(&self.shared),
            reader: self.reader.for_tenant(Arc::clone(&scope)),
            tenant: Some(scope),
        }
    }

    /// Whose rows it sees; `None` for the database as a whole.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref().map(|scope| scope.tenant())
    }

    /// Begins a unit of work.
    ///
    /// # Errors
    /// When the database cannot be reached, or all connections stay in use.
    pub async fn begin(&self) -> Result<Transaction, RepositoryError> {
        let lent = self.shared.pool.take().await;
        let lent = lent.map_err(|error| store_error("begin a transaction", error))?;
        Ok(Transaction::new(self.clone(), lent))
    }

    /// Queries outside transactions.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Brings the schema up to date: the tables of this crate, then `migrations`. Processes that
    /// do so at the same time take turns.
    ///
    /// With a `migrations_url` that happens as its role, and the service's role is allowed to use
    /// what is there: to read and write the tables, not to change or truncate them.
    ///
    /// # Errors
    /// When a migration fails, one that was applied has been changed since, or the role may not
    /// migrate.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<Applied, MigrateError> {
        let Shared {
            connector,
            migrator,
            ..
        } = &*self.shared;
        let session = migrator.as_ref().unwrap_or(connector);
        let session = session.connect("SET statement_timeout = 0").await?;
        let present = connector.settings();
        let user = match migrator {
            Some(_) => present.config()?.get_user(),
            None => None,
        };
        migrations.apply(&session, user).await
    }

    /// The role that migrates, when that is another than the service's and its address names it.
    pub(crate) fn migrator(&self) -> Result<Option<String>, Error> {
        let Some(migrator) = &self.shared.migrator else {
            return Ok(None);
        };
        let settings = migrator.settings();
        Ok(settings.config()?.get_user().map(str::to_owned))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), Error> {
        self.reader().query("SELECT 1", &[]).await.map(drop)
    }

    /// Closes all connections that are not in use, the others when they are given back. Nothing
    /// can be begun afterwards.
    pub async fn close(&self) {
        self.shared.pool.close();
        self.reader.close().await;
    }

    /// What the first use of an idempotency key led to.
    pub(crate) async fn outcome(
        &self,
        tenant: Option<&TenantId>,
        key: &IdempotencyKey,
    ) -> Result<Option<Outcome>, RepositoryError> {
        const ATTEMPTED: &str = "look up an idempotency key";
        const QUERY: &str = "SELECT fingerprint, id, version FROM formwork_idempotency \
             WHERE tenant = $1 AND scope = $2 AND key = $3";
        let row = self
            .reader()
            .query_opt(QUERY, &[&column(tenant), &key.scope, &key.key])
            .await;
        let Some(row) = row.map_err(|error| store_error(ATTEMPTED, error))? else {
            return Ok(None);
        };
        if row.get::<_, &str>("fingerprint") != key.fingerprint {
            return Err(RepositoryError::Replayed { outcome: None });
        }
        Ok(Some(Outcome {
            id: row.get::<_, uuid::Uuid>("id").into_bytes(),
            version: row.get::<_, i64>("version") as u64,
        }))
    }

    pub(crate) fn stamp(&self, envelope: &mut Envelope, operation: &Operation) {
        let id = self.shared.identifiers.next();
        envelope.stamp(&self.shared.service, id, operation);
    }

    pub(crate) fn committed(&self) {
        if let Some(notifier) = self.shared.notifier.get() {
            notifier.notify();
        }
    }

    /// What begins a transaction.
    pub(crate) fn begin_sql(&self) -> &str {
        self.tenant.as_ref().map_or("BEGIN", |scope| scope.begin())
    }

    pub(crate) fn connector(&self) -> &Arc<Connector> {
        &self.shared.connector
    }
}

fn settings(config: &PostgresConfig, url: &Url) -> Settings {
    Settings::new(
        url.expose(),
        config.connect_timeout,
        config.statement_timeout,
    )
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("service", &self.shared.service)
            .field("tenant", &self.tenant())
            .finish_non_exhaustive()
    }
}
