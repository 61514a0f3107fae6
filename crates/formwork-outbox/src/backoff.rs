//! How long to wait before trying again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Waits that double from `first` up to `longest`, each shortened at random by up to a half, so
/// that those who failed together do not return together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.after(self.failures)
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after so many failures in a row.
    pub(crate) fn after(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(30));
        let full = self.first.saturating_mul(doubled).min(self.longest);
        full.mul_f64(0.5 + random() / 2.0)
    }
}

/// A number in 0..1. The standard library seeds its hash maps at random: enough for jitter.
fn random() -> f64 {
    RandomState::new().hash_one(0_u8) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_vary_below_it() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        for (failures, full) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (7, 5_000),
            (4_000_000_000, 5_000),
        ] {
            for _ in 0..20 {
                let wait = backoff.after(failures);
                assert!(wait <= Duration::from_millis(full), "{failures}: {wait:?}");
                assert!(
                    wait >= Duration::from_millis(full / 2),
                    "{failures}: {wait:?}"
                );
            }
        }
    }
}
