//! The modules in an application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::{Declaration, Module, StartError, Status, WireError, Wiring};
use formwork_config::{Config, Environment, Loader, Section};
use formwork_domain::BoxFuture;
use formwork_outbox::{
    Broker, BrokerError, Consumers, ConsumersConfig, ConsumersModule, Envelope,
    EventPublisherModule, Handler, HandlerError, HealthEventsModule, IdempotencyStore,
    InProcessBroker, InProcessBrokerModule, InboxStore, Incomings, MemoryStore, Message, Notifier,
    OutboxConfig, OutboxStore, PollingModule, PublishError, Relay, RelayModule, Subscription,
};
use formwork_test::{AppHarness, conformance, eventually};

use crate::ledger::{PATIENCE, drained, place, store};

/// A store and some handlers, as a module.
struct Orders {
    store: Arc<MemoryStore>,
    handlers: Vec<Arc<dyn Handler>>,
}

impl Module for Orders {
    fn declare(&self) -> Declaration {
        Declaration::new("orders")
            .provides::<dyn OutboxStore>()
            .provides::<dyn InboxStore>()
            .provides::<dyn IdempotencyStore>()
            .contributes::<dyn Handler>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.provide::<dyn OutboxStore>(Arc::clone(&self.store) as _)?;
        wiring.provide::<dyn InboxStore>(Arc::clone(&self.store) as _)?;
        wiring.provide::<dyn IdempotencyStore>(Arc::clone(&self.store) as _)?;
        for handler in &self.handlers {
            wiring.contribute::<dyn Handler>(Arc::clone(handler))?;
        }
        Ok(())
    }
}

struct Mailer {
    consumer: &'static str,
    sent: Mutex<Vec<u64>>,
    fails: bool,
}

impl Mailer {
    fn new(consumer: &'static str) -> Self {
        Self {
            consumer,
            sent: Mutex::default(),
            fails: false,
        }
    }

    fn sent(&self) -> Vec<u64> {
        self.sent.lock().expect("not poisoned").clone()
    }
}

impl Handler for Mailer {
    fn consumer(&self) -> &str {
        self.consumer
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        let result = if self.fails {
            Err(HandlerError::Retry("no connection".into()))
        } else {
            self.sent
                .lock()
                .expect("not poisoned")
                .push(envelope.sequence);
            Ok(())
        };
        Box::pin(std::future::ready(result))
    }
}

fn harness(store: &Arc<MemoryStore>, handlers: &[Arc<Mailer>]) -> AppHarness {
    let handlers = handlers.iter().map(|handler| Arc::clone(handler) as _);
    AppHarness::new("shop")
        .module(RelayModule::new())
        .module(ConsumersModule::new())
        .module(InProcessBrokerModule::new())
        .module(PollingModule::new())
        .module(Orders {
            store: Arc::clone(store),
            handlers: handlers.collect(),
        })
}

/// Events that were there before the start are published too: consumers have subscribed by then.
#[tokio::test]
async fn events_go_from_the_outbox_to_the_handlers_of_the_process() {
    let store = store();
    let mailer = Arc::new(Mailer::new("mailer"));
    let ledger = Arc::new(Mailer::new("ledger"));
    place(&store, 1, 1);
    let app = harness(&store, &[Arc::clone(&mailer), Arc::clone(&ledger)])
        .start()
        .await;
    assert_eq!(app.get::<Consumers>().names(), ["ledger", "mailer"]);
    drained(&store).await;
    place(&store, 1, 2);
    app.get::<dyn Notifier>().notify();
    drained(&store).await;
    assert_eq!((mailer.sent(), ledger.sent()), (vec![1, 2], vec![1, 2]));
    app.stop().await;
    // Nothing is taken after the stop.
    place(&store, 1, 3);
    assert_eq!(mailer.sent(), [1, 2]);
}

/// Lets nobody subscribe until it is told to.
struct ClosedBroker {
    open: AtomicBool,
    inner: InProcessBroker,
}

impl Broker for ClosedBroker {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        self.inner.publish(messages)
    }

    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        Box::pin(async move {
            if !self.open.load(Ordering::Relaxed) {
                return Err(BrokerError::new("subscribe", "closed"));
            }
            self.inner.subscribe(subscription).await
        })
    }
}

#[tokio::test]
async fn the_component_consumers_is_degraded_until_all_are_subscribed() {
    let store = store();
    let broker = Arc::new(ClosedBroker {
        open: AtomicBool::new(false),
        inner: InProcessBroker::new(store.clone()),
    });
    let app = AppHarness::new("shop")
        .value("app.health-period", "50ms")
        .value("consumers.retry-longest", "100ms")
        .module(Orders {
            store: Arc::clone(&store),
            handlers: vec![Arc::new(Mailer::new("mailer"))],
        })
        .provide::<dyn Broker>(broker.clone())
        .module(ConsumersModule::new())
        .start()
        .await;
    let status = || {
        let report = app.health().report();
        report
            .component("consumers")
            .map(|component| component.status)
    };
    eventually("a deaf consumer degrades it", PATIENCE, async || {
        status() == Some(Status::Degraded)
    })
    .await;
    broker.open.store(true, Ordering::Relaxed);
    eventually("it heals", PATIENCE, async || {
        status() == Some(Status::Healthy)
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn the_component_outbox_is_degraded_while_an_event_waits_too_long() {
    let store = store();
    let mailer = Arc::new(Mailer {
        fails: true,
        ..Mailer::new("mailer")
    });
    place(&store, 1, 1);
    let app = harness(&store, &[mailer])
        .value("outbox.degraded-after", "1s")
        .value("outbox.observe", "100ms")
        .value("app.health-period", "50ms")
        .value("consumers.attempts", "1000")
        .start()
        .await;
    let status = || {
        let report = app.health().report();
        report.component("outbox").map(|component| component.status)
    };
    eventually("the outbox is healthy at first", PATIENCE, async || {
        status() == Some(Status::Healthy)
    })
    .await;
    eventually("the outbox is degraded", PATIENCE, async || {
        status() == Some(Status::Degraded)
    })
    .await;
    assert!(
        app.health().ready(),
        "a backlog never makes the service unready"
    );
    assert_eq!(
        app.get::<Relay>().stats().map(|stats| stats.pending),
        Some(1)
    );
    app.stop().await;
}

/// Shows a part of: S-32.
#[tokio::test]
async fn what_is_past_its_window_is_dropped() {
    let store = store();
    place(&store, 1, 1);
    let app = harness(&store, &[])
        .value("outbox.replay-window", "1s")
        .value("outbox.purge", "100ms")
        .start()
        .await;
    drained(&store).await;
    let epoch = formwork_domain::Timestamp::from_micros(0);
    eventually("the sent row is gone", PATIENCE, async || {
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        let resent = store.resend(epoch).await.expect("resend");
        drained(&store).await;
        resent == 0
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn two_consumers_of_one_name_are_refused() {
    let store = store();
    let handlers = [
        Arc::new(Mailer::new("mailer")),
        Arc::new(Mailer::new("mailer")),
    ];
    let refused = harness(&store, &handlers)
        .try_start()
        .await
        .expect_err("refused");
    let text = format!("{refused} {refused:?}");
    assert!(matches!(refused, StartError::Wiring(_)), "{text}");
    assert!(
        text.contains("two handlers call their consumer `mailer`"),
        "{text}"
    );
}

fn load<C: Config>(prefix: &str, values: &[(&str, &str)]) -> Result<C, formwork_config::Errors> {
    let nothing: [(String, String); 0] = [];
    let mut loader = Loader::new("shop").with_environment(Environment::of(nothing));
    for (path, value) in values {
        loader = loader.with_value(*path, *value);
    }
    loader.load(&[Section::of::<C>(prefix)])?.get(prefix)
}

#[test]
fn the_compiled_defaults_are_those_of_the_structs() {
    let outbox: OutboxConfig = load("outbox", &[]).expect("the defaults are valid");
    assert_eq!(outbox, OutboxConfig::default());
    let consumers: ConsumersConfig = load("consumers", &[]).expect("the defaults are valid");
    assert_eq!(consumers, ConsumersConfig::default());
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    let outbox = load::<OutboxConfig>(
        "outbox",
        &[("outbox.poll-busy", "2s"), ("outbox.inbox-window", "1d")],
    );
    let text = outbox.expect_err("refused").to_string();
    assert!(
        text.contains("must not be longer than `poll-idle`"),
        "{text}"
    );
    assert!(
        text.contains("events sent again would be handled again"),
        "{text}"
    );
    let consumers = load::<ConsumersConfig>("consumers", &[("consumers.buffer", "4")]);
    let text = consumers.expect_err("refused").to_string();
    assert!(text.contains("must not be more than `buffer`"), "{text}");
}

/// All in the surroundings of the others.
#[tokio::test]
async fn the_modules_are_modules() {
    let orders = || Orders {
        store: store(),
        handlers: vec![Arc::new(Mailer::new("mailer")) as _],
    };
    conformance::module(PollingModule::new).await;
    conformance::module(InProcessBrokerModule::new)
        .within(move |app| app.module(orders()))
        .await;
    conformance::module(RelayModule::new)
        .within(move |app| {
            app.module(orders())
                .module(InProcessBrokerModule::new())
                .module(PollingModule::new())
        })
        .await;
    conformance::module(ConsumersModule::new)
        .within(move |app| app.module(orders()).module(InProcessBrokerModule::new()))
        .await;
    conformance::module(EventPublisherModule::new)
        .within(move |app| app.module(orders()).module(InProcessBrokerModule::new()))
        .await;
    conformance::module(HealthEventsModule::new)
        .within(move |app| app.module(orders()).module(InProcessBrokerModule::new()))
        .await;
}
