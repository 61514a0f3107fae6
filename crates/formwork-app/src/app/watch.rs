//! Which module's code is running, for whoever looks after the process from outside its runtime.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// How much later than its deadline a call is looked at: until then the runtime itself cuts it off.
const SLACK: Duration = Duration::from_millis(500);

/// The calls of modules that go on at the moment; cheap to clone.
///
/// Kept only for a process that has somebody to look at them: [`main`](crate::main).
#[derive(Clone, Default)]
pub(crate) struct Calls {
    watched: Option<Arc<Watched>>,
}

#[derive(Default)]
struct Watched {
    calls: Mutex<Vec<Call>>,
    runtime: OnceLock<Handle>,
}

/// A call that goes on.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    module: String,
    phase: &'static str,
    since: Instant,
    limit: Duration,
    /// Whether the runtime was woken for it.
    woken: bool,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { module, phase, .. } = self;
        write!(
            f,
            "module `{module}` did not {phase} within {:?} and blocks its thread",
            self.limit
        )
    }
}

/// Ends with the call.
#[must_use]
pub(crate) struct Entered<'a> {
    watched: Option<(&'a Watched, Instant, &'a str)>,
}

impl Calls {
    pub(crate) fn watched() -> Self {
        Self {
            watched: Some(Arc::default()),
        }
    }

    /// The runtime the calls are made in: woken when one takes too long.
    pub(crate) fn made_in(&self, runtime: &Handle) {
        if let Some(watched) = &self.watched {
            // A process has one.
            let _ = watched.runtime.set(runtime.clone());
        }
    }

    /// A call begins and may take `limit`.
    pub(crate) fn enter<'a>(
        &'a self,
        module: &'a str,
        phase: &'static str,
        limit: Duration,
    ) -> Entered<'a> {
        let Some(watched) = self.watched.as_deref() else {
            return Entered { watched: None };
        };
        let since = Instant::now();
        watched.lock().push(Call {
            module: module.to_owned(),
            phase,
            since,
            limit,
            woken: false,
        });
        Entered {
            watched: Some((watched, since, module)),
        }
    }

    /// The first call that cannot be cut off: the runtime was woken for it, and it still goes on.
    ///
    /// A runtime may forget its timers while the thread that keeps them is blocked; work from
    /// outside wakes another thread, which takes them over.
    pub(crate) fn stuck(&self) -> Option<Call> {
        let watched = self.watched.as_deref()?;
        let mut calls = watched.lock();
        for call in calls.iter_mut() {
            let over = call.since.elapsed().saturating_sub(call.limit);
            if over > SLACK && !call.woken {
                call.woken = true;
                if let Some(runtime) = watched.runtime.get() {
                    drop(runtime.spawn(async {}));
                }
            }
        }
        let mut calls = calls.iter();
        calls
            .find(|call| call.woken && call.since.elapsed() > call.limit + 2 * SLACK)
            .cloned()
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let Some((watched, since, module)) = self.watched else {
            return;
        };
        let mut calls = watched.lock();
        let mut all = calls.iter();
        if let Some(index) = all.position(|it| it.since == since && it.module == module) {
            calls.swap_remove(index);
        }
    }
}
