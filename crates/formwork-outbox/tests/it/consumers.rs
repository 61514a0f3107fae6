//! What a consumer does with deliveries, whatever the broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_domain::{BoxFuture, RepositoryError};
use formwork_outbox::{
    Broker, BrokerError, Consumer, ConsumersConfig, Envelope, Handler, HandlerError, Incoming,
    Incomings, Message, PublishError, Settle, Subscription,
};
use formwork_test::eventually;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ledger::{PATIENCE, event};

/// What became of deliveries: `aggregate/sequence` and the word for it.
type Settled = Arc<Mutex<Vec<(String, &'static str)>>>;

/// A broker with one queue, which the test fills.
struct Feed {
    queue: Mutex<Option<mpsc::Receiver<Incoming>>>,
}

impl Broker for Feed {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        let refused = |_| Err(PublishError::Unavailable("a feed only delivers".into()));
        let results = messages.iter().map(refused).collect();
        Box::pin(std::future::ready(results))
    }

    fn subscribe<'a>(
        &'a self,
        _subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        let queue = self.queue.lock().expect("not poisoned").take();
        Box::pin(async {
            match queue {
                Some(queue) => Ok(Box::new(Queue(queue)) as Box<dyn Incomings>),
                None => Err(BrokerError::new("subscribe", "somebody else has")),
            }
        })
    }
}

struct Queue(mpsc::Receiver<Incoming>);

impl Incomings for Queue {
    fn next(&mut self) -> BoxFuture<'_, Option<Incoming>> {
        Box::pin(self.0.recv())
    }
}

struct Slip {
    name: String,
    settled: Settled,
    working: Arc<AtomicUsize>,
}

impl Slip {
    fn settle(self, what: &'static str) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.settled
            .lock()
            .expect("not poisoned")
            .push((self.name, what));
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Settle for Slip {
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.settle("ack")
    }

    fn retry(self: Box<Self>, _after: Duration) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.settle("back")
    }

    fn dead_letter(
        self: Box<Self>,
        _attempts: u32,
        _reason: String,
    ) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.settle("dead")
    }

    fn working(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.working.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Handles an event when there is a permit, and keeps count.
struct Gated {
    gate: Semaphore,
    running: AtomicUsize,
    most: AtomicUsize,
    handled: Mutex<Vec<String>>,
    /// How each call for an event ends, by its name; without an entry: well.
    script: Mutex<BTreeMap<String, Vec<&'static str>>>,
}

impl Handler for Gated {
    fn consumer(&self) -> &str {
        "gated"
    }

    fn subjects(&self) -> &[&str] {
        &["*"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            let permit = self.gate.acquire().await.expect("the gate stays");
            permit.forget();
            self.running.fetch_sub(1, Ordering::SeqCst);
            let name = name(envelope);
            let line = {
                let mut script = self.script.lock().expect("not poisoned");
                script.get_mut(&name).and_then(Vec::pop)
            };
            self.handled.lock().expect("not poisoned").push(name);
            match line {
                None => Ok(()),
                Some("retry") => Err(HandlerError::Retry("not now".into())),
                Some("poison") => Err(HandlerError::Poison("never".into())),
                // What a repository's error becomes with `?`.
                Some("known") => Err(RepositoryError::AlreadyHandled.into()),
                Some("conflict") => Err(RepositoryError::Conflict.into()),
                Some("hang") => std::future::pending().await,
                Some(message) => panic!("{message}"),
            }
        })
    }
}

fn name(envelope: &Envelope) -> String {
    format!("{}/{}", &envelope.partition_key[..2], envelope.sequence)
}

struct Bench {
    handler: Arc<Gated>,
    feed: mpsc::Sender<Incoming>,
    settled: Settled,
    working: Arc<AtomicUsize>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Bench {
    fn new(permits: usize, options: ConsumersConfig) -> Self {
        let handler = Arc::new(Gated {
            gate: Semaphore::new(permits),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            handled: Mutex::default(),
            script: Mutex::default(),
        });
        let (feed, queue) = mpsc::channel(1_000);
        let broker = Arc::new(Feed {
            queue: Mutex::new(Some(queue)),
        });
        let consumer = Consumer::new(Arc::clone(&handler) as _, broker, options);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        Self {
            handler,
            feed,
            settled: Settled::default(),
            working: Arc::default(),
            stop,
            task: tokio::spawn(async move { consumer.run(stopped).await }),
        }
    }

    fn script(&self, name: &str, calls: &[&'static str]) {
        let calls = calls.iter().rev().copied().collect();
        let mut script = self.handler.script.lock().expect("not poisoned");
        script.insert(name.to_owned(), calls);
    }

    async fn deliver(&self, aggregate: u8, sequence: u64) {
        let envelope = event(aggregate, sequence);
        let settle = Box::new(Slip {
            name: name(&envelope),
            settled: Arc::clone(&self.settled),
            working: Arc::clone(&self.working),
        });
        let incoming = Incoming {
            envelope,
            attempt: 1,
            settle,
        };
        self.feed.send(incoming).await.expect("the feed is open");
    }

    fn settled(&self) -> Vec<(String, &'static str)> {
        self.settled.lock().expect("not poisoned").clone()
    }

    async fn until_settled(&self, count: usize) -> Vec<(String, &'static str)> {
        eventually("deliveries are settled", PATIENCE, async || {
            self.settled().len() >= count
        })
        .await;
        self.settled()
    }

    async fn until_running(&self, count: usize) {
        eventually("handlers run", PATIENCE, async || {
            self.handler.running.load(Ordering::SeqCst) == count
        })
        .await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the consumer does not panic");
    }
}

fn quick() -> ConsumersConfig {
    ConsumersConfig {
        attempts: 3,
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(4),
        timeout: Duration::from_millis(300),
        ..ConsumersConfig::default()
    }
}

fn waiting() -> ConsumersConfig {
    ConsumersConfig {
        timeout: PATIENCE,
        ..quick()
    }
}

/// Shows a part of: S-33.
#[tokio::test]
async fn a_key_is_handled_in_order_also_when_it_fails() {
    let bench = Bench::new(1_000, quick());
    bench.script("01/1", &["retry", "boom", "hang"]);
    bench.script("01/2", &["retry"]);
    bench.script("01/4", &["poison"]);
    for sequence in 1..=5 {
        bench.deliver(1, sequence).await;
    }
    let settled = bench.until_settled(5).await;
    let expected = [
        ("01/1", "dead"),
        ("01/2", "ack"),
        ("01/3", "ack"),
        ("01/4", "dead"),
        ("01/5", "ack"),
    ];
    let expected: Vec<_> = expected.map(|(name, what)| (name.to_owned(), what)).into();
    assert_eq!(settled, expected);
    let handled = bench
        .handler
        .handled
        .lock()
        .expect("not poisoned")
        .join(" ");
    assert_eq!(handled, "01/1 01/1 01/1 01/2 01/2 01/3 01/4 01/5");
    bench.stop().await;
}

#[tokio::test]
async fn what_was_handled_before_is_acknowledged() {
    let bench = Bench::new(1_000, quick());
    bench.script("01/1", &["known"]);
    bench.deliver(1, 1).await;
    assert_eq!(bench.until_settled(1).await, [("01/1".to_owned(), "ack")]);
    bench.stop().await;
}

/// More conflicts than attempts: an aggregate that many events change loses none of them.
///
/// Shows a part of: S-33.
#[tokio::test]
async fn a_conflict_costs_no_attempt() {
    let bench = Bench::new(1_000, waiting());
    bench.script("01/1", &["conflict"; 8]);
    bench.deliver(1, 1).await;
    let settled = bench.until_settled(1).await;
    assert_eq!(settled, [("01/1".to_owned(), "ack")]);
    bench.stop().await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn a_failing_key_delays_no_other() {
    let options = ConsumersConfig {
        retry_first: PATIENCE,
        retry_longest: PATIENCE,
        ..quick()
    };
    let bench = Bench::new(1_000, options);
    bench.script("01/1", &["retry"]);
    bench.deliver(1, 1).await;
    bench.deliver(1, 2).await;
    bench.deliver(2, 1).await;
    let settled = bench.until_settled(1).await;
    assert_eq!(settled, [("02/1".to_owned(), "ack")]);
    bench.stop().await;
}

/// No more than the limit is in hand: the broker keeps the rest.
///
/// Shows a part of: S-33.
#[tokio::test]
async fn a_slow_handler_is_not_flooded() {
    let options = ConsumersConfig {
        concurrency: 3,
        buffer: 5,
        ..waiting()
    };
    let bench = Bench::new(0, options);
    for aggregate in 1..=20 {
        bench.deliver(aggregate, 1).await;
    }
    bench.until_running(3).await;
    let queued = |bench: &Bench| 1_000 - bench.feed.capacity();
    eventually("the buffer is full", PATIENCE, async || {
        queued(&bench) == 15
    })
    .await;
    bench.handler.gate.add_permits(1);
    eventually("one more is taken", PATIENCE, async || queued(&bench) == 14).await;
    bench.handler.gate.add_permits(19);
    bench.until_settled(20).await;
    assert_eq!(bench.handler.most.load(Ordering::SeqCst), 3);
    bench.stop().await;
}

/// Shows a part of: S-33.
#[tokio::test]
async fn stopping_finishes_what_is_in_hand_and_gives_the_rest_back() {
    let options = ConsumersConfig {
        concurrency: 2,
        ..waiting()
    };
    let bench = Bench::new(0, options);
    for aggregate in 1..=4 {
        bench.deliver(aggregate, 1).await;
    }
    bench.until_running(2).await;
    eventually("all are taken", PATIENCE, async || {
        bench.feed.capacity() == 1_000
    })
    .await;
    bench.stop.cancel();
    tokio::task::yield_now().await;
    assert_eq!(bench.settled(), [], "what is in hand is waited for");
    bench.handler.gate.add_permits(2);
    let settled = Arc::clone(&bench.settled);
    bench.stop().await;
    let settled = settled.lock().expect("not poisoned").clone();
    let words: Vec<_> = settled.iter().map(|(_, what)| *what).collect();
    assert_eq!(words, ["ack", "ack", "back", "back"]);
}

#[tokio::test]
async fn the_broker_is_told_that_deliveries_are_worked_on() {
    let options = ConsumersConfig {
        working: Duration::from_millis(5),
        ..waiting()
    };
    let bench = Bench::new(0, options);
    bench.deliver(1, 1).await;
    bench.deliver(1, 2).await;
    eventually("both are kept alive", PATIENCE, async || {
        bench.working.load(Ordering::SeqCst) >= 6
    })
    .await;
    bench.handler.gate.add_permits(2);
    bench.until_settled(2).await;
    bench.stop().await;
}
