//! What is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use formwork_domain::BoxFuture;
use formwork_outbox::{
    Broker, Consumer, ConsumersConfig, Envelope, Handler, HandlerError, InProcessBroker,
    OutboxConfig, OutboxStore,
};
use formwork_test::eventually;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, PATIENCE, Worker, consume, drained, place, quick, store};

/// Keeps every series by its name and labels.
#[derive(Default)]
pub(crate) struct Series {
    values: Mutex<BTreeMap<String, Arc<Cell>>>,
}

#[derive(Default)]
struct Cell(AtomicU64);

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.set(value);
    }

    fn decrement(&self, value: f64) {
        self.set(-value);
    }

    fn set(&self, value: f64) {
        self.0.store(value as u64, Ordering::SeqCst);
    }
}

impl Series {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        let mut values = self.values.lock().expect("not poisoned");
        Arc::clone(values.entry(name).or_default())
    }

    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        let values = self.values.lock().expect("not poisoned");
        values.get(name).map(|cell| cell.0.load(Ordering::SeqCst))
    }
}

impl Recorder for &'static Series {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// The one recorder of the test process; other tests count into it as well.
pub(crate) fn series() -> &'static Series {
    static SERIES: OnceLock<Series> = OnceLock::new();
    let series = SERIES.get_or_init(Series::default);
    // Somebody else was first, with the same one.
    let _ = metrics::set_global_recorder(series);
    series
}

struct Picky;

impl Handler for Picky {
    fn consumer(&self) -> &str {
        "picky"
    }

    fn subjects(&self) -> &[&str] {
        &["*"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        let result = match envelope.sequence {
            1 => Err(HandlerError::Poison("never".into())),
            2 => Err(HandlerError::Retry("not now".into())),
            _ => Ok(()),
        };
        Box::pin(std::future::ready(result))
    }
}

#[tokio::test]
async fn consumers_count_outcomes() {
    let series = series();
    let store = store();
    let broker = Arc::new(InProcessBroker::new(Arc::clone(&store) as _)) as Arc<dyn Broker>;
    let config = ConsumersConfig {
        attempts: 2,
        retry_first: Duration::from_millis(1),
        ..ConsumersConfig::default()
    };
    let consumer = Consumer::new(Arc::new(Picky), Arc::clone(&broker), config);
    let stop = CancellationToken::new();
    let task = consume(consumer, &broker, stop.clone()).await;
    for sequence in 1..=4 {
        place(&store, 1, sequence);
    }
    let worker = Worker::start("one", Arc::clone(&store) as _, broker, quick());
    drained(&store).await;
    let count = |outcome: &str| {
        let name = format!("events_consumed_total{{consumer=picky,outcome={outcome}}}");
        series.get(&name)
    };
    assert_eq!(count("handled"), Some(2));
    assert_eq!(count("retried"), Some(1));
    assert_eq!(count("dead"), Some(2));
    worker.stop().await;
    stop.cancel();
    task.await.expect("the consumer does not panic");
}

#[tokio::test]
async fn the_relay_counts_what_it_does() {
    let series = series();
    let store = store();
    let ledger = Ledger::new();
    ledger.poison(2, 1);
    place(&store, 1, 1);
    place(&store, 2, 1);
    place(&store, 2, 2);
    let config = OutboxConfig {
        attempts: 1,
        ..quick()
    };
    let worker = Worker::start(
        "one",
        Arc::clone(&store) as _,
        Arc::clone(&ledger) as _,
        config,
    );
    eventually("the event is given up", PATIENCE, async || {
        store.stats().await.expect("stats").dead == 1
    })
    .await;
    // Other tests run at the same time, so that there is no telling how many.
    for name in [
        "outbox_published_total{}",
        "outbox_dead_total{}",
        "outbox_publish_failures_total{reason=rejected}",
        "outbox_wakeups_total{source=lease}",
    ] {
        eventually(name, PATIENCE, async || series.get(name) >= Some(1)).await;
    }
    for name in ["outbox_pending{}", "outbox_oldest_seconds{}"] {
        eventually(name, PATIENCE, async || series.get(name).is_some()).await;
    }
    worker.stop().await;
}
