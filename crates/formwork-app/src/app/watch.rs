//! Which module's code is running, for whoever looks after the process from outside its runtime.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use formwork_config::ByteSize;
use tokio::runtime::Handle;

use super::memory;

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
    memory_limit: OnceLock<ByteSize>,
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

/// A call that cannot be cut off.
#[derive(Debug)]
pub(crate) struct Stuck(Call);

/// A process that uses more memory than it may.
#[derive(Debug)]
pub(crate) struct Glutton {
    used: ByteSize,
    limit: ByteSize,
    at_work: Vec<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.module, self.phase)
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            module,
            phase,
            limit,
            ..
        } = &self.0;
        write!(
            f,
            "module `{module}` did not {phase} within {limit:?} and blocks its thread"
        )
    }
}

impl fmt::Display for Glutton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |size: ByteSize| size.as_u64() >> 20;
        let (used, limit) = (mebibytes(self.used), mebibytes(self.limit));
        write!(
            f,
            "the process uses {used} MiB of memory and may use {limit} MiB (`app.memory-limit`)"
        )?;
        match self.at_work.as_slice() {
            [] => f.write_str(", while no module starts, drains or stops"),
            modules => write!(f, "; at work were {}", modules.join(", ")),
        }
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

    /// The process may use so much memory, when the configuration says how much.
    pub(crate) fn may_use(&self, limit: Option<ByteSize>) {
        if let (Some(watched), Some(limit)) = (&self.watched, limit) {
            // A process has one.
            let _ = watched.memory_limit.set(limit);
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

    /// What to say when the process uses more memory than it may: how much, and who is at work.
    ///
    /// `most` is what it may use while the configuration does not say.
    pub(crate) fn glutton(&self, most: Option<ByteSize>) -> Option<Glutton> {
        let watched = self.watched.as_deref()?;
        let limit = watched.memory_limit.get().copied().or(most)?;
        let used = memory::resident().filter(|used| *used > limit)?;
        let at_work = watched.lock().iter().map(Call::to_string).collect();
        Some(Glutton {
            used,
            limit,
            at_work,
        })
    }

    /// The first call that cannot be cut off: the runtime was woken for it, and it still goes on.
    ///
    /// A runtime may forget its timers while the thread that keeps them is blocked; work from
    /// outside wakes another thread, which takes them over.
    pub(crate) fn stuck(&self) -> Option<Stuck> {
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
            .map(Stuck)
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
