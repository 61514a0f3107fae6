//! How consumers work.

use std::time::Duration;

use formwork_config::{Checks, Config};

/// How events get from the broker to their handlers.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(check = "ConsumersConfig::check")]
pub struct ConsumersConfig {
    /// How many aggregates one consumer works on at a time.
    #[config(default = 16, range(min = 1, max = 10000))]
    pub concurrency: usize,
    /// How many deliveries one consumer holds at most, those that wait for their turn included.
    #[config(default = 256, range(min = 1, max = 100000))]
    pub buffer: usize,
    /// How long a handler may take for one event.
    #[config(default = "30s", range(min = "10ms", max = "1h"))]
    pub timeout: Duration,
    /// How often an event is tried before it becomes a dead letter.
    #[config(default = 10, range(min = 1, max = 1000))]
    pub attempts: u32,
    /// The first wait after a failure; it doubles.
    #[config(default = "100ms", range(min = "1ms", max = "1m"))]
    pub retry_first: Duration,
    /// The longest wait after a failure.
    #[config(default = "30s", range(min = "1ms", max = "1h"))]
    pub retry_longest: Duration,
    /// How often the broker is told that deliveries are still being worked on.
    #[config(default = "5s", range(min = "100ms", max = "5m"))]
    pub working: Duration,
}

impl ConsumersConfig {
    fn check(&self, checks: &mut Checks) {
        if self.retry_first > self.retry_longest {
            checks.refuse("retry-first", "must not be longer than `retry-longest`");
        }
        if self.concurrency > self.buffer {
            checks.refuse("concurrency", "must not be more than `buffer`");
        }
    }
}

impl Default for ConsumersConfig {
    fn default() -> Self {
        Self {
            concurrency: 16,
            buffer: 256,
            timeout: Duration::from_secs(30),
            attempts: 10,
            retry_first: Duration::from_millis(100),
            retry_longest: Duration::from_secs(30),
            working: Duration::from_secs(5),
        }
    }
}
