//! Waiting for conditions instead of sleeping.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Waits until `condition` holds, looking every few milliseconds.
///
/// # Panics
/// When it does not hold `within` the time, naming `what` was waited for.
pub async fn eventually(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + within;
    while !condition().await {
        assert!(Instant::now() < until, "{what}: not within {within:?}");
        sleep(Duration::from_millis(5)).await;
    }
}
