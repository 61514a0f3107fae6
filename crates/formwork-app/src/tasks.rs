//! Background work that has a name, is counted, and is never lost silently.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use formwork_domain::{BoxFuture, TenantId};
use futures_util::FutureExt;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::context::Shared;
use crate::error::chain;
use crate::event::kind;
use crate::health::Status;
use crate::lifecycle::StopReason;
use crate::milliseconds::milliseconds;
use crate::panic::panic_message;
use crate::signal::Signal;
use crate::{Declaration, Error};

/// What happens when a task ends before the application stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// The process stops, with failure: the default for work that has no end.
    #[default]
    StopProcess,
    /// The task runs again, after a pause that doubles. Its component, `{module}/{task}`, is
    /// degraded until the task has run for as long as the last pause took.
    Restart {
        /// The first pause; at least 10 ms, so that a task that ends at once takes no processor.
        first: Duration,
        /// The longest pause.
        longest: Duration,
    },
    /// Work that has an end: success is fine, a failure stops the process.
    Once,
}

impl Policy {
    /// [`Restart`](Self::Restart) after 100 ms at first and 30 s at most.
    pub const fn restart() -> Self {
        Self::Restart {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(30),
        }
    }
}

/// Spawns the tasks of one module.
#[derive(Clone)]
pub struct Tasks {
    own: Arc<Own>,
}

/// All that is made for every module, so it costs one allocation while there are no tasks.
struct Own {
    module: usize,
    app: Arc<Shared>,
    draining: Signal,
    stopping: Signal,
    tasks: Mutex<Spawned>,
    known: Mutex<Known>,
}

/// What is known of the tasks by name.
#[derive(Default)]
struct Known {
    /// Those that are running, in the order they were spawned.
    running: Vec<String>,
    /// Those that panicked while the module stopped, with what they said.
    panicked: Vec<String>,
}

/// How the tasks of a module failed to end in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// Those that did not end in time.
    pub(crate) cut_off: Vec<String>,
    /// Those that panicked, also while they were cut off, with what they said.
    pub(crate) panicked: Vec<String>,
}

/// The tasks that were spawned.
#[derive(Default)]
struct Spawned {
    /// `None` while there are none.
    set: Option<JoinSet<()>>,
    /// Whether the module has ended: then nobody is left to stop a task.
    closed: bool,
}

/// What is cut off ends where it waits, at once; what blocks its thread is not waited for.
const CUT: Duration = Duration::from_millis(50);

/// The shortest pause before a restart.
const SHORTEST: Duration = Duration::from_millis(10);

impl Tasks {
    /// Those of the module with this number.
    pub(crate) fn new(module: usize, app: &Arc<Shared>) -> Self {
        Self {
            own: Arc::new(Own {
                module,
                app: Arc::clone(app),
                draining: Signal::default(),
                stopping: Signal::default(),
                tasks: Mutex::default(),
                known: Mutex::default(),
            }),
        }
    }

    pub(crate) fn draining(&self) -> &Signal {
        &self.own.draining
    }

    pub(crate) fn stopping(&self) -> &Signal {
        &self.own.stopping
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.own.app
    }

    pub(crate) fn declaration(&self) -> &Declaration {
        self.own.declaration()
    }

    /// Spawns a task. `make` is called again for every restart.
    ///
    /// The task ends on its own when [`Context::shutdown`](crate::Context::shutdown) or
    /// [`Context::stopping`](crate::Context::stopping) says so; ending after that is in order. A
    /// task that has not ended when its module's time to stop is over is cut off. Once the module
    /// has stopped, nothing is run any more.
    pub fn spawn<F>(
        &self,
        name: impl Into<String>,
        policy: Policy,
        make: impl FnMut() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.launch(name.into(), None, policy, make);
    }

    /// Spawns a task that works for one tenant, as [`spawn`](Self::spawn) does. It is handed the
    /// tenant, again at every restart: nothing else would know it.
    ///
    /// The task is called `{name}@{tenant}`, so that each tenant may have one, and what it logs
    /// carries the tenant. It goes on when the tenant is suspended or gone: one that runs for long
    /// asks who is served before each round.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use formwork_app::{Context, Policy};
    /// use formwork_domain::TenantId;
    ///
    /// fn expire_orders(context: &Context, tenant: &TenantId) {
    ///     let shutdown = context.shutdown();
    ///     context.tasks().spawn_for(tenant, "expire", Policy::restart(), move |tenant| {
    ///         let shutdown = shutdown.clone();
    ///         async move {
    ///             let hourly = async {
    ///                 loop {
    ///                     tokio::time::sleep(Duration::from_secs(3_600)).await;
    ///                     tracing::info!("looking for orders of {tenant} that have expired");
    ///                 }
    ///             };
    ///             shutdown.run_until_cancelled(hourly).await;
    ///             Ok(())
    ///         }
    ///     });
    /// }
    /// ```
    pub fn spawn_for<F>(
        &self,
        tenant: &TenantId,
        name: impl Into<String>,
        policy: Policy,
        mut make: impl FnMut(TenantId) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let own = tenant.clone();
        self.launch(name.into(), Some(tenant.clone()), policy, move || {
            make(own.clone())
        });
    }

    fn launch<F>(
        &self,
        name: String,
        tenant: Option<TenantId>,
        policy: Policy,
        make: impl FnMut() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let own = &self.own;
        let declaration = own.declaration();
        let (module, instance) = (&*declaration.name, declaration.instance.as_deref());
        let whose = tenant.as_ref().map(TenantId::as_str);
        // Outlives the phase it is spawned in.
        let span = tracing::error_span!(parent: None, "task", module, instance, task = name, tenant = whose);
        let name = match whose {
            None => name,
            Some(tenant) => format!("{name}@{tenant}"),
        };
        let supervisor = Supervisor {
            component: format!("{module}/{name}"),
            task: name.clone(),
            tenant,
            policy,
            own: Arc::clone(own),
        };
        let mut tasks = self.lock();
        if tasks.closed {
            drop(tasks);
            span.in_scope(|| tracing::warn!("the module has ended, the task is not run"));
            return;
        }
        let counted = Counted::new(own, name);
        let tasks = tasks.set.get_or_insert_default();
        // Finished tasks are let go here, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        let supervisor = Arc::new(supervisor);
        let run = Arc::clone(&supervisor);
        let run = Task {
            run: Some(Box::pin(async move { run.run(make).await })),
            supervisor,
            _counted: counted,
        };
        tasks.spawn(run.instrument(span));
    }

    /// How many tasks are running.
    pub fn count(&self) -> usize {
        self.own.known().running.len()
    }

    /// The names of the running tasks, in the order they were spawned.
    pub fn names(&self) -> Vec<String> {
        self.own.known().running.clone()
    }

    /// Whether there may be tasks to wait for.
    pub(crate) fn were_spawned(&self) -> bool {
        self.lock().set.is_some()
    }

    /// Waits for the tasks until `deadline`, also for those that they spawn meanwhile, then cuts the
    /// rest off.
    pub(crate) async fn finish(&self, deadline: Instant) -> Unfinished {
        let mut cut_off = Vec::new();
        while let Some(mut tasks) = self.take() {
            let all = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout_at(deadline, all).await.is_err() {
                cut_off = self.names();
                cut(tasks, self.take()).await;
                break;
            }
        }
        Unfinished {
            cut_off,
            panicked: std::mem::take(&mut self.own.known().panicked),
        }
    }

    /// As [`finish`](Self::finish), and runs nothing any more.
    pub(crate) async fn close(&self, deadline: Instant) -> Unfinished {
        self.lock().closed = true;
        self.finish(deadline).await
    }

    /// Cuts everything off, and runs nothing any more.
    pub(crate) fn abort(&self) {
        let mut tasks = self.lock();
        tasks.closed = true;
        if let Some(tasks) = &mut tasks.set {
            tasks.abort_all();
        }
    }

    fn take(&self) -> Option<JoinSet<()>> {
        self.lock().set.take()
    }

    fn lock(&self) -> MutexGuard<'_, Spawned> {
        let tasks = self.own.tasks.lock();
        tasks.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn declaration(&self) -> &Declaration {
        &self.app.declared[self.module].declaration
    }

    fn name(&self) -> &str {
        &self.declaration().name
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("module", &self.own.name())
            .field("names", &self.names())
            .finish()
    }
}

/// A task with who looks after it: whatever of it panics is told, also what panics when it is
/// dropped because it is cut off.
struct Task {
    run: Option<BoxFuture<'static, ()>>,
    supervisor: Arc<Supervisor>,
    _counted: Counted,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<()> {
        let Some(run) = &mut self.run else {
            return Poll::Ready(());
        };
        let poll = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context)));
        if let Ok(Poll::Pending) = poll {
            return Poll::Pending;
        }
        // What it leaves behind is dropped where a panic has somebody to tell.
        let run = self.run.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
        if let Err(panic) = poll.map(drop).and(dropped) {
            self.supervisor.broken(panic_message(&*panic));
        }
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let run = self.run.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(run))) {
            self.supervisor.broken(panic_message(&*panic));
        }
    }
}

/// Cuts off what is left of these tasks, and waits until it has been dropped.
async fn cut(tasks: JoinSet<()>, spawned_meanwhile: Option<JoinSet<()>>) {
    let ended = [Some(tasks), spawned_meanwhile].into_iter().flatten();
    let ended = ended.map(|mut tasks| async move {
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
    });
    // What blocks its thread is left behind.
    let _ = tokio::time::timeout(CUT, futures_util::future::join_all(ended)).await;
}

/// Counts a task for as long as it lives, however it ends.
struct Counted {
    name: String,
    own: Arc<Own>,
}

impl Counted {
    fn new(own: &Arc<Own>, name: String) -> Self {
        own.known().running.push(name.clone());
        Self {
            name,
            own: Arc::clone(own),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let running = &mut self.own.known().running;
        if let Some(index) = running.iter().position(|name| *name == self.name) {
            running.remove(index);
        }
    }
}

/// How a run of a task ended.
enum Outcome {
    Ended,
    Failed(String),
    Panicked(String),
}

impl Outcome {
    fn is_failure(&self) -> bool {
        !matches!(self, Self::Ended)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("ended"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
        }
    }
}

struct Supervisor {
    component: String,
    task: String,
    tenant: Option<TenantId>,
    policy: Policy,
    own: Arc<Own>,
}

impl Supervisor {
    async fn run<F>(&self, mut make: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), Error>>,
    {
        let mut pause = Duration::ZERO;
        loop {
            let started = Instant::now();
            let outcome = self.work(&mut make, pause).await;
            if self.is_over() {
                self.ended_late(outcome);
                return;
            }
            let failed = outcome.is_failure();
            let outcome = outcome.to_string();
            match self.policy {
                Policy::Once if !failed => {
                    tracing::debug!("task done");
                    return;
                }
                Policy::StopProcess | Policy::Once => {
                    self.stop_process(outcome);
                    return;
                }
                Policy::Restart { first, longest } => {
                    // A run that outlived the longest pause counts as a recovery.
                    pause = if pause.is_zero() || started.elapsed() > longest {
                        first
                    } else {
                        pause.saturating_mul(2).min(longest)
                    }
                    .max(SHORTEST);
                    tracing::warn!(outcome, pause = ?pause, "task ended, restarting");
                    self.tell(kind::TASK_RESTARTING, &outcome, Some(pause));
                    let health = &self.own.app.health;
                    health.set(&self.component, Status::Degraded, Some(outcome));
                    let draining = self.own.draining.token();
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = draining.cancelled() => return,
                    }
                }
            }
        }
    }

    /// One run. When it follows a pause, the component is healthy again once it has run for as long.
    async fn work<F>(&self, make: &mut impl FnMut() -> F, pause: Duration) -> Outcome
    where
        F: Future<Output = Result<(), Error>>,
    {
        // What an error says is made, and the error dropped, where a panic is caught too.
        let work = async { make().await.map_err(|error| chain(&error)) };
        let work = AssertUnwindSafe(work).catch_unwind();
        let mut work = pin!(work);
        let early = if pause.is_zero() {
            None
        } else {
            tokio::select! {
                biased;
                ended = &mut work => Some(ended),
                () = tokio::time::sleep(pause) => {
                    let health = &self.own.app.health;
                    health.set(&self.component, Status::Healthy, None);
                    None
                }
            }
        };
        let ended = match early {
            Some(ended) => ended,
            None => work.await,
        };
        match ended {
            Ok(Ok(())) => Outcome::Ended,
            Ok(Err(error)) => Outcome::Failed(error),
            Err(panic) => Outcome::Panicked(panic_message(&*panic).to_owned()),
        }
    }

    /// What the task left behind panicked when it was dropped. There is nothing to run again, so
    /// whatever the policy is, the process stops.
    fn broken(&self, message: &str) {
        let outcome = Outcome::Panicked(message.to_owned());
        if self.is_over() {
            self.ended_late(outcome);
        } else {
            self.stop_process(outcome.to_string());
        }
    }

    /// It ended after it was told to, which is in order unless it panicked.
    fn ended_late(&self, outcome: Outcome) {
        match &outcome {
            Outcome::Ended => {}
            Outcome::Failed(_) => tracing::warn!(%outcome, "task failed while stopping"),
            Outcome::Panicked(message) => {
                tracing::error!(%outcome, "task panicked while stopping");
                let panicked = format!("{}: {message}", self.task);
                self.own.known().panicked.push(panicked);
            }
        }
    }

    fn stop_process(&self, outcome: String) {
        tracing::error!(outcome, "task ended, the process stops");
        self.tell(kind::TASK_ENDED, &outcome, None);
        // Somebody else may have asked already: then the process stops anyway.
        let _ = self.own.app.lifecycle.request(StopReason::TaskEnded {
            module: self.own.name().to_owned(),
            task: self.task.clone(),
            outcome,
        });
    }

    fn tell(&self, kind: &'static str, outcome: &str, pause: Option<Duration>) {
        let events = &self.own.app.events;
        events.emit_with(kind, &self.component, || {
            let (module, task) = (self.own.name(), &self.task);
            let mut data = json!({ "module": module, "task": task, "outcome": outcome });
            if let Some(tenant) = &self.tenant {
                data["tenant"] = tenant.as_str().into();
            }
            if let Some(pause) = pause {
                data["pause_ms"] = milliseconds(pause).into();
            }
            data
        });
    }

    fn is_over(&self) -> bool {
        self.own.draining.is_over() || self.own.stopping.is_over()
    }
}
