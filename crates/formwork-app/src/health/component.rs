//! What is remembered of a component between two checks.

use std::sync::Arc;
use std::time::Duration;

use formwork_domain::Clock;
use tokio::time::Instant;

use crate::SystemClock;
use crate::health::{Answer, Change, Component, HealthCheck, Status};

/// After so many failures in a row a required component that worked counts as failed.
const FAILURES_TO_FLIP: u32 = 3;
/// After so many periods without a result the status is unknown.
const PERIODS_TO_FORGET: u32 = 3;

#[derive(Debug)]
pub(crate) struct Entry {
    component: Arc<Component>,
    failure: Status,
    /// How long a result is believed; `None` when there is no check.
    lifetime: Option<Duration>,
    failures: u32,
    result_at: Option<Instant>,
}

impl Entry {
    pub(crate) fn new(check: &HealthCheck) -> Self {
        Self {
            failure: check.failure(),
            lifetime: Some(check.longest_period() * PERIODS_TO_FORGET + check.limit()),
            ..Self::named(check.name(), Status::Unknown, check.is_required())
        }
    }

    pub(crate) fn unchecked(name: &str, status: Status) -> Self {
        Self::named(name, status, false)
    }

    fn named(name: &str, status: Status, required: bool) -> Self {
        Self {
            component: Arc::new(Component {
                name: name.to_owned(),
                status,
                required,
                message: None,
                since: SystemClock.now(),
                latency: None,
            }),
            failure: Status::Degraded,
            lifetime: None,
            failures: 0,
            result_at: None,
        }
    }

    pub(crate) fn record(
        &mut self,
        answer: Answer,
        latency: Duration,
        now: Instant,
    ) -> Option<Change> {
        Arc::make_mut(&mut self.component).latency = Some(latency);
        self.result_at = Some(now);
        let (status, message) = answer.into_parts();
        if status != Status::Unhealthy {
            self.failures = 0;
            return self.set(status, message);
        }
        self.failures = self.failures.saturating_add(1);
        let Component {
            status, required, ..
        } = *self.component;
        // Only what was seen to work has a good name to lose.
        let flips = !required || !status.is_serving() || self.failures >= FAILURES_TO_FLIP;
        self.set(if flips { self.failure } else { status }, message)
    }

    /// No longer believes a result that is too old.
    pub(crate) fn forget(&mut self, now: Instant) -> Option<Change> {
        if self.stale_from()? > now {
            return None;
        }
        self.result_at = None;
        let message = "the check has not answered for three periods".to_owned();
        self.set(Status::Unknown, Some(message))
    }

    /// Returns the change when the status is another one.
    pub(crate) fn set(&mut self, status: Status, message: Option<String>) -> Option<Change> {
        let component = Arc::make_mut(&mut self.component);
        component.message = message;
        if component.status == status {
            return None;
        }
        let (name, from, to) = (&component.name, component.status.as_str(), status.as_str());
        let message = component.message.as_deref().unwrap_or_default();
        if status == Status::Healthy {
            tracing::info!(component = %name, from, to, "health changed");
        } else {
            tracing::warn!(component = %name, from, to, message, "health changed");
        }
        let from = std::mem::replace(&mut component.status, status);
        component.since = SystemClock.now();
        Some(Change {
            component: component.name.clone(),
            required: component.required,
            from,
            to: status,
            since: component.since,
            message: component.message.clone(),
        })
    }

    /// When the last result becomes too old; `None` when it never does.
    pub(crate) fn stale_from(&self) -> Option<Instant> {
        Some(self.result_at? + self.lifetime?)
    }

    pub(crate) fn component(&self) -> Arc<Component> {
        Arc::clone(&self.component)
    }
}
