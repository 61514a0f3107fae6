//! A store with orders placed in it, a broker that writes down what it takes, and seeded faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_domain::{BoxFuture, Operation, Outcome, Timestamp};
use formwork_outbox::{
    Broker, BrokerError, Consumer, Envelope, Incomings, LocalNotifier, MemoryStore, Message,
    Notifier, OutboxConfig, OutboxStore, PublishError, Relay, Subscription,
};
use formwork_test::{CountingIdentifiers, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::WallClock;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn store() -> Arc<MemoryStore> {
    let identifiers = Arc::new(CountingIdentifiers::new());
    Arc::new(MemoryStore::new("shop", Arc::new(WallClock), identifiers))
}

pub(crate) fn operation() -> Operation {
    Operation::new(Timestamp::from_micros(1_772_357_400_000_000))
}

pub(crate) fn event(aggregate: u8, sequence: u64) -> Envelope {
    let data = serde_json::json!({ "aggregate": aggregate, "sequence": sequence });
    Envelope::new("order.placed", 1, "order", [aggregate; 16], sequence, data)
}

/// Commits one event.
pub(crate) fn place(store: &MemoryStore, aggregate: u8, sequence: u64) {
    let outcome = Outcome {
        id: [aggregate; 16],
        version: sequence,
    };
    store
        .record(&operation(), vec![event(aggregate, sequence)], outcome)
        .expect("an operation with neither delivery nor key is recorded");
}

/// Waits until nothing is pending.
pub(crate) async fn drained(store: &MemoryStore) {
    eventually("everything is published", PATIENCE, async || {
        store.stats().await.expect("stats").pending == 0
    })
    .await;
}

/// Short times, so that tests see many leases expire.
pub(crate) fn quick() -> OutboxConfig {
    OutboxConfig {
        batch: 40,
        lease: Duration::from_millis(150),
        poll_busy: Duration::from_millis(2),
        poll_idle: Duration::from_millis(20),
        retry_first: Duration::from_millis(2),
        retry_longest: Duration::from_millis(20),
        observe: Duration::from_millis(50),
        ..OutboxConfig::default()
    }
}

/// A relay that runs, until it is stopped or killed.
pub(crate) struct Worker {
    stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn start(
        name: &str,
        store: Arc<dyn OutboxStore>,
        broker: Arc<dyn Broker>,
        options: OutboxConfig,
    ) -> Self {
        Self::notified(name, store, broker, Arc::new(LocalNotifier::new()), options)
    }

    pub(crate) fn notified(
        name: &str,
        store: Arc<dyn OutboxStore>,
        broker: Arc<dyn Broker>,
        notifier: Arc<dyn Notifier>,
        options: OutboxConfig,
    ) -> Self {
        let relay = Relay::new(store, broker, notifier, name.to_owned(), options);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { relay.run(stopped).await });
        Self { stop, task }
    }

    /// Ends it where it stands: nothing is finished, nothing given back.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the relay does not panic");
    }
}

/// A consumer that has subscribed and works.
pub(crate) async fn consume(
    consumer: Consumer,
    broker: &Arc<dyn Broker>,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let incomings = broker
        .subscribe(&consumer.subscription())
        .await
        .expect("subscribe");
    tokio::spawn(async move { consumer.run_from(incomings, stop).await })
}

/// Writes down what it takes, in the order it takes it.
#[derive(Default)]
pub(crate) struct Ledger {
    taken: Mutex<Vec<(String, u64, String)>>,
    /// While set, nothing is taken.
    pub(crate) down: AtomicBool,
    /// Seeds faults; zero: none.
    chance: AtomicU64,
    /// Sequences that are rejected, by key.
    poison: Mutex<BTreeSet<(String, u64)>>,
    pub(crate) calls: AtomicU64,
    /// Says that it keeps order within a call, which it does not.
    pub(crate) boasts: AtomicBool,
}

impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Fails at random: whole calls, single messages, and confirmations of what was taken.
    pub(crate) fn faulty(seed: u64) -> Arc<Self> {
        let ledger = Self::new();
        ledger.chance.store(seed.max(1), Ordering::SeqCst);
        ledger
    }

    pub(crate) fn poison(&self, aggregate: u8, sequence: u64) {
        let key = event(aggregate, sequence).partition_key;
        self.poison
            .lock()
            .expect("not poisoned")
            .insert((key, sequence));
    }

    pub(crate) fn cure(&self) {
        self.poison.lock().expect("not poisoned").clear();
    }

    /// What was taken of an aggregate: sequences, in order, with repetitions.
    pub(crate) fn of(&self, aggregate: u8) -> Vec<u64> {
        let key = event(aggregate, 0).partition_key;
        let taken = self.taken.lock().expect("not poisoned");
        taken
            .iter()
            .filter(|(other, ..)| *other == key)
            .map(|(_, sequence, _)| *sequence)
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.taken.lock().expect("not poisoned").len()
    }

    /// Nothing lost, and first occurrences in order, for each of the aggregates.
    pub(crate) fn assert_complete(&self, aggregates: u8, each: u64) {
        for aggregate in 1..=aggregates {
            let mut seen = BTreeSet::new();
            let firsts: Vec<u64> = self
                .of(aggregate)
                .into_iter()
                .filter(|sequence| seen.insert(*sequence))
                .collect();
            let expected: Vec<u64> = (1..=each).collect();
            assert_eq!(
                firsts, expected,
                "aggregate {aggregate}: lost or out of order"
            );
        }
        let taken = self.taken.lock().expect("not poisoned");
        let mut identifiers: BTreeMap<(&str, u64), &str> = BTreeMap::new();
        for (key, sequence, id) in taken.iter() {
            let known = identifiers.entry((key, *sequence)).or_insert(id);
            assert_eq!(known, id, "a repetition has the identifier of the first");
        }
    }

    fn random(&self, below: u64) -> u64 {
        self.chance
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| {
                Some(step(state))
            })
            .map_or(0, step)
            % below
    }

    fn take(&self, message: &Message) -> Result<(), PublishError> {
        let Envelope {
            partition_key,
            sequence,
            id,
            ..
        } = &message.envelope;
        let place = (partition_key.clone(), *sequence);
        if self.poison.lock().expect("not poisoned").contains(&place) {
            return Err(PublishError::Rejected("too large".into()));
        }
        let faulty = self.chance.load(Ordering::SeqCst) != 0;
        if faulty && self.random(40) == 0 {
            return Err(PublishError::Unavailable("not taken".into()));
        }
        let mut taken = self.taken.lock().expect("not poisoned");
        taken.push((place.0, place.1, id.clone()));
        drop(taken);
        if faulty && self.random(40) == 0 {
            return Err(PublishError::Unavailable("taken, but not confirmed".into()));
        }
        Ok(())
    }
}

/// xorshift64
pub(crate) fn step(mut state: u64) -> u64 {
    state ^= state << 13;
    state ^= state >> 7;
    state ^ state << 17
}

impl Broker for Ledger {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let faulty = self.chance.load(Ordering::SeqCst) != 0;
            if self.down.load(Ordering::SeqCst) || (faulty && self.random(12) == 0) {
                let down = || Err(PublishError::Unavailable("down".into()));
                return messages.iter().map(|_| down()).collect();
            }
            let mut results = Vec::new();
            for message in messages {
                results.push(self.take(message));
                // Where a killed worker may be cut off.
                tokio::task::yield_now().await;
            }
            results
        })
    }

    fn publishes_in_order(&self) -> bool {
        self.boasts.load(Ordering::SeqCst)
    }

    fn subscribe<'a>(
        &'a self,
        _subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        let refused = BrokerError::new("subscribe", "a ledger only takes");
        Box::pin(std::future::ready(Err(refused)))
    }
}
