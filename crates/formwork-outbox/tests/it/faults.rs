//! Whatever happens to workers and broker: nothing is lost, and the order of a key is kept.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError, Timestamp};
use formwork_outbox::{
    AfterDeath, Broker, BrokerError, Claim, Consumer, ConsumersConfig, Envelope, Handler,
    HandlerError, InProcessBroker, Incomings, MemoryStore, Message, OutboxConfig, OutboxStore,
    PublishError, Subscription,
};
use formwork_test::eventually;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, PATIENCE, Worker, consume, drained, place, quick, step, store};

const AGGREGATES: u8 = 50;
const EACH: u64 = 12;

/// Places orders while workers are killed and replaced; then lets the last ones finish.
async fn with_killed_workers(
    store: &Arc<MemoryStore>,
    broker: &Arc<dyn Broker>,
    workers: usize,
    seed: u64,
) {
    let mut chance = seed;
    let mut started = 0;
    let mut start = || {
        started += 1;
        let name = format!("worker-{started}");
        Worker::start(&name, Arc::clone(store) as _, Arc::clone(broker), quick())
    };
    let mut running: Vec<_> = (0..workers).map(|_| start()).collect();
    for sequence in 1..=EACH {
        for aggregate in 1..=AGGREGATES {
            place(store, aggregate, sequence);
        }
        chance = step(chance);
        tokio::time::sleep(Duration::from_millis(chance % 15)).await;
        let victim = (chance / 15) as usize % running.len();
        running.swap_remove(victim).kill();
        running.push(start());
    }
    drained(store).await;
    for worker in running {
        worker.stop().await;
    }
}

/// 1 to 4 workers over 50 hot aggregates, killed in the middle of batches, while the broker fails
/// whole calls, single messages and confirmations.
///
/// Shows a part of: S-30, S-32.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_or_overtakes_another() {
    for seed in 1..=12 {
        let store = store();
        let ledger = Ledger::faulty(seed * 7_919);
        let broker = Arc::clone(&ledger) as Arc<dyn Broker>;
        with_killed_workers(&store, &broker, 1 + seed as usize % 4, seed * 104_729).await;
        ledger.assert_complete(AGGREGATES, EACH);
        let stats = store.stats().await.expect("stats");
        assert_eq!(
            (stats.pending, stats.dead),
            (0, 0),
            "seed {seed}: an outage costs no attempt"
        );
    }
}

/// The test above finds a relay that lets events of a key overtake each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "lost or out of order")]
async fn events_that_overtake_are_found() {
    // Chance has to put a failure and a success of one key into one call.
    for seed in 1..=50 {
        let store = store();
        let ledger = Ledger::faulty(seed * 7_919);
        ledger.boasts.store(true, Ordering::SeqCst);
        let broker = Arc::clone(&ledger) as Arc<dyn Broker>;
        with_killed_workers(&store, &broker, 2, seed * 104_729).await;
        ledger.assert_complete(AGGREGATES, EACH);
    }
}

/// Counts effects in the transaction that records the delivery; fails at random before it, and
/// after it.
struct Effects {
    store: Arc<MemoryStore>,
    counts: Mutex<BTreeMap<(String, u64), u32>>,
    order: Mutex<BTreeMap<String, Vec<u64>>>,
    chance: Mutex<u64>,
    inbox: bool,
}

impl Effects {
    fn unlucky(&self) -> bool {
        let mut chance = self.chance.lock().expect("not poisoned");
        *chance = step(*chance);
        chance.is_multiple_of(9)
    }

    fn assert_complete(&self, seed: u64) {
        let counts = self.counts.lock().expect("not poisoned");
        let events = usize::from(AGGREGATES) * EACH as usize;
        assert_eq!(counts.len(), events, "seed {seed}: an effect is missing");
        let once = counts.values().all(|count| *count == 1);
        assert!(once, "seed {seed}: an effect happened twice");
        for (key, sequences) in self.order.lock().expect("not poisoned").iter() {
            assert!(sequences.is_sorted(), "seed {seed}: {key}: {sequences:?}");
        }
    }
}

impl Handler for Effects {
    fn consumer(&self) -> &str {
        "effects"
    }

    fn subjects(&self) -> &[&str] {
        &["order.*"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.unlucky() {
                return Err(HandlerError::Retry("not now".into()));
            }
            let mut operation: Operation =
                envelope.operation(self.consumer(), 0, Timestamp::from_micros(0));
            if !self.inbox {
                operation.delivery = None;
            }
            let outcome = Outcome {
                id: [0; 16],
                version: 1,
            };
            match self.store.record(&operation, Vec::new(), outcome) {
                Ok(()) => {}
                Err(RepositoryError::AlreadyHandled) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            // What a real handler does in the same transaction.
            let key = envelope.partition_key.clone();
            let mut counts = self.counts.lock().expect("not poisoned");
            *counts.entry((key.clone(), envelope.sequence)).or_default() += 1;
            drop(counts);
            let mut order = self.order.lock().expect("not poisoned");
            order.entry(key).or_default().push(envelope.sequence);
            drop(order);
            if self.unlucky() {
                return Err(HandlerError::Retry("done, but not confirmed".into()));
            }
            Ok(())
        })
    }
}

/// Workers are killed while consumers in the process handle what they deliver, and handlers fail
/// before and after their effect.
///
/// Shows a part of: S-30, S-33.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_happen_once_and_in_order() {
    for seed in 1..=4 {
        let effects = with_failing_handler(seed, true).await;
        effects.assert_complete(seed);
    }
}

/// The test above finds a consumer that has no inbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "an effect happened twice")]
async fn a_missing_inbox_is_found() {
    let effects = with_failing_handler(1, false).await;
    effects.assert_complete(1);
}

async fn with_failing_handler(seed: u64, inbox: bool) -> Arc<Effects> {
    let store = store();
    let effects = Arc::new(Effects {
        store: Arc::clone(&store),
        counts: Mutex::default(),
        order: Mutex::default(),
        chance: Mutex::new(seed * 31),
        inbox,
    });
    let broker = Arc::new(InProcessBroker::new(Arc::clone(&store) as _)) as Arc<dyn Broker>;
    let options = ConsumersConfig {
        attempts: 1_000,
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(5),
        ..ConsumersConfig::default()
    };
    let handler = Arc::clone(&effects) as Arc<dyn Handler>;
    let consumer = Consumer::new(handler, Arc::clone(&broker), options);
    let stop = CancellationToken::new();
    let consuming = consume(consumer, &broker, stop.clone()).await;

    with_killed_workers(&store, &broker, 3, seed * 104_729).await;
    stop.cancel();
    consuming.await.expect("the consumer does not panic");
    effects
}

/// Passes everything on, except that publishing waits at a gate.
struct Stalled {
    ledger: Arc<Ledger>,
    reached: Notify,
    open: Notify,
}

impl Broker for Stalled {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        Box::pin(async move {
            self.reached.notify_one();
            self.open.notified().await;
            self.ledger.publish(messages).await
        })
    }

    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        self.ledger.subscribe(subscription)
    }

    fn publishes_in_order(&self) -> bool {
        true
    }
}

/// A worker that was stopped while it published goes on after another took its partitions over:
/// what it publishes late is only ever a repetition, and what it settles counts for nothing.
///
/// Shows a part of: S-30.
#[tokio::test]
async fn a_worker_that_wakes_up_late_changes_nothing() {
    let store = store();
    let ledger = Ledger::new();
    let stalled = Arc::new(Stalled {
        ledger: Arc::clone(&ledger),
        reached: Notify::new(),
        open: Notify::new(),
    });
    for sequence in 1..=3 {
        place(&store, 1, sequence);
    }
    // It holds its leases for a moment and never renews them.
    let slow = Claim {
        worker: "slow".to_owned(),
        lease: Duration::from_millis(50),
    };
    let leases = store.claim(&slow).await.expect("claim").leases;
    let rows = store.fetch(&leases, 10).await.expect("fetch");
    let messages: Vec<_> = rows
        .iter()
        .map(|row| Message {
            envelope: row.envelope.clone(),
            attempt: 1,
            consumer: None,
        })
        .collect();
    let publisher = Arc::clone(&stalled);
    let late = tokio::spawn(async move { publisher.publish(&messages).await });
    stalled.reached.notified().await;

    let fast = Worker::start(
        "fast",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        quick(),
    );
    drained(&store).await;
    place(&store, 1, 4);
    drained(&store).await;
    stalled.open.notify_one();
    let results = late.await.expect("the late worker does not panic");
    assert!(results.iter().all(Result::is_ok));
    let settlements: Vec<_> = rows
        .iter()
        .map(|row| formwork_outbox::Settlement {
            position: row.position,
            lease: row.lease,
            verdict: formwork_outbox::Verdict::Retry { after: PATIENCE },
        })
        .collect();
    let lost = store.settle(&settlements).await.expect("settle");
    assert_eq!(lost, [rows[0].lease]);
    place(&store, 1, 5);
    drained(&store).await;
    fast.stop().await;
    assert_eq!(ledger.of(1), [1, 2, 3, 4, 1, 2, 3, 5]);
    ledger.assert_complete(1, 5);
}

/// Shows a part of: S-32.
#[tokio::test]
async fn an_outage_burns_no_attempt_and_ends_by_itself() {
    let store = store();
    let ledger = Ledger::new();
    ledger.down.store(true, Ordering::SeqCst);
    let options = OutboxConfig {
        // A single burnt attempt would be the last one.
        attempts: 1,
        ..quick()
    };
    let worker = Worker::start(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        options,
    );
    for aggregate in 1..=5 {
        place(&store, aggregate, 1);
    }
    eventually("the relay tries again and again", PATIENCE, async || {
        ledger.calls.load(Ordering::SeqCst) > 20
    })
    .await;
    assert_eq!(ledger.len(), 0);
    ledger.down.store(false, Ordering::SeqCst);
    drained(&store).await;
    ledger.assert_complete(5, 1);
    assert_eq!(store.stats().await.expect("stats").dead, 0);
    worker.stop().await;
}

/// Shows a part of: S-32.
#[tokio::test]
async fn a_poisoned_event_is_bounded_and_blocks_its_key_only() {
    let store = store();
    let ledger = Ledger::new();
    ledger.poison(1, 2);
    let options = OutboxConfig {
        attempts: 3,
        ..quick()
    };
    for sequence in 1..=3 {
        place(&store, 1, sequence);
        place(&store, 2, sequence);
    }
    let worker = Worker::start(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        options,
    );
    eventually("the event is given up", PATIENCE, async || {
        store.stats().await.expect("stats").dead == 1 && ledger.of(2).len() == 3
    })
    .await;
    assert_eq!((ledger.of(1), ledger.of(2)), (vec![1], vec![1, 2, 3]));
    let dead = store.dead(0, 10).await.expect("dead");
    assert_eq!(
        (dead[0].attempts, dead[0].reason.as_str()),
        (3, "too large")
    );
    assert_eq!(dead[0].envelope.sequence, 2);

    ledger.cure();
    assert!(store.replay(dead[0].id).await.expect("replay"));
    drained(&store).await;
    assert_eq!(ledger.of(1), [1, 2, 3]);
    worker.stop().await;
}

/// Shows a part of: S-32.
#[tokio::test]
async fn a_key_may_go_on_without_its_poisoned_event() {
    let store = store();
    let ledger = Ledger::new();
    ledger.poison(1, 2);
    let options = OutboxConfig {
        attempts: 2,
        after_death: AfterDeath::Skip,
        ..quick()
    };
    for sequence in 1..=3 {
        place(&store, 1, sequence);
    }
    let worker = Worker::start(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        options,
    );
    drained(&store).await;
    assert_eq!(ledger.of(1), [1, 3]);
    assert_eq!(store.stats().await.expect("stats").dead, 1);
    worker.stop().await;
}

/// With the leases of production.
///
/// Shows a part of: S-30.
#[tokio::test]
async fn a_dead_workers_partitions_are_taken_over_within_five_seconds() {
    let store = store();
    let ledger = Ledger::new();
    let start = |name: &str| {
        let options = OutboxConfig::default();
        Worker::start(
            name,
            Arc::clone(&store) as _,
            Arc::clone(&ledger) as _,
            options,
        )
    };
    let dying = start("dying");
    place(&store, 1, 1);
    drained(&store).await;
    let living = start("living");
    let observer = Claim {
        worker: "living".to_owned(),
        lease: OutboxConfig::default().lease,
    };
    eventually(
        "the worker that came later has its share",
        PATIENCE,
        async || store.claim(&observer).await.expect("claim").leases.len() == 16,
    )
    .await;
    dying.kill();
    let death = Instant::now();
    for aggregate in 2..=60 {
        place(&store, aggregate, 1);
    }
    drained(&store).await;
    assert!(
        death.elapsed() < Duration::from_secs(5),
        "{:?}",
        death.elapsed()
    );
    ledger.assert_complete(60, 1);
    living.stop().await;
}

#[tokio::test]
async fn a_stopped_worker_finishes_its_batch_and_frees_its_partitions() {
    let store = store();
    let ledger = Ledger::new();
    let options = OutboxConfig {
        lease: Duration::from_secs(60),
        ..quick()
    };
    let worker = Worker::start(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        options,
    );
    place(&store, 1, 1);
    drained(&store).await;
    worker.stop().await;
    let next = Claim {
        worker: "next".to_owned(),
        lease: Duration::from_secs(60),
    };
    let claimed = store.claim(&next).await.expect("claim");
    assert_eq!((claimed.workers, claimed.leases.len()), (1, 32));
}
