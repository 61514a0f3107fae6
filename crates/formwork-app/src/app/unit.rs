//! A module with what belongs to it, and the modules of a level in a phase of theirs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::round::{Call, Ended, Round};
use super::watch::Calls;
use super::{Cause, Failure, Phase};
use crate::Context;
use crate::event::kind;
use crate::milliseconds::milliseconds;
use crate::reload::Seat;
use crate::tasks::Unfinished;

/// What a module has at least, however little of the total time is left.
pub(super) const FLOOR: Duration = Duration::from_millis(250);

pub(super) struct Unit {
    pub(super) context: Context,
    pub(super) level: usize,
    pub(super) calls: Calls,
    /// Shared with reloads.
    pub(super) seat: Seat,
}

/// How a phase of a module went.
pub(super) struct Passed {
    /// When the call of its method began.
    pub(super) begun: Instant,
    pub(super) took: Duration,
    pub(super) failure: Option<Failure>,
}

/// Calls the method of a phase of all these modules, which may take as long as `limit` says.
/// `None` for one that was left behind before.
pub(super) async fn pass(
    units: &[&Unit],
    phase: Phase,
    interrupt: &CancellationToken,
    limit: impl Fn(&Unit) -> Duration,
) -> Vec<Option<Passed>> {
    let mut calls = VecDeque::with_capacity(units.len());
    let mut entered = Vec::with_capacity(units.len());
    for (number, unit) in units.iter().enumerate() {
        let Some(module) = unit.seat.take() else {
            entered.push(None);
            continue;
        };
        let span = unit.context.span(phase.as_str());
        unit.announce(phase).instrument(span.clone()).await;
        let limit = limit(unit);
        let name = unit.context.module();
        entered.push(Some(unit.calls.enter(name, phase.as_str(), limit)));
        calls.push_back(Call {
            number,
            module,
            context: unit.context.clone(),
            limit,
            span,
        });
    }
    let mut passed: Vec<Option<Passed>> = units.iter().map(|_| None).collect();
    let mut round = Round::begin(phase, interrupt, calls);
    while let Some(ended) = round.next().await {
        let number = ended.number;
        drop(entered[number].take());
        let unit = units[number];
        let span = unit.context.span(phase.as_str());
        passed[number] = Some(unit.end(phase, ended).instrument(span).await);
    }
    passed
}

/// Waits until the modules of a level have finished what is in flight. They were told before to
/// take no more.
pub(super) async fn drain(level: &[Unit], deadline: Instant) -> Vec<Failure> {
    let units: Vec<_> = level.iter().rev().collect();
    let never = CancellationToken::new();
    let limit = |_: &Unit| within(deadline, None);
    let passed = pass(&units, Phase::Drain, &never, limit).await;
    let failures = passed.into_iter().flatten().map(|passed| passed.failure);
    failures.flatten().collect()
}

/// Ends the tasks of the modules of a level, then stops them.
pub(super) async fn stop(level: &[Unit], deadline: Instant) -> Vec<Failure> {
    for unit in level {
        unit.shut_down();
        unit.context.tasks().stopping().end();
    }
    let units = level.iter().rev().enumerate();
    // Those without tasks have nothing to wait for.
    let (busy, calm): (Vec<_>, Vec<_>) =
        units.partition(|(_, unit)| unit.context.tasks().were_spawned());
    let busy = busy.into_iter().map(|(number, unit)| async move {
        let of_tasks = unit.finish_tasks(deadline).await;
        let of_tasks = of_tasks.into_iter().map(|failure| (number, failure));
        let mut failures: Vec<_> = of_tasks.collect();
        failures.extend(stop_modules(vec![(number, unit)], deadline).await);
        failures
    });
    let (busy, calm) = join(join_all(busy), stop_modules(calm, deadline)).await;
    let mut failures: Vec<_> = busy.into_iter().flatten().chain(calm).collect();
    failures.sort_by_key(|(number, _)| *number);
    failures.into_iter().map(|(_, failure)| failure).collect()
}

/// Stops modules whose tasks have ended. Their failures keep their numbers.
async fn stop_modules(numbered: Vec<(usize, &Unit)>, deadline: Instant) -> Vec<(usize, Failure)> {
    let (numbers, units): (Vec<_>, Vec<_>) = numbered.into_iter().unzip();
    let never = CancellationToken::new();
    let limit = |unit: &Unit| within(deadline, unit.context.declaration().stop_timeout);
    let passed = pass(&units, Phase::Stop, &never, limit).await;
    // What `stop` itself spawned, or a task that was cut off.
    let of_tasks = join_all(units.iter().map(|unit| unit.close_tasks(deadline))).await;
    let ended = units.iter().zip(passed).zip(of_tasks).zip(numbers);
    let failures = ended.flat_map(|(((unit, passed), of_tasks), number)| {
        let failure = match passed {
            Some(passed) => passed.failure,
            None => Some(unit.left_behind()),
        };
        let failures = failure.into_iter().chain(of_tasks);
        failures.map(move |failure| (number, failure))
    });
    failures.collect()
}

impl Unit {
    /// Tells the module to take no new work.
    pub(super) fn shut_down(&self) {
        self.context.tasks().draining().end();
    }

    /// Tells the module's tasks to end, and cuts them off.
    pub(super) fn abandon(&self) {
        self.shut_down();
        self.context.tasks().stopping().end();
        self.context.tasks().abort();
    }

    /// Waits for the module's tasks, which were told to end, and cuts them off in the end.
    async fn finish_tasks(&self, deadline: Instant) -> Vec<Failure> {
        let limit = within(deadline, self.context.declaration().stop_timeout);
        let tasks = self.context.tasks();
        self.blame(tasks.finish(Instant::now() + limit).await)
    }

    /// As [`finish_tasks`](Self::finish_tasks), for what was spawned while the module stopped: the
    /// module has ended, and runs nothing any more.
    async fn close_tasks(&self, deadline: Instant) -> Vec<Failure> {
        let limit = within(deadline, self.context.declaration().stop_timeout);
        let tasks = self.context.tasks();
        self.blame(tasks.close(Instant::now() + limit).await)
    }

    /// The module's failures are those of its tasks.
    fn blame(&self, tasks: Unfinished) -> Vec<Failure> {
        let Unfinished { cut_off, panicked } = tasks;
        let cut_off = (!cut_off.is_empty()).then_some(Cause::TasksCutOff(cut_off));
        let panicked = (!panicked.is_empty()).then_some(Cause::TasksPanicked(panicked));
        let causes = cut_off.into_iter().chain(panicked);
        let failures = causes.map(|cause| {
            let failure = Failure {
                module: self.context.module().to_owned(),
                phase: Phase::Stop,
                cause,
            };
            let span = self.context.span(Phase::Stop.as_str());
            span.in_scope(|| tracing::error!("{failure}"));
            self.tell_stop_failed(&failure);
            failure
        });
        failures.collect()
    }

    fn tell_stop_failed(&self, failure: &Failure) {
        let events = self.context.events();
        events.emit_with(kind::MODULE_FAILED, self.context.module(), || {
            let (phase, error) = (Phase::Stop.as_str(), failure.to_string());
            json!({ "level": self.level, "phase": phase, "error": error })
        });
    }

    /// The module blocks a thread since an earlier call and could not be stopped, which is told.
    fn left_behind(&self) -> Failure {
        let failure = Failure {
            module: self.context.module().to_owned(),
            phase: Phase::Stop,
            cause: Cause::LeftBehind,
        };
        let span = self.context.span(Phase::Stop.as_str());
        span.in_scope(|| tracing::error!("{failure}"));
        self.tell_stop_failed(&failure);
        failure
    }

    async fn end(&self, phase: Phase, ended: Ended) -> Passed {
        if let Some(module) = ended.module {
            self.seat.put(module);
        }
        let failure = ended.result.err().map(|cause| Failure {
            module: self.context.module().to_owned(),
            phase,
            cause,
        });
        let elapsed_ms = milliseconds(ended.took);
        match (&failure, phase) {
            (None, Phase::Start) => tracing::info!(elapsed_ms, "started"),
            (None, Phase::Prepare | Phase::Drain) => tracing::debug!(elapsed_ms, "done"),
            (None, Phase::Stop) => tracing::info!(elapsed_ms, "stopped"),
            (Some(failure), _) => tracing::error!(elapsed_ms, "{failure}"),
        }
        self.announce_end(phase, ended.took, failure.as_ref()).await;
        if failure.is_some() && phase == Phase::Start {
            // What it spawned must not outlive it.
            self.abandon();
        }
        Passed {
            begun: ended.begun,
            took: ended.took,
            failure,
        }
    }

    /// Tells the observers that a phase of the module begins, and waits for those that are strict.
    async fn announce(&self, phase: Phase) {
        let kind = match phase {
            Phase::Start => kind::MODULE_STARTING,
            Phase::Prepare => kind::MODULE_PREPARING,
            Phase::Drain => kind::MODULE_DRAINING,
            Phase::Stop => kind::MODULE_STOPPING,
        };
        // The last line of a process that the kernel ends names who was at work.
        tracing::debug!("{kind}");
        let events = self.context.events();
        events.emit_with(
            kind,
            self.context.module(),
            || json!({ "level": self.level }),
        );
        events.room().await;
    }

    /// Tells the observers how a phase of the module ended, and waits for those that are strict.
    async fn announce_end(&self, phase: Phase, took: Duration, failure: Option<&Failure>) {
        let kind = match phase {
            _ if failure.is_some() => kind::MODULE_FAILED,
            Phase::Start => kind::MODULE_STARTED,
            Phase::Prepare => kind::MODULE_PREPARED,
            Phase::Drain => kind::MODULE_DRAINED,
            Phase::Stop => kind::MODULE_STOPPED,
        };
        let events = self.context.events();
        events.emit_with(kind, self.context.module(), || {
            let elapsed_ms = milliseconds(took);
            let mut data = json!({ "level": self.level, "elapsed_ms": elapsed_ms });
            if let Some(failure) = failure {
                data["phase"] = phase.as_str().into();
                data["error"] = failure.to_string().into();
            }
            data
        });
        events.room().await;
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        // Nobody is left to stop its tasks.
        self.abandon();
        let module = self.seat.take();
        // Also this is code of the module, and the others are not to suffer for it.
        if catch_unwind(AssertUnwindSafe(|| drop(module))).is_err() {
            let module = self.context.module();
            tracing::error!(module, "the module panicked when it was dropped");
        }
    }
}

/// How long a phase may take: the module's own limit, within what is left of all. Of that there is
/// never less than the floor.
pub(super) fn within(deadline: Instant, own: Option<Duration>) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.max(FLOOR);
    own.map_or(left, |own| left.min(own))
}
