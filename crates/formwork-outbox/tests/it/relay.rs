//! When a relay looks, and what it tells.

use std::sync::Arc;
use std::time::{Duration, Instant};

use formwork_outbox::{
    Claim, Hints, LocalNotifier, Notifier, OutboxConfig, OutboxStore, Relay, Stats,
};
use formwork_test::eventually;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, PATIENCE, Worker, drained, place, quick, store};

/// Polls so rarely that only a hint can explain what is quick.
fn rarely() -> OutboxConfig {
    OutboxConfig {
        poll_busy: Duration::from_secs(60),
        poll_idle: Duration::from_secs(60),
        lease: Duration::from_secs(180),
        ..OutboxConfig::default()
    }
}

/// Shows a part of: S-31.
#[tokio::test]
async fn a_hint_wakes_the_relay_at_once() {
    let store = store();
    let ledger = Ledger::new();
    let notifier = Arc::new(LocalNotifier::new());
    let worker = Worker::notified(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        Arc::clone(&notifier) as _,
        rarely(),
    );
    // The first event is found because the partitions come, the others because of a hint.
    for sequence in 1..=3 {
        place(&store, 1, sequence);
        notifier.notify();
        drained(&store).await;
        // The relay looks once more after a batch; only then it waits.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ledger.assert_complete(1, 3);
    worker.stop().await;
}

struct Deaf(LocalNotifier);

impl Notifier for Deaf {
    fn notify(&self) {}

    fn subscribe(&self) -> Hints {
        self.0.subscribe()
    }

    fn source(&self) -> &'static str {
        "deaf"
    }
}

/// Every hint is lost: events arrive all the same, within the longest pause.
///
/// Shows a part of: S-31.
#[tokio::test]
async fn losing_every_hint_costs_latency_only() {
    let store = store();
    let ledger = Ledger::new();
    let deaf = Arc::new(Deaf(LocalNotifier::new()));
    let config = OutboxConfig::default();
    let worker = Worker::notified(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        Arc::clone(&deaf) as _,
        config.clone(),
    );
    for sequence in 1..=3 {
        // Long enough for the pauses to grow: 10 + 20 + 40 + … ms.
        tokio::time::sleep(Duration::from_millis(400)).await;
        place(&store, 1, sequence);
        deaf.notify();
        let placed = Instant::now();
        drained(&store).await;
        let latency = placed.elapsed();
        assert!(
            latency < config.poll_idle + Duration::from_secs(1),
            "{latency:?}"
        );
    }
    ledger.assert_complete(1, 3);
    worker.stop().await;
}

#[tokio::test]
async fn workers_share_the_partitions_evenly() {
    let store = store();
    let ledger = Ledger::new();
    let config = OutboxConfig {
        lease: Duration::from_secs(3),
        ..quick()
    };
    let start = |name: &str| {
        let (store, ledger) = (Arc::clone(&store) as _, Arc::clone(&ledger) as _);
        Worker::start(name, store, ledger, config.clone())
    };
    let claim = |worker: &str| Claim {
        worker: worker.to_owned(),
        lease: Duration::from_secs(3),
    };
    let workers = [start("a"), start("b")];
    let (first, second, third) = (claim("a"), claim("b"), claim("c"));
    eventually("each of two has its half", PATIENCE, async || {
        let first = store.claim(&first).await.expect("claim").leases.len();
        let second = store.claim(&second).await.expect("claim").leases.len();
        (first, second) == (16, 16)
    })
    .await;
    let mut share = 0;
    eventually("a third worker gets its share", PATIENCE, async || {
        share = store.claim(&third).await.expect("claim").leases.len();
        share >= 10
    })
    .await;
    assert!(share <= 11, "{share}");
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn the_relay_says_how_much_is_waiting() {
    let store = store();
    place(&store, 1, 1);
    place(&store, 2, 1);
    let ledger = Ledger::new();
    ledger.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let relay = Arc::new(Relay::new(
        store,
        ledger,
        Arc::new(LocalNotifier::new()),
        "one".to_owned(),
        quick(),
    ));
    assert_eq!(relay.stats(), None);
    let stop = CancellationToken::new();
    let (running, stopped) = (Arc::clone(&relay), stop.clone());
    let task = tokio::spawn(async move { running.run(stopped).await });
    eventually("the outbox is measured", PATIENCE, async || {
        let stats = relay.stats();
        stats.is_some_and(
            |Stats {
                 pending,
                 oldest,
                 dead,
             }| { pending == 2 && oldest.is_some() && dead == 0 },
        )
    })
    .await;
    stop.cancel();
    task.await.expect("the relay does not panic");
}
