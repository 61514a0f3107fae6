//! One writer, a few readers.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use formwork_app::{SystemClock, UuidV7};
use formwork_domain::{Clock, Identifiers, RepositoryError, Timestamp};
use formwork_outbox::Notifier;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::{MigrationError, Migrations, SqliteConfig, Synchronous, Transaction, migrations};

/// How long to wait until a file that is just being set up by somebody else is opened again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);

/// A SQLite file with one writer and a few readers. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) service: String,
    pub(crate) path: PathBuf,
    pub(crate) partitions: u16,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identifiers: Arc<dyn Identifiers>,
    pub(crate) notifier: Option<Arc<dyn Notifier>>,
    writers: Arc<Mutex<Writers>>,
    access: ArcSwap<Access>,
}

/// How the file is used, and read, until the configuration changes.
struct Access {
    config: Arc<SqliteConfig>,
    readers: Arc<SqlitePool>,
}

/// The connections that write, opened when first needed. Only one of them at a time does.
#[derive(Default)]
pub(crate) struct Writers {
    durable: Option<Writer>,
    relaxed: Option<Writer>,
}

struct Writer {
    connection: SqliteConnection,
    /// What it was opened with.
    config: Arc<SqliteConfig>,
}

/// What a write promises when it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What the configuration says.
    Durable,
    /// It survives a crash of the process only. For what is repeated harmlessly when it is lost:
    /// leases, and the marks of what was sent. Spares the disk, and those who wait for it.
    Relaxed,
}

impl Database {
    /// The database of the service with this name. Nothing is opened yet: that happens in
    /// [`migrate`](Self::migrate), or when it is first used.
    pub fn new(service: &str, config: SqliteConfig) -> Self {
        let readers = Arc::new(readers(&config));
        Self {
            shared: Arc::new(Shared {
                service: service.to_owned(),
                path: config.path.clone(),
                partitions: config.partitions,
                clock: Arc::new(SystemClock),
                identifiers: Arc::new(UuidV7),
                notifier: None,
                writers: Arc::default(),
                access: ArcSwap::from_pointee(Access {
                    config: Arc::new(config),
                    readers,
                }),
            }),
        }
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|shared| shared.clock = clock)
    }

    /// Takes the identifiers of events from here.
    #[must_use]
    pub fn with_identifiers(self, identifiers: Arc<dyn Identifiers>) -> Self {
        self.with(|shared| shared.identifiers = identifiers)
    }

    /// Notifies after every commit that recorded events.
    #[must_use]
    pub fn with_notifier(self, notifier: Arc<dyn Notifier>) -> Self {
        self.with(|shared| shared.notifier = Some(notifier))
    }

    /// Opens the file, creating it and its folder, and brings the schema up to date: first the
    /// runtime's tables, then the service's migrations that are new.
    ///
    /// # Errors
    /// When the file cannot be opened, a migration fails (none of them is applied then), or one
    /// that was applied has changed since.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), MigrationError> {
        migrations::run(self, migrations).await
    }

    /// Begins to write. Waits for its turn.
    ///
    /// Dropping the transaction undoes it. While it is open, nothing else in the process writes:
    /// do not wait for anything but the database, and do not begin a second one.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`]
    pub async fn begin(&self) -> Result<Transaction, RepositoryError> {
        self.begin_with(Promise::Durable)
            .await
            .map_err(|error| RepositoryError::unavailable("begin a transaction", error))
    }

    /// Where to read: the state of the last commit, also while somebody writes.
    ///
    /// Ask for it for each read: `query.fetch_all(&*database.reader())`. When the configuration
    /// changes there is another pool; the old one closes when nobody holds it any more, or when
    /// the time to drain is over.
    pub fn reader(&self) -> Arc<SqlitePool> {
        Arc::clone(&self.shared.access.load().readers)
    }

    /// What reads with this configuration. It has read the file.
    pub(crate) async fn prepare(&self, config: &SqliteConfig) -> Result<SqlitePool, sqlx::Error> {
        let readers = readers(config);
        // Opening reads nothing.
        sqlx::query("SELECT count(*) FROM sqlite_schema")
            .execute(&readers)
            .await?;
        Ok(readers)
    }

    /// From now on used like this, and read with `readers`, or as before when there are none. What
    /// writes is opened anew for the next transaction. Returns what was read with before, if that
    /// is replaced.
    pub(crate) fn reconfigure(
        &self,
        config: Arc<SqliteConfig>,
        readers: Option<Arc<SqlitePool>>,
    ) -> Option<Arc<SqlitePool>> {
        let replaced = readers.is_some();
        let before = self.reader();
        let readers = readers.unwrap_or_else(|| Arc::clone(&before));
        self.shared
            .access
            .store(Arc::new(Access { config, readers }));
        replaced.then_some(before)
    }

    /// Closes every connection, after the open transaction has ended.
    pub async fn close(&self) {
        self.reader().close().await;
        let mut writers = self.shared.writers.lock().await;
        for writer in [writers.durable.take(), writers.relaxed.take()] {
            if let Some(writer) = writer
                && let Err(error) = writer.connection.close().await
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not close the database"
                );
            }
        }
    }

    pub(crate) async fn begin_with(&self, promise: Promise) -> Result<Transaction, sqlx::Error> {
        let writers = Arc::clone(&self.shared.writers).lock_owned();
        let mut writers = timeout(self.config().busy_timeout, writers)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?;
        let config = self.config();
        if !writers.fit(promise, &config) {
            // Before the old one closes: the last to close a file tidies it up, at length.
            let connection = connect(&config, promise).await?;
            *writers.place(promise) = Some(Writer { connection, config });
        }
        Transaction::begin(self.clone(), writers, promise).await
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// How it is used now.
    pub(crate) fn config(&self) -> Arc<SqliteConfig> {
        Arc::clone(&self.shared.access.load().config)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        let shared = Arc::get_mut(&mut self.shared);
        change(shared.expect("a database is completed before it is cloned"));
        self
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("service", &self.shared.service)
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

impl Writers {
    pub(crate) fn get(&mut self, promise: Promise) -> Option<&mut SqliteConnection> {
        let writer = self.place(promise).as_mut();
        writer.map(|writer| &mut writer.connection)
    }

    /// Lets a connection go that is broken; the next transaction opens another.
    pub(crate) fn forget(&mut self, promise: Promise) {
        *self.place(promise) = None;
    }

    /// Whether there is a connection, opened with this configuration.
    fn fit(&mut self, promise: Promise, config: &Arc<SqliteConfig>) -> bool {
        let writer = self.place(promise);
        writer
            .as_ref()
            .is_some_and(|writer| Arc::ptr_eq(&writer.config, config))
    }

    fn place(&mut self, promise: Promise) -> &mut Option<Writer> {
        match promise {
            Promise::Durable => &mut self.durable,
            Promise::Relaxed => &mut self.relaxed,
        }
    }
}

fn readers(config: &SqliteConfig) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(config.readers.max(1))
        .min_connections(0)
        .acquire_timeout(config.busy_timeout)
        .test_before_acquire(false)
        // Neither, so that the pool needs no task of its own.
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(connect_options(config, config.synchronous).read_only(true))
}

/// Opens the file to write, creating it.
async fn connect(config: &SqliteConfig, promise: Promise) -> Result<SqliteConnection, sqlx::Error> {
    let synchronous = match promise {
        Promise::Durable => config.synchronous,
        Promise::Relaxed => Synchronous::Normal,
    };
    let options = connect_options(config, synchronous)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    // When several processes open a new file at once, each wants to turn it into a WAL database.
    // SQLite refuses all but one of them at once, without its busy timeout: waiting with a shared
    // lock held would be a deadlock.
    let until = Instant::now() + config.busy_timeout;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && Instant::now() < until => {
                sleep(BETWEEN_ATTEMPTS).await;
            }
            result => return result,
        }
    }
}

/// Whether somebody else holds a lock of the file: the low byte of an extended result code is the
/// code, 5 is `SQLITE_BUSY`.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

fn connect_options(config: &SqliteConfig, synchronous: Synchronous) -> SqliteConnectOptions {
    let synchronous = match synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    SqliteConnectOptions::new()
        .filename(&config.path)
        .synchronous(synchronous)
        .busy_timeout(config.busy_timeout)
        .foreign_keys(true)
        // Negative: in KiB rather than in pages.
        .pragma(
            "cache_size",
            format!("-{}", config.cache.as_u64().div_ceil(1_024)),
        )
        .disable_statement_logging()
}
