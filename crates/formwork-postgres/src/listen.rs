//! Hints between processes: LISTEN and NOTIFY on a session of their own.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use formwork_app::{
    Context, Declaration, Error as AppError, HealthCheck, Module, Policy, WireError, Wiring,
};
use formwork_domain::BoxFuture;
use formwork_outbox::{Hints, LocalNotifier, Notifier};
use futures_util::future::poll_fn;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::session::Connector;
use crate::{Database, Error};

/// At most one NOTIFY in this time: commits in between share it.
const DEBOUNCE: Duration = Duration::from_millis(2);

/// Wakes relays in this process at once, and those in other processes through the database.
///
/// The hint is sent after the commit, from a session of its own. NOTIFY inside the business
/// transaction would make all commits of the cluster take turns.
pub struct ListenNotifier {
    local: LocalNotifier,
    committed: Notify,
    connector: OnceLock<Arc<Connector>>,
    listening: AtomicBool,
}

impl ListenNotifier {
    /// One that hints within the process, and further once it is [attached](Self::attach) and
    /// [run](Self::run).
    pub fn new() -> Self {
        Self {
            local: LocalNotifier::new(),
            committed: Notify::new(),
            connector: OnceLock::new(),
            listening: AtomicBool::new(false),
        }
    }

    /// Whether hints of other processes arrive.
    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Reaches other processes through this database.
    pub fn attach(&self, database: &Database) {
        // The first one stays: there is one database in an application.
        self.connector.set(Arc::clone(database.connector())).ok();
    }

    /// Carries hints until the session ends. Whoever calls it again afterwards loses none: every
    /// new session begins with a hint, because something may have been missed before.
    ///
    /// LISTEN does not survive a pooler that hands connections out by transaction: connect to the
    /// server itself.
    ///
    /// # Errors
    /// When the session cannot be opened, or breaks.
    pub async fn run(&self) -> Result<(), Error> {
        let connector = self.connector.get().ok_or(Error::Closed)?;
        loop {
            tokio::select! {
                ended = self.session(connector) => return ended,
                // Another database, or another role: what is heard here is of no interest.
                () = connector.replaced() => {}
            }
        }
    }

    async fn session(&self, connector: &Connector) -> Result<(), Error> {
        let settings = connector.settings();
        let limit = settings.timeout();
        let connected = tokio::time::timeout(limit, settings.config()?.connect(NoTls));
        let (client, mut connection) = connected
            .await
            .map_err(|_| Error::ConnectTimeout(limit))?
            .map_err(|error| Error::Connect(error.into()))?;
        let us = AtomicI32::new(0);
        let listen = async {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(hint) = message?
                    && hint.process_id() != us.load(Ordering::Relaxed)
                {
                    self.local.notify();
                }
            }
            Ok(())
        };
        let _ends = Listening(&self.listening);
        tokio::select! {
            ended = listen => ended,
            failed = self.send(&client, &us) => failed,
        }
    }

    /// Listens, then tells others about commits, for ever. `us` becomes the session's own number,
    /// so that it does not listen to itself.
    async fn send(&self, client: &Client, us: &AtomicI32) -> Result<(), Error> {
        // Channels belong to the whole database, but an outbox to its schema.
        let about = "SELECT current_schema()::text, pg_backend_pid()";
        let row = client.query_one(about, &[]).await?;
        us.store(row.get(1), Ordering::Relaxed);
        let schema: Option<String> = row.get(0);
        let channel = format!("formwork_outbox_{}", schema.unwrap_or_default());
        let channel = format!("\"{}\"", channel.replace('"', "\"\""));
        client.batch_execute(&format!("LISTEN {channel}")).await?;
        self.listening.store(true, Ordering::Relaxed);
        tracing::debug!(channel, "listening for hints");
        self.local.notify();
        let notify = format!("NOTIFY {channel}");
        loop {
            self.committed.notified().await;
            client.batch_execute(&notify).await?;
            tokio::time::sleep(DEBOUNCE).await;
        }
    }
}

impl Default for ListenNotifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Notifier for ListenNotifier {
    fn notify(&self) {
        self.local.notify();
        self.committed.notify_one();
    }

    fn subscribe(&self) -> Hints {
        self.local.subscribe()
    }

    fn source(&self) -> &'static str {
        "listen"
    }
}

impl fmt::Debug for ListenNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenNotifier").finish_non_exhaustive()
    }
}

/// Provides a [`ListenNotifier`] as `dyn Notifier`, on the database of
/// [`PostgresModule`](crate::PostgresModule).
///
/// Losing the session degrades the component `listen-notify/session` and costs latency: the relay
/// polls anyway, and a new session begins with a hint.
#[derive(Debug, Default)]
pub struct ListenNotifyModule {
    notifier: Arc<ListenNotifier>,
}

impl ListenNotifyModule {
    /// The module.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Takes the mark back when the session ends, also when its future is dropped.
struct Listening<'a>(&'a AtomicBool);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Module for ListenNotifyModule {
    fn declare(&self) -> Declaration {
        Declaration::new("listen-notify")
            .version(env!("CARGO_PKG_VERSION"))
            .provides::<dyn Notifier>()
            .provides::<ListenNotifier>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.provide::<dyn Notifier>(self.notifier.clone())?;
        let notifier = self.notifier.clone();
        wiring.health_check(HealthCheck::optional("listen-notify", move || {
            let listening = notifier.is_listening();
            async move {
                match listening {
                    true => Ok(()),
                    false => Err("no session listens; relays look for events by themselves"),
                }
            }
        }))?;
        wiring.provide::<ListenNotifier>(self.notifier.clone())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), AppError>> {
        Box::pin(async move {
            if self.notifier.connector.get().is_none() {
                let message = "LISTEN/NOTIFY needs the database of the module `postgres`";
                return Err(AppError::lifecycle(message));
            }
            let policy = Policy::Restart {
                first: Duration::from_millis(50),
                longest: Duration::from_secs(2),
            };
            let (notifier, stopping) = (self.notifier.clone(), context.stopping());
            context.tasks().spawn("session", policy, move || {
                let (notifier, stopping) = (notifier.clone(), stopping.clone());
                async move {
                    match stopping.run_until_cancelled(notifier.run()).await {
                        None => Ok(()),
                        Some(Ok(())) => Err(AppError::dependency("the session ended")),
                        Some(Err(error)) => {
                            Err(AppError::dependency("the session broke").because(error))
                        }
                    }
                }
            });
            // A little patience, so that a service that is ready is also complete.
            let deadline = tokio::time::Instant::now() + Duration::from_secs(1);
            while !self.notifier.is_listening() && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        })
    }
}
