//! So many requests per second, with some room for bursts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A bucket of tokens, kept as the one instant at which it would be full again (the generic cell
/// rate algorithm): one atomic for all requests.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: u32,
    burst: u32,
    /// What nanoseconds are counted from.
    begun: Instant,
    full_at: AtomicU64,
}

impl Rate {
    /// So many per second on average, and so many at once after a pause.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: per_second.max(1),
            burst: burst.max(1),
            begun: Instant::now(),
            full_at: AtomicU64::new(0),
        }
    }

    /// Whether it is a bucket of these settings.
    pub(crate) fn is(&self, per_second: u32, burst: u32) -> bool {
        self.per_second == per_second && self.burst == burst
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: how long until there is one.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.take_at(self.begun.elapsed())
    }

    fn take_at(&self, now: Duration) -> Result<(), Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX / 2);
        let token = 1_000_000_000 / u64::from(self.per_second);
        let room = token.saturating_mul(self.burst.into());
        let taken = self
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let next = full_at.max(now).saturating_add(token);
                (next - now <= room).then_some(next)
            });
        match taken {
            Ok(_) => Ok(()),
            Err(full_at) => {
                let missing = (full_at + token).saturating_sub(now + room);
                Err(Duration::from_nanos(missing))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rate: &Rate, at: Duration) -> usize {
        std::iter::from_fn(|| rate.take_at(at).ok()).count()
    }

    #[test]
    fn a_burst_then_the_average() {
        let rate = Rate::new(10, 3);
        let begun = Duration::from_secs(100);
        assert_eq!(taken(&rate, begun), 3);
        assert_eq!(rate.take_at(begun), Err(Duration::from_millis(100)));
        assert_eq!(taken(&rate, begun + Duration::from_millis(99)), 0);
        assert_eq!(taken(&rate, begun + Duration::from_millis(100)), 1);
        assert_eq!(taken(&rate, begun + Duration::from_millis(300)), 2);
        // However long the pause, no more than the burst.
        assert_eq!(taken(&rate, begun + Duration::from_secs(3_600)), 3);
    }

    #[test]
    fn over_time_the_average_is_kept() {
        let rate = Rate::new(1_000, 50);
        let mut let_in = 0;
        for millis in 0..10_000 {
            let_in += taken(&rate, Duration::from_millis(millis));
        }
        assert!((10_000..=10_050).contains(&let_in), "{let_in}");
    }
}
