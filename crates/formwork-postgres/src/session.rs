//! A connection with the statements that were prepared on it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use formwork_domain::BoxFuture;
use futures_util::future::join3;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use crate::{DatabaseError, Error};

/// How many statements a connection keeps prepared. Generated code has far fewer; the limit is
/// for texts that are put together.
const STATEMENTS: usize = 500;

/// A parameter of a statement.
pub(crate) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Runs what keeps a connection going.
pub(crate) type Spawner = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// Makes connections.
pub(crate) struct Connector {
    settings: ArcSwap<Settings>,
    /// Counts the settings that connections must not outlive.
    epoch: Arc<AtomicU64>,
    replaced: Notify,
    spawner: OnceLock<Spawner>,
}

/// How connections are made.
pub(crate) struct Settings {
    config: Result<Config, Arc<DatabaseError>>,
    timeout: Duration,
    statement_timeout: Duration,
}

impl Settings {
    pub(crate) fn new(url: &str, timeout: Duration, statement_timeout: Duration) -> Self {
        let config = url.parse().map(|mut config: Config| {
            if config.get_application_name().is_none() {
                config.application_name("formwork");
            }
            config
        });
        Self {
            config: config.map_err(|error: tokio_postgres::Error| Arc::new(error.into())),
            timeout,
            statement_timeout,
        }
    }

    /// For those who drive a connection themselves.
    pub(crate) fn config(&self) -> Result<&Config, Error> {
        self.config
            .as_ref()
            .map_err(|error| Error::Url(Arc::clone(error)))
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether connections of the other settings are as good.
    fn makes_the_same(&self, other: &Self) -> bool {
        let same = match (&self.config, &other.config) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        same && self.statement_timeout == other.statement_timeout
    }
}

impl Connector {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: ArcSwap::from_pointee(settings),
            epoch: Arc::default(),
            replaced: Notify::new(),
            spawner: OnceLock::new(),
        }
    }

    /// From now on connections are made like this. Those there are become stale, unless they are
    /// as good: whoever keeps one lets go of it when it is not in use.
    pub(crate) fn replace(&self, settings: Settings) {
        let before = self.settings.swap(Arc::new(settings));
        if !before.makes_the_same(&self.settings.load()) {
            self.epoch.fetch_add(1, Ordering::Release);
            self.replaced.notify_waiters();
        }
    }

    /// Waits until connections become stale.
    pub(crate) async fn replaced(&self) {
        self.replaced.notified().await;
    }

    /// Connections can be made from now on. Returns whether they could not before.
    pub(crate) fn open(&self, spawner: Spawner) -> bool {
        self.spawner.set(spawner).is_ok()
    }

    /// How connections are made now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// A new connection, with `setup` run on it.
    pub(crate) async fn connect(&self, setup: &str) -> Result<Session, Error> {
        // Before the settings are read: what is replaced in between makes this one stale.
        let epoch = self.epoch.load(Ordering::Acquire);
        let settings = self.settings();
        let config = settings.config()?;
        let spawner = self.spawner.get().ok_or(Error::Closed)?;
        let connected = tokio::time::timeout(settings.timeout, config.connect(NoTls)).await;
        let (client, connection) = connected
            .map_err(|_| Error::ConnectTimeout(settings.timeout))?
            .map_err(|error| Error::Connect(error.into()))?;
        spawner(Box::pin(async move {
            // Whoever uses the connection sees the failure as well, and has a name for it.
            if let Err(error) = connection.await {
                let error: &dyn std::error::Error = &DatabaseError::from(error);
                tracing::debug!(error, "a connection to the database ended");
            }
        }));
        let milliseconds = settings.statement_timeout.as_millis();
        let setup = format!("SET statement_timeout = {milliseconds}; {setup}");
        client.batch_execute(&setup).await?;
        Ok(Session {
            client,
            epoch,
            present: Arc::clone(&self.epoch),
            sending: Mutex::new(()),
            broken: AtomicBool::new(false),
            statements: Mutex::default(),
        })
    }
}

/// A connection. All methods may be called at the same time: their statements follow one another
/// on the wire without waiting for answers.
///
/// # Flights
/// What a [`query_in`](Self::query_in) sends, a transaction from its begin to its commit, must not
/// be torn apart: a statement of somebody else in the middle would see what is not his. So whoever
/// sends on a session that is shared holds `sending` while he does.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// The settings it was made with, and those that are in force.
    epoch: u64,
    present: Arc<AtomicU64>,
    sending: Mutex<()>,
    /// Nothing may be sent any more.
    broken: AtomicBool,
    statements: Mutex<HashMap<String, Statement>>,
}

impl Session {
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.broken.load(Ordering::Acquire)
    }

    /// Whether it can be used by the next one: it works, and is of the present settings.
    pub(crate) fn is_fit(&self) -> bool {
        !self.is_closed() && self.epoch == self.present.load(Ordering::Acquire)
    }

    /// Prepares a statement the first time, and remembers it.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        let known = self.statements().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        // It may send at any poll: what it needs to know of the types comes bit by bit.
        let mut preparing = pin!(self.client.prepare(sql));
        let preparing = poll_fn(|context| {
            let _sending = self.sending();
            preparing.as_mut().poll(context)
        });
        let statement = preparing.await?;
        let mut statements = self.statements();
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        let rows = self.in_one_go(self.client.query(&statement, parameters));
        rows.await?.map_err(|error| self.forget_stale(sql, error))
    }

    /// Runs a query in a transaction of its own that starts with `begin`: three messages in one
    /// flight. Whatever becomes of the query, and of the future, the transaction ends.
    pub(crate) async fn query_in(
        &self,
        begin: &str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        // Each of them is sent when it is first polled, which happens in this order.
        let flight = join3(
            self.client.batch_execute(begin),
            self.client.query(&statement, parameters),
            self.client.batch_execute("COMMIT"),
        );
        let (begun, rows, ended) = self.in_one_go(flight).await?;
        begun?;
        let rows = rows.map_err(|error| self.forget_stale(sql, error))?;
        ended?;
        Ok(rows)
    }

    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, Error> {
        let statement = self.prepare(sql).await?;
        let count = self.in_one_go(self.client.execute(&statement, parameters));
        count.await?.map_err(|error| self.forget_stale(sql, error))
    }

    /// Drives a future that sends all it has to send when it is first polled, with nothing of
    /// anybody else in between.
    async fn in_one_go<F: Future>(&self, flight: F) -> Result<F::Output, Error> {
        let mut flight = pin!(flight);
        let mut sent = false;
        poll_fn(|context| {
            if sent {
                return flight.as_mut().poll(context).map(Ok);
            }
            sent = true;
            let _sending = self.sending();
            if self.is_closed() {
                return Poll::Ready(Err(Error::Broken));
            }
            // A parameter that panics while it is encoded leaves half a message, and the flight
            // without its end.
            let broken = Broken(&self.broken);
            let polled = flight.as_mut().poll(context);
            std::mem::forget(broken);
            polled.map(Ok)
        })
        .await
    }

    /// A statement whose result changed its shape since it was prepared (a migration ran) must be
    /// prepared again.
    pub(crate) fn forget_stale(&self, sql: &str, error: tokio_postgres::Error) -> Error {
        if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
            self.statements().remove(sql);
        }
        error.into()
    }

    fn sending(&self) -> std::sync::MutexGuard<'_, ()> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a connection is broken, unless it is forgotten.
struct Broken<'a>(&'a AtomicBool);

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
