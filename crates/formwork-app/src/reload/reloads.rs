//! The one entry for reloads.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use formwork_config::{Errors, Loader, Snapshot};
use formwork_domain::{TenantId, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Outcome, ReloadError, Trigger};
use crate::AppConfig;

/// However long requests keep coming, a reload begins after so many times the debounce.
const PATIENCE: u32 = 8;

/// Takes over a changed configuration. The application itself provides it, as `Arc<Reloads>`, to
/// those that declare to need it.
///
/// Requests never get lost and never pile up: one reload runs at a time, and one place waits
/// behind it. Who asks while it is taken shares it; the last one's trigger is the one told.
///
/// ```
/// use std::sync::Arc;
///
/// use formwork_app::{App, Outcome, Reloads, ServiceInfo, Trigger};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let running = App::new(ServiceInfo::new("shop", "1.0.0")).start().await?;
/// let reloads = running.get::<Reloads>()?;
/// // Nothing has changed, so this is the generation there was.
/// let outcome = reloads.reload(Trigger::Program).await;
/// assert!(matches!(outcome, Outcome::Unchanged { generation: 1, .. }));
/// running.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct Reloads {
    pub(super) loader: Loader,
    current: Arc<ArcSwap<Snapshot>>,
    inbox: Mutex<Inbox>,
    knock: Notify,
    interrupt: CancellationToken,
    last: ArcSwapOption<Attempt>,
}

/// What waits, and whether something runs.
#[derive(Default)]
struct Inbox {
    waiting: Option<Request>,
    running: bool,
    closed: bool,
}

/// The one place behind the reload that runs.
pub(super) struct Request {
    pub(super) trigger: Trigger,
    since: Instant,
    due: Instant,
    /// The last trigger of those that ask whatever is in force.
    anyway: Option<Trigger>,
    waiters: Vec<Waiter>,
}

/// Who waits for the end of a reload.
struct Waiter {
    sender: oneshot::Sender<Outcome>,
    /// The generation it is asked for; of no other.
    generation: Option<u64>,
}

/// A reload that has ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Why it was asked for.
    pub trigger: Trigger,
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// How reloads stand.
#[derive(Debug, Clone)]
pub struct ReloadStatus {
    /// The generation in force.
    pub generation: u64,
    /// Whether a reload runs or waits.
    pub busy: bool,
    /// The last one that ended.
    pub last: Option<Arc<Attempt>>,
}

impl Reloads {
    pub(crate) fn new(loader: Loader, snapshot: Snapshot) -> Self {
        Self {
            loader,
            current: Arc::new(ArcSwap::from_pointee(snapshot)),
            inbox: Mutex::default(),
            knock: Notify::new(),
            interrupt: CancellationToken::new(),
            last: ArcSwapOption::empty(),
        }
    }

    /// Reloads at once, together with what waits already, and tells how it ended.
    ///
    /// While modules start it waits until all have: do not await it in a
    /// [`start`](crate::Module::start). May be dropped; the reload takes place all the same.
    pub async fn reload(&self, trigger: Trigger) -> Outcome {
        self.wait(None, trigger).await
    }

    /// Reloads as [`reload`](Self::reload) does, but only if `generation` is in force when it
    /// begins: no other reload comes between that and the look at it. Otherwise it ends with
    /// [`ReloadError::Superseded`], which counts as no attempt. Those that wait together share one
    /// reload.
    ///
    /// May be dropped; the reload takes place all the same.
    pub async fn reload_if(&self, generation: u64, trigger: Trigger) -> Outcome {
        self.wait(Some(generation), trigger).await
    }

    async fn wait(&self, generation: Option<u64>, trigger: Trigger) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let waiter = Waiter { sender, generation };
        self.ask(trigger, Duration::ZERO, Some(waiter));
        // The sender is dropped unsent only when nobody is left to reload anything.
        let ended = receiver.await;
        ended.unwrap_or_else(|_| Outcome::Failed(Arc::new(ReloadError::Stopping)))
    }

    /// Asks for a reload once there has been no further request for `app.reload-debounce`, or for
    /// a few times that while requests keep coming.
    pub fn request(&self, trigger: Trigger) {
        self.ask(trigger, self.debounce(), None);
    }

    /// The generation in force.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The configuration of a tenant: the generation in force with the tenant's file laid over it,
    /// see [`Loader::load_tenant`]. The file is read every time.
    ///
    /// # Errors
    /// Every mistake in the tenant's file; they concern nobody else.
    pub fn tenant(&self, tenant: &TenantId) -> Result<Snapshot, Errors> {
        self.loader.load_tenant(&self.current(), tenant.as_str())
    }

    /// How reloads stand.
    pub fn status(&self) -> ReloadStatus {
        let inbox = self.inbox();
        ReloadStatus {
            generation: self.current.load().generation(),
            busy: inbox.running || inbox.waiting.is_some(),
            last: self.last.load_full(),
        }
    }

    /// Whether there is anything to reload. Blocks.
    #[cfg(feature = "watch")]
    pub(super) fn is_stale(&self) -> bool {
        let current = self.current();
        let candidate = self.loader.reload(&current);
        candidate.map_or(true, |candidate| !current.changes(&candidate).is_empty())
    }

    pub(crate) fn live(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.current)
    }

    /// Lets nobody in any more and interrupts what runs.
    pub(crate) fn close(&self) {
        let mut inbox = self.inbox();
        inbox.closed = true;
        let waiting = inbox.waiting.take();
        drop(inbox);
        self.interrupt.cancel();
        self.knock.notify_one();
        if let Some(request) = waiting {
            request.answer(&Outcome::Failed(Arc::new(ReloadError::Stopping)));
        }
    }

    /// Cancelled when the application stops.
    pub(super) fn interrupt(&self) -> &CancellationToken {
        &self.interrupt
    }

    /// The application's own configuration, as of now.
    pub(super) fn app(&self) -> Option<AppConfig> {
        self.current.load().get(crate::app::APP).ok()
    }

    /// Puts the next generation in force.
    pub(super) fn commit(&self, snapshot: Arc<Snapshot>) {
        self.current.store(snapshot);
    }

    /// Remembers how the last reload ended.
    pub(super) fn ended(&self, attempt: Arc<Attempt>) {
        self.last.store(Some(attempt));
        self.inbox().running = false;
    }

    /// The next request, when it is due; `None` when there will be no more.
    pub(super) async fn next(&self) -> Option<Request> {
        loop {
            let due = {
                let mut inbox = self.inbox();
                if inbox.closed {
                    return None;
                }
                let now = Instant::now();
                match &inbox.waiting {
                    Some(request) if request.due <= now => {
                        let request = inbox.waiting.take();
                        // Only who calls this commits, so it stays in force until the reload does.
                        let generation = self.current.load().generation();
                        match request.and_then(|request| request.of(generation)) {
                            Some(request) => {
                                inbox.running = true;
                                return Some(request);
                            }
                            None => continue,
                        }
                    }
                    Some(request) => Some(request.due),
                    None => None,
                }
            };
            match due {
                None => self.knock.notified().await,
                Some(due) => tokio::select! {
                    () = self.knock.notified() => {}
                    () = tokio::time::sleep_until(due) => {}
                },
            }
        }
    }

    fn ask(&self, trigger: Trigger, patience: Duration, waiter: Option<Waiter>) {
        let now = Instant::now();
        let mut inbox = self.inbox();
        if inbox.closed {
            return;
        }
        let request = inbox.waiting.get_or_insert_with(|| Request {
            trigger,
            since: now,
            due: now,
            anyway: None,
            waiters: Vec::new(),
        });
        request.trigger = trigger;
        if waiter.as_ref().is_none_or(|it| it.generation.is_none()) {
            request.anyway = Some(trigger);
        }
        request.waiters.extend(waiter);
        // Who waits for an answer does not wait for others to be quiet.
        request.due = if request.waiters.is_empty() {
            (now + patience).min(request.since + patience * PATIENCE)
        } else {
            now
        };
        drop(inbox);
        self.knock.notify_one();
    }

    fn debounce(&self) -> Duration {
        self.app().map_or(Duration::ZERO, |app| app.reload_debounce)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloads")
            .field("generation", &self.current.load().generation())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Without those that ask for another generation, who are told so; `None` when nobody is left.
    fn of(mut self, generation: u64) -> Option<Self> {
        let other = |waiter: &mut Waiter| waiter.generation.is_some_and(|it| it != generation);
        let mut refused = self.waiters.extract_if(.., other).peekable();
        if refused.peek().is_none() {
            drop(refused);
            return Some(self);
        }
        let outcome = Outcome::Failed(Arc::new(ReloadError::Superseded { generation }));
        refused.for_each(|waiter| waiter.tell(&outcome));
        if self.waiters.iter().all(|it| it.generation.is_none()) {
            self.trigger = self.anyway?;
        }
        Some(self)
    }

    /// Tells those that wait how it ended.
    pub(super) fn answer(self, outcome: &Outcome) {
        for waiter in self.waiters {
            waiter.tell(outcome);
        }
    }
}

impl Waiter {
    fn tell(self, outcome: &Outcome) {
        // Whoever has gone does not want to know.
        let _ = self.sender.send(outcome.clone());
    }
}
