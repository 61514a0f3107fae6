//! How a relay works.

use std::time::Duration;

use formwork_config::{Checks, Config};

/// How events get from the outbox to the broker, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(check = "OutboxConfig::check")]
pub struct OutboxConfig {
    /// How many events are fetched and published at a time.
    #[config(default = 500, range(min = 1, max = 10000))]
    pub batch: usize,
    /// How long partitions are held without renewal. Renewed at a third of it; a dead worker's
    /// partitions are taken over within four thirds of it.
    #[config(default = "3s", range(min = "300ms", max = "1m"))]
    pub lease: Duration,
    /// The pause between two looks at the outbox while there is work.
    #[config(default = "10ms", range(min = "1ms", max = "10s"))]
    pub poll_busy: Duration,
    /// The longest pause between two looks while there is none: what an event is late by at most
    /// when every hint is lost.
    #[config(default = "1s", range(min = "1ms", max = "1m"))]
    pub poll_idle: Duration,
    /// How often an event is offered to a broker that rejects it before it becomes a dead letter.
    /// An outage of the broker costs no attempt.
    #[config(default = 10, range(min = 1, max = 1000))]
    pub attempts: u32,
    /// What happens to the later events of an aggregate when one of its events was given up.
    #[config(default = "block")]
    pub after_death: AfterDeath,
    /// The first wait after a failure; it doubles.
    #[config(default = "100ms", range(min = "1ms", max = "1m"))]
    pub retry_first: Duration,
    /// The longest wait after a failure, and while the broker is not available.
    #[config(default = "30s", range(min = "1ms", max = "1h"))]
    pub retry_longest: Duration,
    /// How often the size of the outbox is measured.
    #[config(default = "5s", range(min = "100ms", max = "10m"))]
    pub observe: Duration,
    /// The component `outbox` is degraded while an event has waited longer than this.
    #[config(default = "1m", range(min = "1s", max = "7d"))]
    pub degraded_after: Duration,
    /// How long events that were sent can still be sent again.
    #[config(default = "7d", range(min = "1s", max = "3650d"))]
    pub replay_window: Duration,
    /// How long handled deliveries are remembered. Longer than any broker takes to deliver again.
    #[config(default = "30d", range(min = "1m", max = "3650d"))]
    pub inbox_window: Duration,
    /// How long idempotency keys are remembered.
    #[config(default = "7d", range(min = "1m", max = "3650d"))]
    pub idempotency_window: Duration,
    /// How often what is past its window is dropped.
    #[config(default = "1m", range(min = "100ms", max = "1d"))]
    pub purge: Duration,
}

/// What happens to the later events of a key when one of its events was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum AfterDeath {
    /// They wait until an operator replays or discards it: order before progress.
    Block,
    /// They go on without it: progress before order.
    Skip,
}

impl OutboxConfig {
    fn check(&self, checks: &mut Checks) {
        if self.poll_busy > self.poll_idle {
            checks.refuse("poll-busy", "must not be longer than `poll-idle`");
        }
        if self.retry_first > self.retry_longest {
            checks.refuse("retry-first", "must not be longer than `retry-longest`");
        }
        if self.replay_window > self.inbox_window {
            checks.refuse(
                "replay-window",
                "must not be longer than `inbox-window`: events sent again would be handled again",
            );
        }
    }
}

impl Default for OutboxConfig {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self {
            batch: 500,
            lease: Duration::from_secs(3),
            poll_busy: Duration::from_millis(10),
            poll_idle: Duration::from_secs(1),
            attempts: 10,
            after_death: AfterDeath::Block,
            retry_first: Duration::from_millis(100),
            retry_longest: Duration::from_secs(30),
            observe: Duration::from_secs(5),
            degraded_after: Duration::from_secs(60),
            replay_window: days(7),
            inbox_window: days(30),
            idempotency_window: days(7),
            purge: Duration::from_secs(60),
        }
    }
}
