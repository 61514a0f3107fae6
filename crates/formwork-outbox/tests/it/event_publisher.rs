//! What the application tells leaves the process, and nobody waits for that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use formwork_app::event::ObserverStatus;
use formwork_app::{Declaration, HealthCheck, Module, WireError, Wiring};
use formwork_outbox::{Broker, Envelope, EventPublisherModule, HealthEventsModule};
use formwork_test::{AppHarness, StartedApp, eventually};
use serde_json::{Value, json};

use crate::health_events::Mailbox;
use crate::ledger::PATIENCE;
use crate::measurements::series;

struct Orders;

impl Module for Orders {
    fn declare(&self) -> Declaration {
        Declaration::new("orders").version("1.2.3")
    }
}

async fn start(mailbox: &Arc<Mailbox>) -> StartedApp {
    AppHarness::new("shop")
        .provide::<dyn Broker>(Arc::clone(mailbox) as _)
        .module(EventPublisherModule::new())
        .module(Orders)
        .start()
        .await
}

fn kinds(envelopes: &[Envelope]) -> Vec<&str> {
    envelopes.iter().map(|it| it.event.as_str()).collect()
}

fn status(app: &StartedApp) -> ObserverStatus {
    let observers = app.running().events().observers();
    let mut observers = observers.into_iter();
    let found = observers.find(|it| it.name == "event-publisher");
    found.expect("it observes")
}

/// Has a component of health, which works.
struct Store;

impl Module for Store {
    fn declare(&self) -> Declaration {
        Declaration::new("store")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let fine = || std::future::ready(Ok::<(), String>(()));
        wiring.health_check(HealthCheck::required("store", fine))
    }
}

/// From before the first module started on, in order, as CloudEvents.
///
/// Proves: R-043.
#[tokio::test]
async fn everything_that_is_told_is_published_in_order() {
    let published = series();
    let mailbox = Arc::new(Mailbox::default());
    let app = start(&mailbox).await;
    let events = app.running().events().clone();
    events.emit("orders.counted", "orders", json!({ "orders": 3 }));
    eventually("the last is published", PATIENCE, async || {
        kinds(&mailbox.taken()).contains(&"orders.counted")
    })
    .await;
    let taken = mailbox.taken();
    let sequences = taken.iter().map(|it| it.sequence);
    assert!(sequences.eq(1..=taken.len() as u64), "{taken:?}");
    let of_orders = taken.iter().filter(|it| it.subject == "orders");
    let of_orders: Vec<_> = of_orders.cloned().collect();
    assert_eq!(
        kinds(&of_orders),
        [
            "formwork.module.registering",
            "formwork.module.starting",
            "formwork.module.started",
            "orders.counted"
        ]
    );
    let counted = &of_orders[3];
    assert_eq!(counted.source, "/shop");
    assert_eq!(counted.partition_key, taken[0].partition_key);
    let data: Value = counted.read().expect("it is JSON");
    assert_eq!(data, json!({ "orders": 3 }));
    let read = Envelope::from_json(counted.to_json().as_bytes());
    assert_eq!(read.as_ref(), Ok(counted), "it is a CloudEvent");
    let told = u64::try_from(taken.len()).expect("they are few");
    eventually("they are counted", PATIENCE, async || {
        published.get("application_events_total{}") >= Some(told)
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_broker_that_is_down_delays_nobody_and_gets_what_waited() {
    let mailbox = Arc::new(Mailbox::default());
    mailbox.down.store(true, Ordering::SeqCst);
    let app = start(&mailbox).await;
    let told = status(&app).waiting;
    assert!(told > 0, "what was told waits");
    mailbox.down.store(false, Ordering::SeqCst);
    eventually("what waited is published", PATIENCE, async || {
        mailbox.taken().len() >= told
    })
    .await;
    assert_eq!(status(&app).dropped, 0);
    mailbox.down.store(true, Ordering::SeqCst);
    // Nor does the stop wait.
    app.stop().await;
}

#[tokio::test]
async fn what_the_broker_rejects_is_counted_and_the_next_goes_on() {
    let mailbox = Arc::new(Mailbox::default());
    mailbox.rejects.store(true, Ordering::SeqCst);
    let app = start(&mailbox).await;
    eventually("all are rejected", PATIENCE, async || {
        status(&app).waiting == 0
    })
    .await;
    assert!(status(&app).failed > 0);
    mailbox.rejects.store(false, Ordering::SeqCst);
    let events = app.running().events().clone();
    events.emit("orders.counted", "orders", json!({}));
    eventually("the next is published", PATIENCE, async || {
        kinds(&mailbox.taken()) == ["orders.counted"]
    })
    .await;
    app.stop().await;
}

/// A change of health leaves once, as one kind of event, whoever publishes it: alone, or beside who
/// publishes nothing else.
///
/// Shows a part of: R-043.
#[tokio::test]
async fn a_change_of_health_leaves_once() {
    series();
    for beside in [false, true] {
        let mailbox = Arc::new(Mailbox::default());
        let mut app = AppHarness::new("shop")
            .provide::<dyn Broker>(Arc::clone(&mailbox) as _)
            .module(EventPublisherModule::new())
            .module(Store);
        if beside {
            app = app.module(HealthEventsModule::new());
        }
        let app = app.start().await;
        let health = || {
            let mut taken = mailbox.taken();
            taken.retain(|it| it.subject == "store" && it.event.ends_with("health.changed"));
            taken
        };
        eventually("the first result is told", PATIENCE, async || {
            !health().is_empty()
        })
        .await;
        // Whatever would be told of it by the other is before this.
        let events = app.running().events().clone();
        events.emit("orders.counted", "orders", json!({}));
        eventually("the last is published", PATIENCE, async || {
            kinds(&mailbox.taken()).contains(&"orders.counted")
        })
        .await;
        assert_eq!(kinds(&health()), ["formwork.health.changed"], "{beside}");
        let source = if beside { "/shop/health" } else { "/shop" };
        assert_eq!(health()[0].source, source);
        app.stop().await;
    }
}
