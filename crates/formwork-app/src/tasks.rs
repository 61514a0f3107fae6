//! Background work that has a name, is counted, and is never lost silently.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    names: Mutex<Vec<String>>,
}

/// The tasks that were spawned.
#[derive(Default)]
struct Spawned {
    /// `None` while there are none.
    set: Option<JoinSet<()>>,
    /// Whether the module has ended: then nobody is left to stop a task.
    closed: bool,
}

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
                names: Mutex::default(),
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
        let name = name.into();
        let own = &self.own;
        let declaration = own.declaration();
        let (module, instance) = (&*declaration.name, declaration.instance.as_deref());
        // Outlives the phase it is spawned in.
        let span = tracing::error_span!(parent: None, "task", module, instance, task = name);
        let supervisor = Supervisor {
            component: format!("{module}/{name}"),
            task: name.clone(),
            policy,
            own: Arc::clone(own),
        };
        let mut tasks = self.lock();
        if tasks.closed {
            drop(tasks);
            span.in_scope(|| tracing::warn!("the module has ended, the task is not run"));
            return;
        }
        let guard = Counted::new(own, name);
        let tasks = tasks.set.get_or_insert_default();
        // Finished tasks are let go here, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        let run = async move {
            let _guard = guard;
            let run = AssertUnwindSafe(supervisor.run(make)).catch_unwind();
            if let Err(panic) = run.await {
                supervisor.broken(panic_message(&*panic));
            }
        };
        tasks.spawn(run.instrument(span));
    }

    /// How many tasks are running.
    pub fn count(&self) -> usize {
        self.own.names().len()
    }

    /// The names of the running tasks, in the order they were spawned.
    pub fn names(&self) -> Vec<String> {
        self.own.names().clone()
    }

    /// Whether there may be tasks to wait for.
    pub(crate) fn were_spawned(&self) -> bool {
        self.lock().set.is_some()
    }

    /// Waits for the tasks until `deadline`, then cuts the rest off and returns their names.
    pub(crate) async fn finish(&self, deadline: Instant) -> Vec<String> {
        let Some(mut tasks) = self.lock().set.take() else {
            return Vec::new();
        };
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline, all).await.is_ok() {
            return Vec::new();
        }
        let names = self.names();
        tasks.abort_all();
        names
    }

    /// Cuts everything off, and runs nothing any more.
    pub(crate) fn abort(&self) {
        let mut tasks = self.lock();
        tasks.closed = true;
        if let Some(tasks) = &mut tasks.set {
            tasks.abort_all();
        }
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

    fn names(&self) -> MutexGuard<'_, Vec<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Counts a task for as long as it lives, however it ends.
struct Counted {
    name: String,
    own: Arc<Own>,
}

impl Counted {
    fn new(own: &Arc<Own>, name: String) -> Self {
        own.names().push(name.clone());
        Self {
            name,
            own: Arc::clone(own),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut names = self.own.names();
        if let Some(index) = names.iter().position(|name| *name == self.name) {
            names.remove(index);
        }
    }
}

struct Supervisor {
    component: String,
    task: String,
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
            let (outcome, failed) = self.work(&mut make, pause).await;
            if self.is_over() {
                if failed {
                    tracing::warn!(outcome, "task failed while stopping");
                }
                return;
            }
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

    /// One run: how it ended, and whether that is a failure. When it follows a pause, the component
    /// is healthy again once it has run for as long.
    async fn work<F>(&self, make: &mut impl FnMut() -> F, pause: Duration) -> (String, bool)
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
            Ok(Ok(())) => ("ended".to_owned(), false),
            Ok(Err(error)) => (format!("failed: {error}"), true),
            Err(panic) => (format!("panicked: {}", panic_message(&*panic)), true),
        }
    }

    /// What the task left behind panicked when it was dropped. There is nothing to run again, so
    /// whatever the policy is, the process stops.
    fn broken(&self, message: &str) {
        let outcome = format!("panicked: {message}");
        if self.is_over() {
            tracing::warn!(outcome, "task failed while stopping");
        } else {
            self.stop_process(outcome);
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
            if let Some(pause) = pause {
                data["pause_ms"] = (pause.as_secs_f64() * 1_000.0).into();
            }
            data
        });
    }

    fn is_over(&self) -> bool {
        self.own.draining.is_over() || self.own.stopping.is_over()
    }
}
