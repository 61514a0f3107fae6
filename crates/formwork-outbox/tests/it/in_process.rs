//! Consumers in the process: durable because the outbox waits for them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_domain::BoxFuture;
use formwork_outbox::{
    Broker, Consumer, ConsumersConfig, Envelope, Handler, HandlerError, InProcessBroker,
    MemoryStore, OutboxStore,
};
use formwork_test::eventually;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{PATIENCE, Worker, consume, drained, place, quick, store};

type Answer = dyn Fn(&Envelope, usize) -> Result<(), HandlerError> + Send + Sync;

/// Writes down what it is given, and answers as the test wants: by event and number of the call.
struct Recorder {
    name: &'static str,
    calls: Mutex<Vec<(u64, String)>>,
    answer: Box<Answer>,
}

impl Recorder {
    fn new(
        name: &'static str,
        answer: impl Fn(&Envelope, usize) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            calls: Mutex::default(),
            answer: Box::new(answer),
        })
    }

    fn sequences(&self) -> Vec<u64> {
        let calls = self.calls.lock().expect("not poisoned");
        calls.iter().map(|(sequence, _)| *sequence).collect()
    }
}

impl Handler for Recorder {
    fn consumer(&self) -> &str {
        self.name
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        let mut calls = self.calls.lock().expect("not poisoned");
        calls.push((envelope.sequence, envelope.partition_key.clone()));
        let count = calls.len();
        drop(calls);
        Box::pin(std::future::ready((self.answer)(envelope, count)))
    }
}

struct Service {
    store: Arc<MemoryStore>,
    broker: Arc<InProcessBroker>,
    stop: CancellationToken,
    consumers: Vec<JoinHandle<()>>,
}

impl Service {
    fn new() -> Self {
        let store = store();
        Self {
            broker: Arc::new(InProcessBroker::new(Arc::clone(&store) as _)),
            store,
            stop: CancellationToken::new(),
            consumers: Vec::new(),
        }
    }

    async fn consume(&mut self, handler: &Arc<Recorder>) {
        let options = ConsumersConfig {
            attempts: 3,
            retry_first: Duration::from_millis(2),
            retry_longest: Duration::from_millis(10),
            ..ConsumersConfig::default()
        };
        let broker = Arc::clone(&self.broker) as Arc<dyn Broker>;
        let consumer = Consumer::new(Arc::clone(handler) as _, Arc::clone(&broker), options);
        let consuming = consume(consumer, &broker, self.stop.clone()).await;
        self.consumers.push(consuming);
    }

    fn relay(&self) -> Worker {
        let (store, broker) = (Arc::clone(&self.store) as _, Arc::clone(&self.broker) as _);
        Worker::start("one", store, broker, quick())
    }

    async fn stop(self) {
        self.stop.cancel();
        for consumer in self.consumers {
            consumer.await.expect("the consumer does not panic");
        }
    }
}

/// A row is marked as sent only when every consumer has handled it. What one has handled already
/// it is not given again while another still fails.
///
/// Shows a part of: S-33.
#[tokio::test]
async fn an_event_waits_in_the_outbox_for_its_slowest_consumer() {
    let mut service = Service::new();
    let quick = Recorder::new("quick", |_, _| Ok(()));
    let slow = Recorder::new("slow", |_, call| match call {
        1 | 2 => Err(HandlerError::Retry("not now".into())),
        _ => Ok(()),
    });
    service.consume(&quick).await;
    service.consume(&slow).await;
    place(&service.store, 1, 1);
    place(&service.store, 1, 2);
    let relay = service.relay();
    drained(&service.store).await;
    assert_eq!(slow.sequences(), [1, 1, 1, 2]);
    assert_eq!(quick.sequences(), [1, 2]);
    relay.stop().await;
    service.stop().await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn poison_for_one_consumer_delays_no_other() {
    let mut service = Service::new();
    let healthy = Recorder::new("healthy", |_, _| Ok(()));
    let poisoned = Recorder::new("poisoned", |envelope, _| match envelope.sequence {
        1 => Err(HandlerError::Poison("cannot read it".into())),
        _ => Ok(()),
    });
    let failing = Recorder::new("failing", |envelope, _| match envelope.sequence {
        2 => Err(HandlerError::Retry("never".into())),
        _ => Ok(()),
    });
    for handler in [&healthy, &poisoned, &failing] {
        service.consume(handler).await;
    }
    for sequence in 1..=3 {
        place(&service.store, 1, sequence);
    }
    let relay = service.relay();
    drained(&service.store).await;
    assert_eq!(healthy.sequences(), [1, 2, 3]);
    assert_eq!(poisoned.sequences(), [1, 2, 3]);
    assert_eq!(failing.sequences(), [1, 2, 2, 2, 3], "bounded attempts");
    let dead = service.store.dead(0, 10).await.expect("dead");
    let dead: Vec<_> = dead
        .iter()
        .map(|dead| {
            (
                dead.consumer.as_deref(),
                dead.envelope.sequence,
                dead.attempts,
            )
        })
        .collect();
    assert_eq!(dead, [(Some("poisoned"), 1, 1), (Some("failing"), 2, 3)]);
    relay.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn a_replayed_letter_goes_to_its_consumer_only() {
    let mut service = Service::new();
    let healthy = Recorder::new("healthy", |_, _| Ok(()));
    let cured = Recorder::new("cured", |_, call| match call {
        1 => Err(HandlerError::Poison("cannot read it".into())),
        _ => Ok(()),
    });
    service.consume(&healthy).await;
    service.consume(&cured).await;
    place(&service.store, 1, 1);
    let relay = service.relay();
    drained(&service.store).await;
    let dead = service.store.dead(0, 10).await.expect("dead");
    assert!(service.store.replay(dead[0].id).await.expect("replay"));
    drained(&service.store).await;
    eventually("it is handled", PATIENCE, async || {
        cured.sequences() == [1, 1]
    })
    .await;
    assert_eq!(healthy.sequences(), [1]);
    relay.stop().await;
    service.stop().await;
}

/// Consumers are there before the relay starts; one that stops is waited for.
#[tokio::test]
async fn an_event_waits_for_a_consumer_that_is_away() {
    let mut service = Service::new();
    let handler = Recorder::new("handler", |_, _| Ok(()));
    service.consume(&handler).await;
    let stop = std::mem::take(&mut service.stop);
    stop.cancel();
    for consumer in service.consumers.drain(..) {
        consumer.await.expect("the consumer does not panic");
    }
    place(&service.store, 1, 1);
    let relay = service.relay();
    // Waits for the relay to have tried in vain.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(service.store.stats().await.expect("stats").pending, 1);
    service.consume(&handler).await;
    drained(&service.store).await;
    assert_eq!(handler.sequences(), [1]);
    relay.stop().await;
    service.stop().await;
}
