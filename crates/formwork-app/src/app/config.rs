//! The application's own configuration, under `app`.

use std::collections::BTreeMap;
use std::time::Duration;

use formwork_config::{ByteSize, Checks, Config};

/// How the application starts, watches itself and stops.
#[derive(Debug, Clone, Config)]
#[config(check = "AppConfig::check")]
pub struct AppConfig {
    /// Worker threads; 0 for one per processor.
    #[config(default = 0, range(min = 0, max = 1024))]
    pub workers: usize,
    /// How long a module may take to start.
    #[config(default = "10s", range(min = "1ms", max = "1h"))]
    pub start_timeout: Duration,
    /// How long all modules together may take to start.
    #[config(default = "60s", range(min = "1ms", max = "1h"))]
    pub start_timeout_total: Duration,
    /// How long to go on accepting work after the signal to stop, while the readiness probe
    /// already says no. Set it to what a load balancer needs to notice, such as `5s` on
    /// Kubernetes; nothing on a developer's machine.
    #[config(default = "0s", range(max = "10m"))]
    pub drain_delay: Duration,
    /// How long work in flight may take to finish.
    #[config(default = "10s", range(max = "1h"))]
    pub drain_timeout: Duration,
    /// How long all modules together may take to stop. Each has at least 250 ms, whatever the
    /// others took.
    #[config(default = "15s", range(max = "1h"))]
    pub stop_timeout: Duration,
    /// How long whoever ends the process waits before killing it, such as the `stop_grace_period`
    /// of a compose file or the `terminationGracePeriodSeconds` of Kubernetes: an orderly stop has
    /// to fit. Nothing is checked when it is not known.
    #[config(range(max = "3h"))]
    pub grace_period: Option<Duration>,
    /// How often a health check runs, give or take a tenth.
    #[config(default = "10s", range(min = "10ms", max = "1h"))]
    pub health_period: Duration,
    /// How long a health check may take.
    #[config(default = "1s", range(min = "1ms", max = "10m"))]
    pub health_timeout: Duration,
    /// How much memory the process may use, such as `512MiB`: beyond it, the process says who was at
    /// work and ends, before the system ends it without a word. 95 % of what the container, or
    /// else the machine, has when left out. Looked at ten times a second.
    #[config(range(min = "1MiB"))]
    pub memory_limit: Option<ByteSize>,
    /// Groups of components that are asked for together, such as
    /// `checkout = ["postgres", "nats"]` for `/health/checkout`, besides those the modules form.
    pub health_groups: Option<BTreeMap<String, Vec<String>>>,
    /// What happens when a value changes that only a restart takes over.
    #[config(default = "reject", dynamic)]
    pub static_changes: StaticChanges,
    /// How long a module may take to prepare for a changed configuration.
    #[config(default = "10s", range(min = "1ms", max = "1h"), dynamic)]
    pub prepare_timeout: Duration,
    /// How long to wait, after a file has changed or a signal has come, for further ones.
    #[config(default = "250ms", range(max = "1m"), dynamic)]
    pub reload_debounce: Duration,
}

/// What happens when a value changes that only a restart takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum StaticChanges {
    /// Nothing of the new configuration is taken over; the values are listed.
    Reject,
    /// Everything else is taken over; the values are listed.
    ApplyDynamic,
}

impl AppConfig {
    /// How long an orderly stop takes at most, from the first signal to the end of the process:
    /// `drain-delay` + `drain-timeout` + `stop-timeout` + 1 s for what comes last: observers,
    /// blocking work, and the floor of 250 ms of a module for which nothing was left.
    ///
    /// Whoever ends the process must wait that long; on Kubernetes,
    /// `terminationGracePeriodSeconds`. When several levels of modules exhaust their time one after
    /// the other, each of them adds its floor of 250 ms.
    ///
    /// A service that is told in `app.grace-period` how long that is refuses to start when it is
    /// less.
    pub fn longest_stop(&self) -> Duration {
        self.drain_delay + self.drain_timeout + self.stop_timeout + Duration::from_secs(1)
    }

    /// What is killed in the middle of its stop was not stopped in order.
    fn check(&self, checks: &mut Checks) {
        let longest = self.longest_stop();
        if self.grace_period.is_some_and(|grace| grace < longest) {
            let message = format!(
                "is shorter than an orderly stop may take, {longest:?}: `drain-delay` + \
                 `drain-timeout` + `stop-timeout` + 1s; let whoever ends the process wait longer, \
                 or lower these"
            );
            checks.refuse("grace-period", message);
        }
    }
}
