//! The contract of `Notifier`.

use std::sync::Arc;

use formwork_outbox::{Hints, Notifier};
use tokio::time::timeout;

use super::PATIENCE;

/// Checks a notifier: every subscriber is woken, and a hint waits for who is busy.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn notifier(make: impl AsyncFn() -> Arc<dyn Notifier>) {
    every_subscriber_is_woken(make().await).await;
    a_hint_waits(make().await).await;
    a_dropped_wait_loses_nothing(make().await).await;
}

async fn woken(hints: &mut Hints, what: &str) {
    assert!(
        timeout(PATIENCE, hints.next()).await.is_ok(),
        "notifier: {what}"
    );
}

async fn every_subscriber_is_woken(notifier: Arc<dyn Notifier>) {
    let (mut one, mut other) = (notifier.subscribe(), notifier.subscribe());
    notifier.notify();
    woken(&mut one, "the first subscriber is woken").await;
    woken(&mut other, "the second subscriber is woken").await;
    notifier.notify();
    woken(&mut one, "a subscriber is woken again").await;
}

async fn a_hint_waits(notifier: Arc<dyn Notifier>) {
    let mut hints = notifier.subscribe();
    for _ in 0..100 {
        notifier.notify();
    }
    tokio::task::yield_now().await;
    woken(&mut hints, "a hint given while nobody waits is not lost").await;
}

async fn a_dropped_wait_loses_nothing(notifier: Arc<dyn Notifier>) {
    let mut hints = notifier.subscribe();
    tokio::select! {
        biased;
        () = hints.next() => {}
        () = tokio::task::yield_now() => {}
    }
    notifier.notify();
    woken(&mut hints, "a wait that was dropped loses no hint").await;
}
