//! An application at work, and how it stops.

use std::fmt;
use std::sync::Arc;

use formwork_config::Snapshot;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::unit::{self, FLOOR, Unit};
use super::{AppConfig, Failures, Inventory, ModuleInfo, Timeline};
use crate::event::{Events, kind};
use crate::lifecycle::IllegalTransition;
use crate::milliseconds::milliseconds;
use crate::plan::{Declared, Graph, Plan};
use crate::registry::Services;
use crate::{Health, HealthCheck, Lifecycle, Reloads, ServiceInfo, State, StopReason, WireError};

/// An application at work.
///
/// Stop it with [`stop`](Self::stop). When it is dropped instead, or the future of `stop` is, its
/// tasks are cut off and it has failed; the modules are dropped without being stopped.
pub struct Running {
    pub(super) service: ServiceInfo,
    pub(super) reloads: Arc<Reloads>,
    /// Reloads when it is asked to.
    pub(super) reloading: Option<JoinHandle<()>>,
    pub(super) config: AppConfig,
    pub(super) plan: Arc<Plan>,
    pub(super) declared: Arc<Vec<Declared>>,
    pub(super) inventory: Inventory,
    pub(super) services: Services,
    pub(super) lifecycle: Lifecycle,
    pub(super) health: Health,
    /// Checks that begin once everything has started.
    pub(super) unwatched: Vec<HealthCheck>,
    pub(super) checks: JoinSet<()>,
    pub(super) events: Events,
    pub(super) observers: JoinSet<()>,
    /// What has not started yet, by level.
    pub(super) idle: Vec<Vec<Unit>>,
    /// What has started, by level.
    pub(super) units: Vec<Vec<Unit>>,
    /// Until it is complete, and the inventory's.
    pub(super) timeline: Timeline,
}

impl Running {
    /// The service of type `T`.
    ///
    /// # Errors
    /// When nobody provides it, or only one for each tenant.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, WireError> {
        self.services.get()
    }

    /// The service of type `T` with this name.
    ///
    /// # Errors
    /// When nobody provides it.
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, WireError> {
        self.services.get_named(name)
    }

    /// Everything of type `T` that was contributed.
    pub fn all<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        self.services.all()
    }

    /// The services, to be looked up from anywhere.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What the application is made of.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The service this is.
    pub fn service(&self) -> &ServiceInfo {
        &self.service
    }

    /// The configuration of the generation in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.reloads.current()
    }

    /// The health.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The state.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Emits events, and says what became of them.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The modules and what ties them.
    pub fn graph(&self) -> &Graph {
        self.plan.graph(&self.declared)
    }

    /// When each module started, and how long it took.
    pub fn timeline(&self) -> &Timeline {
        self.inventory.timeline().unwrap_or(&self.timeline)
    }

    /// What is registered, in the order of the modules' start.
    pub fn modules(&self) -> Vec<ModuleInfo> {
        self.inventory.modules()
    }

    /// Turns the readiness probe off without stopping anything.
    ///
    /// # Errors
    /// When the application is not accepting.
    pub fn drain(&self) -> Result<(), IllegalTransition> {
        self.try_transition(State::Draining)
    }

    /// Turns the readiness probe on again.
    ///
    /// # Errors
    /// When the application is not draining.
    pub fn resume(&self) -> Result<(), IllegalTransition> {
        self.try_transition(State::Accepting)
    }

    /// Waits until somebody asks the application to stop: a module, or a task that ended.
    pub async fn stop_requested(&self) -> StopReason {
        self.lifecycle.stop_requested().await
    }

    /// Stops in order:
    ///
    /// 1. The application is not ready any more, and goes on accepting for `app.drain-delay`.
    /// 2. Every module is told to take no new work, in the reverse order of their start:
    ///    [`Context::shutdown`](crate::Context::shutdown).
    /// 3. [`Module::drain`](crate::Module::drain) waits for what is in flight, in reverse, for `app.drain-timeout` at most.
    /// 4. Each module's tasks are ended, then it is stopped, in reverse, within `app.stop-timeout`;
    ///    what starts first, such as the log, stops last.
    /// 5. The observers are told of all that, and have 250 ms to finish.
    ///
    /// # Errors
    /// Everything that failed or was cut off. Everything else was stopped all the same.
    pub async fn stop(self) -> Result<(), Failures> {
        apart(self.stop_here()).await
    }

    async fn stop_here(mut self) -> Result<(), Failures> {
        self.stop_reloading().await;
        // It may be draining already.
        if self.lifecycle.state() != State::Draining {
            self.transition(State::Draining);
        }
        if !self.config.drain_delay.is_zero() {
            tracing::info!(delay = ?self.config.drain_delay, "not ready, still accepting");
            tokio::time::sleep(self.config.drain_delay).await;
        }
        let begun = Instant::now();
        let mut failures = self.drain_modules().await;
        failures.0.extend(self.stop_modules().await.0);
        self.transition(if failures.0.is_empty() {
            State::Stopped
        } else {
            State::Failed
        });
        self.close_events().await;
        let elapsed_ms = milliseconds(begun.elapsed());
        if failures.0.is_empty() {
            tracing::info!(elapsed_ms, "stopped");
            return Ok(());
        }
        let cut_off = failures.cut_off();
        tracing::error!(elapsed_ms, cut_off, "stopped with failures");
        Err(failures)
    }

    pub(super) fn transition(&self, to: State) {
        if let Err(error) = self.try_transition(to) {
            tracing::error!(%error, "illegal transition");
        }
    }

    fn try_transition(&self, to: State) -> Result<(), IllegalTransition> {
        let from = self.lifecycle.state();
        self.lifecycle.transition(to)?;
        tracing::debug!(state = to.as_str(), "state changed");
        if self.events.is_observed() {
            let kind = format!("{}{to}", kind::APPLICATION);
            let data = json!({ "from": from.as_str(), "to": to.as_str() });
            self.events.emit(kind, &self.service.name, data);
        }
        Ok(())
    }

    /// Lets the observers finish; the last to end, as they are told of everybody's end.
    pub(super) async fn close_events(&mut self) {
        let deadline = Instant::now() + FLOOR;
        let lost = self.events.close(&mut self.observers, deadline).await;
        if lost > 0 {
            tracing::warn!(lost, "events were not observed before the end");
        }
    }

    /// Interrupts a reload that has not been committed, and waits until it has given everything
    /// back.
    async fn stop_reloading(&mut self) {
        self.reloads.close();
        if let Some(reloading) = self.reloading.take() {
            // Its panics are those of modules, which it has told.
            let _ = reloading.await;
        }
    }

    async fn drain_modules(&mut self) -> Failures {
        // All of them first, so that nobody takes new work while others finish theirs.
        for level in self.units.iter().rev() {
            level.iter().rev().for_each(Unit::shut_down);
        }
        let deadline = Instant::now() + self.config.drain_timeout;
        let mut failures = Failures::default();
        for level in self.units.iter().rev() {
            failures.0.extend(unit::drain(level, deadline).await);
        }
        failures
    }

    pub(super) async fn stop_modules(&mut self) -> Failures {
        self.transition(State::Stopping);
        self.checks.abort_all();
        let deadline = Instant::now() + self.config.stop_timeout;
        let mut failures = Failures::default();
        for level in std::mem::take(&mut self.units).into_iter().rev() {
            failures.0.extend(unit::stop(&level, deadline).await);
        }
        failures
    }
}

/// In a task of its own: what a module does at once in a phase is done by the thread that waits for
/// it then, and handing over to another one and back takes longer than most phases.
pub(super) async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let task = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
    match task.await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that ends cancels it, and whoever waits for it too.
            Err(_) => std::future::pending().await,
        },
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.reloads.close();
        if let Some(reloading) = &self.reloading {
            reloading.abort();
        }
        // Whoever holds a handle must not take it for one that works. Illegal, and not needed, once
        // it has ended.
        let _ = self.lifecycle.transition(State::Stopping);
        let _ = self.lifecycle.transition(State::Failed);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("service", &self.service)
            .field("state", &self.lifecycle.state())
            .finish_non_exhaustive()
    }
}
