//! Starts the levels one after another, the modules of a level together.

use std::sync::Arc;

use formwork_config::{Section, Snapshot, WatchedKind, WatchedSource};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::running::apart;
use super::unit::{Unit, pass, within};
use super::wire::Wired;
use super::{Cause, Failure, Failures, Phase, Running, StartError, Timeline, TimelineEntry};
use crate::event::{Events, kind};
use crate::health::supervise;
use crate::milliseconds::milliseconds;
use crate::reload::{Observer, Part, Seat, work};
use crate::{Changes, Context, State, StopReason, context};

impl Wired {
    pub(crate) async fn start(self) -> Result<Running, StartError> {
        let begun = Instant::now();
        let running = self.into_running();
        running.transition(State::Starting);
        let Levels {
            mut running,
            mut failures,
            interrupted,
        } = apart(running.start_levels(begun)).await;

        if failures.0.is_empty() && interrupted.is_none() {
            running.watch_health();
            running.take_reloads();
            running.transition(State::Accepting);
            if let Some(looked_for) = missing_file(&running.reloads.current()) {
                tracing::info!(
                    looked_for,
                    "there is no configuration file, so what is compiled in counts where no variable \
                     or flag says otherwise; `--print-sample` prints one to start from"
                );
            }
            let mut timeline = std::mem::take(&mut running.timeline);
            timeline.total = begun.elapsed();
            tracing::info!(
                modules = timeline.entries.len(),
                elapsed_ms = milliseconds(timeline.total),
                "accepting"
            );
            running.inventory.accepting(timeline);
            return Ok(running);
        }

        let snapshot = running.reloads.current();
        for failure in &mut failures.0 {
            let mut modules = running.declared.iter();
            let module = modules.find(|module| module.name() == failure.module);
            let section = module.and_then(|module| module.declaration.section.as_ref());
            failure.locate(section.map(Section::prefix), &snapshot);
        }
        failures.0.extend(running.stop_modules().await.0);
        if interrupted.is_some() {
            failures
                .0
                .retain(|failure| !matches!(failure.cause, Cause::Interrupted));
        }
        running.transition(if failures.0.is_empty() {
            State::Stopped
        } else {
            State::Failed
        });
        running.close_events().await;
        Err(match interrupted {
            Some(reason) => StartError::Interrupted { reason, failures },
            None => StartError::Modules(failures),
        })
    }

    fn into_running(mut self) -> Running {
        // Known from the beginning, asked once everything has started.
        for check in &mut self.checks {
            check.set_defaults(self.config.health_period, self.config.health_timeout);
            self.health.register(check);
        }
        for component in &self.unchecked {
            self.health.introduce(component);
        }
        for warning in &self.plan.warnings {
            tracing::warn!("{warning}");
        }
        if tracing::enabled!(tracing::Level::DEBUG) {
            for unused in self.plan.unused(&self.declared) {
                tracing::debug!("{unused}");
            }
        }
        let shared = Arc::new(context::Shared {
            service: self.service.clone(),
            lifecycle: self.lifecycle.clone(),
            health: self.health.clone(),
            events: self.events.clone(),
            declared: Arc::clone(&self.declared),
        });
        let source = self.source();
        let observers = std::mem::take(&mut self.observers);
        let observers = self.events.open(observers, source);
        let seat = Seat::row(self.modules);
        let mut idle = Vec::with_capacity(self.plan.levels.len());
        for (level, members) in self.plan.levels.iter().enumerate() {
            let mut units = Vec::with_capacity(members.len());
            for &index in members {
                let declaration = &self.declared[index].declaration;
                let context = Context::new(index, &shared);
                self.inventory.add(index, level, context.tasks().clone());
                self.events.emit_with(
                    kind::MODULE_REGISTERING,
                    &declaration.name,
                    || json!({ "version": declaration.version, "level": level }),
                );
                units.push(Unit {
                    context,
                    level,
                    calls: self.calls.clone(),
                    seat: seat(index),
                });
            }
            idle.push(units);
        }
        Running {
            service: self.service,
            reloads: self.reloads,
            reloading: None,
            config: self.config,
            plan: self.plan,
            declared: self.declared,
            inventory: self.inventory,
            services: self.services,
            lifecycle: self.lifecycle,
            health: self.health,
            unwatched: self.checks,
            checks: JoinSet::new(),
            observers,
            events: self.events,
            idle,
            units: Vec::new(),
            timeline: Timeline::default(),
        }
    }
}

/// What became of the modules.
struct Levels {
    running: Running,
    failures: Failures,
    interrupted: Option<StopReason>,
}

impl Running {
    async fn start_levels(mut self, begun: Instant) -> Levels {
        let deadline = begun + self.config.start_timeout_total;
        let mut failures = Failures::default();
        let interrupt = CancellationToken::new();
        let mut interrupted = None;
        for level in self.idle.split_off(0) {
            let lifecycle = self.lifecycle.clone();
            let started = start_level(level, &self.config, begun, deadline, &interrupt);
            tokio::pin!(started);
            let ended = tokio::select! {
                biased;
                ended = &mut started => ended,
                reason = lifecycle.stop_requested() => {
                    interrupt.cancel();
                    interrupted = Some(reason);
                    started.await
                }
            };
            self.inventory.started(&ended.timeline);
            self.timeline.entries.extend(ended.timeline);
            self.units.push(ended.units);
            failures.0.extend(ended.failures);
            if !failures.0.is_empty() || interrupted.is_some() {
                break;
            }
        }
        Levels {
            running: self,
            failures,
            interrupted,
        }
    }

    fn take_reloads(&mut self) {
        let units = self.units.iter().flatten();
        let parts = units.filter_map(|unit| {
            unit.context.prefix()?;
            Some(Part {
                context: unit.context.clone(),
                seat: unit.seat.clone(),
            })
        });
        let work = work(
            Arc::clone(&self.reloads),
            parts.collect(),
            Observer::new(
                self.health.clone(),
                self.events.clone(),
                self.service.name.clone(),
            ),
        );
        self.reloading = Some(tokio::spawn(work));
    }

    fn watch_health(&mut self) {
        if self.events.is_observed() {
            // Followed before the first check runs, so that not even its result is missed.
            let changes = self.health.changes();
            self.checks
                .spawn(tell_changes(changes, self.events.clone()));
        }
        for check in std::mem::take(&mut self.unwatched) {
            self.checks.spawn(supervise(check, self.health.clone()));
        }
    }
}

/// How the start of a level ended.
struct Level {
    /// Those that started.
    units: Vec<Unit>,
    failures: Vec<Failure>,
    timeline: Vec<TimelineEntry>,
}

async fn start_level(
    units: Vec<Unit>,
    config: &super::AppConfig,
    begun: Instant,
    deadline: Instant,
    interrupt: &CancellationToken,
) -> Level {
    let limit = |unit: &Unit| {
        let own = unit.context.declaration().start_timeout;
        within(deadline, Some(own.unwrap_or(config.start_timeout)))
    };
    let all: Vec<_> = units.iter().collect();
    let passed = pass(&all, Phase::Start, interrupt, limit).await;
    let mut level = Level {
        timeline: Vec::with_capacity(units.len()),
        units: Vec::with_capacity(units.len()),
        failures: Vec::new(),
    };
    for (unit, passed) in units.into_iter().zip(passed) {
        let Some(passed) = passed else { continue };
        match passed.failure {
            None => {
                level.timeline.push(TimelineEntry {
                    module: unit.context.module().to_owned(),
                    level: unit.level,
                    at: passed.begun - begun,
                    took: passed.took,
                });
                level.units.push(unit);
            }
            Some(failure) => level.failures.push(failure),
        }
    }
    level
}

/// Tells the observers of every change of a component.
async fn tell_changes(mut changes: Changes, events: Events) {
    let mut missed = 0;
    while let Some(change) = changes.next().await {
        if changes.missed() > missed {
            missed = changes.missed();
            tracing::warn!(
                missed,
                "changes of health came too fast to tell all of them"
            );
        }
        events.emit_with(kind::HEALTH_CHANGED, &change.component, || json!(&*change));
        events.room().await;
    }
}

/// The base file, when nobody asked for one and there is none.
fn missing_file(snapshot: &Snapshot) -> Option<String> {
    let base = |source: &&WatchedSource| {
        let stem = source.path.file_stem();
        source.kind == WatchedKind::File && stem.is_some_and(|stem| stem == "default")
    };
    let bases: Vec<_> = snapshot.sources().iter().filter(base).collect();
    if bases.iter().any(|it| it.path.symlink_metadata().is_ok()) {
        return None;
    }
    let mut preferred = bases
        .iter()
        .filter(|it| it.path.extension().is_some_and(|it| it == "toml"));
    preferred.next().map(|it| it.path.display().to_string())
}
