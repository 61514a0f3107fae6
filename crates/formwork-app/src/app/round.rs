//! Calls one method of several modules at the same time.
//!
//! A task calls one module after the other, as most of them are done at once. It stays with the
//! first that has to wait, and another task goes on with the rest; so does one when a module blocks
//! the thread it is called by. Whoever waits for the round is in none of these tasks, so that no
//! module can hold it up.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use formwork_domain::BoxFuture;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::drive::{GRACE, Worked, once, work};
use super::{Cause, Phase};
use crate::{Context, Error, Module};

/// After so long with one module, the others are called by somebody else.
const PATIENCE: Duration = Duration::from_millis(5);

/// A module to call.
pub(super) struct Call {
    /// Tells it from the others.
    pub(super) number: usize,
    pub(super) module: Box<dyn Module>,
    pub(super) context: Context,
    pub(super) limit: Duration,
    pub(super) span: Span,
}

/// How a call ended.
pub(super) struct Ended {
    pub(super) number: usize,
    pub(super) begun: Instant,
    pub(super) took: Duration,
    /// `None` when it was left behind, or lost.
    pub(super) module: Option<Box<dyn Module>>,
    pub(super) result: Result<(), Cause>,
}

/// Calls of modules that go on.
pub(super) struct Round {
    shared: Arc<Shared>,
    /// How many have not been returned.
    open: usize,
    /// How many had been begun at some time, and when that is looked at again.
    watched: (usize, Instant),
}

struct Shared {
    phase: Phase,
    interrupt: CancellationToken,
    state: Mutex<State>,
    /// Something ended.
    progress: Notify,
}

struct State {
    waiting: VecDeque<Call>,
    begun: Vec<Begun>,
    ended: VecDeque<Ended>,
    /// How many calls were begun so far.
    count: usize,
    /// Those who call.
    tasks: Vec<AbortHandle>,
}

/// A call that goes on.
struct Begun {
    number: usize,
    at: Instant,
    limit: Duration,
}

impl Round {
    /// Calls the modules in this order, and does not wait for one before it calls the next.
    pub(super) fn begin(
        phase: Phase,
        interrupt: &CancellationToken,
        calls: VecDeque<Call>,
    ) -> Self {
        let open = calls.len();
        let shared = Arc::new(Shared {
            phase,
            interrupt: interrupt.clone(),
            state: Mutex::new(State {
                begun: Vec::with_capacity(1),
                ended: VecDeque::with_capacity(open),
                waiting: calls,
                count: 0,
                tasks: Vec::with_capacity(1),
            }),
            progress: Notify::new(),
        });
        if open > 0 {
            spawn(&shared, &mut shared.lock());
        }
        Self {
            shared,
            open,
            watched: (0, Instant::now() + PATIENCE),
        }
    }

    /// The next call that ended, or was given up; `None` when all have.
    pub(super) async fn next(&mut self) -> Option<Ended> {
        loop {
            let until = {
                let mut state = self.shared.lock();
                if let Some(ended) = state.ended.pop_front() {
                    self.open -= 1;
                    return Some(ended);
                }
                if self.open == 0 {
                    return None;
                }
                let now = Instant::now();
                if let Some(late) = state.take_late(now) {
                    self.open -= 1;
                    return Some(late);
                }
                let (count, until) = self.watched;
                if count != state.count {
                    self.watched = (state.count, now + PATIENCE);
                } else if until <= now {
                    self.watched = (count, now + PATIENCE);
                    if !state.waiting.is_empty() {
                        spawn(&self.shared, &mut state);
                    }
                }
                let patience = (!state.waiting.is_empty()).then_some(self.watched.1);
                let ends = state.begun.iter().map(Begun::end);
                ends.chain(patience).min().unwrap_or(self.watched.1)
            };
            // Either way there is something to look at.
            let _ = timeout_at(until, self.shared.progress.notified()).await;
        }
    }
}

impl Drop for Round {
    /// Nothing goes on when nobody waits for it any more. What was left behind goes no further
    /// than it must.
    fn drop(&mut self) {
        let (waiting, tasks) = {
            let mut state = self.shared.lock();
            let waiting = std::mem::take(&mut state.waiting);
            (waiting, std::mem::take(&mut state.tasks))
        };
        tasks.iter().for_each(AbortHandle::abort);
        drop(waiting);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Call> {
        let mut state = self.lock();
        let call = state.waiting.pop_front()?;
        state.count += 1;
        state.begun.push(Begun {
            number: call.number,
            at: Instant::now(),
            limit: call.limit,
        });
        Some(call)
    }

    fn end(&self, number: usize, (module, result): Worked<()>) {
        let mut state = self.lock();
        let mut begun = state.begun.iter();
        let Some(index) = begun.position(|it| it.number == number) else {
            drop(state);
            // Nobody waits for it any more. It is dropped as what it is: code of the module.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(module)));
            return;
        };
        let begun = state.begun.swap_remove(index);
        state.ended.push_back(Ended {
            number,
            begun: begun.at,
            took: begun.at.elapsed(),
            module,
            result,
        });
    }
}

impl State {
    /// A call that blocks its thread: it would have been cut off otherwise.
    fn take_late(&mut self, now: Instant) -> Option<Ended> {
        let index = self.begun.iter().position(|begun| begun.end() <= now)?;
        let late = self.begun.swap_remove(index);
        Some(Ended {
            number: late.number,
            begun: late.at,
            took: now - late.at,
            module: None,
            result: Err(Cause::Deadline(late.limit)),
        })
    }
}

impl Begun {
    /// When it is given up.
    fn end(&self) -> Instant {
        self.at + self.limit + GRACE
    }
}

fn spawn(shared: &Arc<Shared>, state: &mut State) {
    let run: BoxFuture<'static, ()> = Box::pin(run(Arc::clone(shared)));
    let task = tokio::spawn(run.in_current_span());
    state.tasks.push(task.abort_handle());
}

/// Calls modules until one has to wait, or none is left.
async fn run(shared: Arc<Shared>) {
    while let Some(call) = shared.take() {
        let Call {
            number,
            module,
            context,
            limit,
            span,
        } = call;
        let phase = shared.phase;
        let call = work(module, &context, limit, &shared.interrupt, |it, context| {
            method(it, context, phase)
        });
        let mut call = pin!(call.instrument(span));
        if let Poll::Ready(ended) = once(call.as_mut()).await {
            shared.end(number, ended);
            continue;
        }
        // What ended before is told by whoever goes on with the rest.
        {
            let mut state = shared.lock();
            if state.waiting.is_empty() {
                shared.progress.notify_one();
            } else {
                spawn(&shared, &mut state);
            }
        }
        let ended = call.await;
        shared.end(number, ended);
        break;
    }
    shared.progress.notify_one();
}

fn method<'a>(
    module: &'a mut dyn Module,
    context: &'a Context,
    phase: Phase,
) -> BoxFuture<'a, Result<(), Error>> {
    match phase {
        Phase::Start => module.start(context),
        Phase::Prepare => Box::pin(async {
            Err(Error::lifecycle(
                "a module prepares for a configuration, which a phase has not",
            ))
        }),
        Phase::Drain => module.drain(context),
        Phase::Stop => module.stop(context),
    }
}
