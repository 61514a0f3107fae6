//! Changes of health leave the process, and wait for nobody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::{Declaration, HealthCheck, Module, Status, WireError, Wiring};
use formwork_domain::BoxFuture;
use formwork_outbox::{
    Broker, BrokerError, ConsumersModule, Envelope, Handler, HandlerError, HealthEventsModule,
    InProcessBrokerModule, Incomings, MemoryStore, Message, OutboxStore, PublishError,
    Subscription,
};
use formwork_test::{AppHarness, StartedApp, eventually};
use serde_json::{Value, json};

use crate::ledger::{PATIENCE, store};
use crate::measurements::series;

/// Keeps what it takes; takes nothing while it is down, and never what it rejects.
#[derive(Default)]
pub(crate) struct Mailbox {
    taken: Mutex<Vec<Envelope>>,
    pub(crate) down: AtomicBool,
    pub(crate) rejects: AtomicBool,
}

impl Mailbox {
    pub(crate) fn taken(&self) -> Vec<Envelope> {
        self.taken.lock().expect("not poisoned").clone()
    }

    fn take(&self, message: &Message) -> Result<(), PublishError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(PublishError::Unavailable("no connection".into()));
        }
        if self.rejects.load(Ordering::SeqCst) {
            return Err(PublishError::Rejected("too large".into()));
        }
        let mut taken = self.taken.lock().expect("not poisoned");
        taken.push(message.envelope.clone());
        Ok(())
    }
}

impl Broker for Mailbox {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        let results = messages.iter().map(|message| self.take(message)).collect();
        Box::pin(std::future::ready(results))
    }

    fn subscribe<'a>(
        &'a self,
        _: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        let error = BrokerError::new("subscribe", "it only takes");
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Writes down what changed.
#[derive(Default)]
struct Pager(Mutex<Vec<Envelope>>);

impl Handler for Pager {
    fn consumer(&self) -> &str {
        "pager"
    }

    fn subjects(&self) -> &[&str] {
        &["formwork.health.changed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        let mut seen = self.0.lock().expect("not poisoned");
        seen.push(envelope.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A component that can fail, and who is told.
struct Cache {
    fails: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    store: Arc<MemoryStore>,
    pager: Arc<Pager>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            fails: Arc::default(),
            asked: Arc::default(),
            store: store(),
            pager: Arc::default(),
        }
    }
}

impl Cache {
    fn check(&self, alternates: bool) -> HealthCheck {
        let (fails, asked) = (Arc::clone(&self.fails), Arc::clone(&self.asked));
        let check = HealthCheck::optional("cache", move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let failed = if alternates {
                fails.fetch_not(Ordering::SeqCst)
            } else {
                fails.load(Ordering::SeqCst)
            };
            std::future::ready(if failed { Err("no connection") } else { Ok(()) })
        });
        check.period(Duration::from_millis(1))
    }
}

struct CacheModule {
    check: HealthCheck,
    store: Arc<MemoryStore>,
    pager: Arc<Pager>,
}

impl Module for CacheModule {
    fn declare(&self) -> Declaration {
        Declaration::new("cache")
            .provides::<dyn OutboxStore>()
            .contributes::<dyn Handler>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.health_check(self.check.clone())?;
        wiring.provide::<dyn OutboxStore>(Arc::clone(&self.store) as _)?;
        wiring.contribute::<dyn Handler>(Arc::clone(&self.pager) as _)
    }
}

fn harness(cache: &Cache, alternates: bool) -> AppHarness {
    series();
    AppHarness::new("shop")
        .module(HealthEventsModule::new())
        .module(CacheModule {
            check: cache.check(alternates),
            store: Arc::clone(&cache.store),
            pager: Arc::clone(&cache.pager),
        })
}

async fn start(cache: &Cache, alternates: bool, mailbox: &Arc<Mailbox>) -> StartedApp {
    let harness = harness(cache, alternates);
    harness
        .provide::<dyn Broker>(Arc::clone(mailbox) as _)
        .start()
        .await
}

fn steps(envelopes: &[Envelope]) -> Vec<(String, String)> {
    let text = |data: &Value, key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let data = envelopes
        .iter()
        .map(|envelope| envelope.read::<Value>().expect("it is JSON"));
    data.map(|data| (text(&data, "from"), text(&data, "to")))
        .collect()
}

#[tokio::test]
async fn every_change_is_a_cloud_event_for_whoever_subscribes() {
    let cache = Cache::default();
    let app = harness(&cache, false)
        .module(InProcessBrokerModule::new())
        .module(ConsumersModule::new())
        .start()
        .await;
    let seen = || {
        let mut seen = cache.pager.0.lock().expect("not poisoned").clone();
        seen.retain(|envelope| envelope.subject == "cache");
        seen
    };
    eventually("the start is told", PATIENCE, async || seen().len() == 1).await;
    cache.fails.store(true, Ordering::SeqCst);
    eventually("the failure is told", PATIENCE, async || seen().len() == 2).await;
    let envelopes = seen();

    let failure = &envelopes[1];
    let data: Value = failure.read().expect("it is JSON");
    let report = app.health().report();
    let since = report.component("cache").expect("it is registered").since;
    assert_eq!(
        data,
        json!({
            "component": "cache",
            "required": false,
            "from": "healthy",
            "to": "degraded",
            "since": since.to_string(),
            "message": "no connection",
            "instance": data["instance"],
        })
    );
    assert_eq!(failure.event, "formwork.health.changed");
    assert_eq!(failure.source, "/shop/health");
    assert_eq!(failure.subject, "cache");
    assert_eq!(failure.time, since);
    assert!(envelopes[0].sequence < failure.sequence);
    assert_eq!(envelopes[0].partition_key, failure.partition_key);
    assert_ne!(envelopes[0].id, failure.id);
    let read = Envelope::from_json(failure.to_json().as_bytes());
    assert_eq!(read.as_ref(), Ok(failure), "it is a CloudEvent");
    app.stop().await;
    assert!(series().get("health_events_total{}") >= Some(2));
}

#[tokio::test]
async fn what_the_broker_rejects_is_counted_and_the_next_goes_on() {
    let (cache, mailbox) = (Cache::default(), Arc::new(Mailbox::default()));
    mailbox.rejects.store(true, Ordering::SeqCst);
    let app = start(&cache, false, &mailbox).await;
    eventually("the rejection is counted", PATIENCE, async || {
        series().get("health_events_dropped_total{reason=rejected}") >= Some(1)
    })
    .await;
    mailbox.rejects.store(false, Ordering::SeqCst);
    cache.fails.store(true, Ordering::SeqCst);
    eventually("the failure is told", PATIENCE, async || {
        steps(&mailbox.taken()) == [("healthy".to_owned(), "degraded".to_owned())]
    })
    .await;
    app.stop().await;
}

/// Many more changes than may wait: checks go on at their pace, the oldest changes are dropped and
/// counted, the others come in order once the broker is back.
#[tokio::test]
async fn a_broker_that_is_down_delays_no_check_and_gets_the_latest_changes() {
    let (cache, mailbox) = (Cache::default(), Arc::new(Mailbox::default()));
    mailbox.down.store(true, Ordering::SeqCst);
    let app = start(&cache, true, &mailbox).await;
    eventually("the component goes on changing", PATIENCE, async || {
        cache.asked.load(Ordering::SeqCst) > 400
    })
    .await;
    assert!(app.health().ready());
    let status = |name: &str| app.health().report().component(name).map(|it| it.status);
    assert_ne!(status("cache"), Some(Status::Unknown));
    assert_eq!(
        status("health-events/publish"),
        None,
        "its task never failed"
    );

    mailbox.down.store(false, Ordering::SeqCst);
    eventually("what waited is told", PATIENCE, async || {
        mailbox.taken().len() > 256
    })
    .await;
    let dropped = series().get("health_events_dropped_total{reason=overflow}");
    assert!(dropped >= Some(100), "{dropped:?}");
    // The first was on its way already; the gap behind it is as wide as what was dropped.
    let sequences: Vec<_> = mailbox.taken().iter().map(|it| it.sequence).collect();
    assert_eq!(sequences[0], 1);
    assert!(sequences[1] > 100, "{sequences:?}");
    assert!(
        sequences[1..].is_sorted_by(|one, two| one + 1 == *two),
        "{sequences:?}"
    );
    let waited = steps(&mailbox.taken()[1..]);
    assert!(waited.is_sorted_by(|one, two| one.1 == two.0));
    app.stop().await;
}
