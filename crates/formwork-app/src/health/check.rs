//! A check and the task that runs it again and again.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::Future;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use formwork_domain::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::health::{Answer, Health, IntoAnswer, Status};

/// No period and no timeout is longer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type Probe = Arc<dyn Fn() -> BoxFuture<'static, Answer> + Send + Sync>;

/// A question asked in the background again and again: does the component work?
///
/// The answer is a `Result<(), E>`, or an [`Answer`] when there is something between the two. It
/// belongs to this component alone: one that hangs is over after the timeout and not asked again
/// until it has ended, one that panics counts as a failure. The question may be dropped at any
/// await.
///
/// ```
/// use std::time::Duration;
/// use formwork_app::HealthCheck;
///
/// let check = HealthCheck::required("database", || async {
///     Err::<(), _>("connection refused")
/// })
/// .period(Duration::from_secs(5));
/// ```
#[derive(Clone)]
pub struct HealthCheck {
    name: String,
    required: bool,
    failure: Status,
    timeout: Option<Duration>,
    period: Option<Duration>,
    groups: Vec<String>,
    probe: Probe,
}

impl HealthCheck {
    /// A component without which the application is not ready. Once it has worked, three failures
    /// in a row make it unhealthy; one success heals it.
    pub fn required<F>(
        name: impl Into<String>,
        probe: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(name.into(), true, Status::Unhealthy, probe)
    }

    /// A component the application can do without: its failure degrades, it never makes the
    /// application unready.
    pub fn optional<F>(
        name: impl Into<String>,
        probe: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self::new(name.into(), false, Status::Degraded, probe)
    }

    fn new<F>(
        name: String,
        required: bool,
        failure: Status,
        probe: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: IntoAnswer> + Send + 'static,
    {
        Self {
            name,
            required,
            failure,
            timeout: None,
            period: None,
            groups: Vec::new(),
            probe: Arc::new(move || {
                let answer = probe();
                Box::pin(async move { answer.await.into_answer() })
            }),
        }
    }

    /// The same, of one of several instances of its module.
    pub(crate) fn of_instance(mut self, instance: &str) -> Self {
        self.name = format!("{}@{instance}", self.name);
        self
    }

    /// How long an answer may take, in place of `app.health-timeout`: from 1 ms to a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout.clamp(Duration::from_millis(1), DAY));
        self
    }

    /// How often to ask, give or take a tenth, in place of `app.health-period`: every 10 ms to
    /// once a day.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = Some(period.clamp(Duration::from_millis(10), DAY));
        self
    }

    /// The status of a component that fails: unhealthy, or degraded, which any other status means.
    /// Whatever the check answers, its component is never worse than this.
    #[must_use]
    pub fn failure_status(mut self, status: Status) -> Self {
        self.failure = match status {
            Status::Unhealthy => Status::Unhealthy,
            _ => Status::Degraded,
        };
        self
    }

    /// Also reported as part of this group. Every check is in the group of its own name.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.groups.push(group.into());
        self
    }

    pub(super) fn join(&mut self, group: &str) {
        self.groups.push(group.to_owned());
    }

    pub(crate) fn set_defaults(&mut self, period: Duration, timeout: Duration) {
        self.period.get_or_insert(period);
        self.timeout.get_or_insert(timeout);
        self.groups.push(self.name.clone());
        self.groups.sort();
        self.groups.dedup();
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    pub(crate) fn failure(&self) -> Status {
        self.failure
    }

    pub(crate) fn groups(&self) -> &[String] {
        &self.groups
    }

    pub(crate) fn limit(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(1))
    }

    /// The period with the jitter against it.
    pub(crate) fn longest_period(&self) -> Duration {
        self.base_period() * 11 / 10
    }

    fn base_period(&self) -> Duration {
        self.period.unwrap_or(Duration::from_secs(10))
    }

    /// The period, give or take a tenth, so that checks do not run in step.
    fn next_period(&self) -> Duration {
        let permille = 900 + RandomState::new().hash_one(&self.name) % 201;
        self.base_period() * permille as u32 / 1_000
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck")
            .field("name", &self.name)
            .field("required", &self.required)
            .field("failure", &self.failure)
            .field("timeout", &self.timeout)
            .field("period", &self.period)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// Asks at once and then once per period, for ever. A check that hangs is not asked again until it
/// has ended: it costs at most one task.
pub(crate) async fn supervise(check: HealthCheck, health: Health) {
    let mut hanging: Option<AbortOnDrop> = None;
    loop {
        let next = Instant::now() + check.next_period();
        match &hanging {
            Some(probe) if !probe.0.is_finished() => {
                let stale = health.stale_from(&check.name);
                if let Some(stale) = stale.filter(|stale| *stale < next) {
                    tokio::time::sleep_until(stale).await;
                    health.forget(&check.name);
                }
            }
            _ => hanging = ask(&check, &health).await,
        }
        tokio::time::sleep_until(next).await;
    }
}

/// One answer, in a task of its own: a panic or a hang stays in it. Returns the task when it hangs.
async fn ask(check: &HealthCheck, health: &Health) -> Option<AbortOnDrop> {
    let started = Instant::now();
    // Asked inside the task as well: the question itself may panic before it waits for anything.
    let question = Arc::clone(&check.probe);
    let mut probe = AbortOnDrop(tokio::spawn(async move { question().await }));
    let answered = tokio::time::timeout(check.limit(), &mut probe.0).await;
    let latency = started.elapsed();
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::unhealthy("the check panicked"),
        Err(_) => {
            probe.0.abort();
            let silence = Answer::unhealthy(format!("no answer within {:?}", check.limit()));
            health.record(&check.name, silence, latency);
            return Some(probe);
        }
    };
    health.record(&check.name, answer, latency);
    None
}

struct AbortOnDrop(JoinHandle<Answer>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
