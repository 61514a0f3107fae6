//! What happens is told: in order, within bounds, and without anybody noticing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::event::{Event, Observer, ObserverOptions, ObserverStatus, Overflow};
use formwork_app::{App, Context, Error, Policy, Running};
use formwork_domain::{BoxFuture, Clock, Identifiers, Timestamp};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::support::{Act, Journal, app, link, module, set};

/// Writes down what it is told, as far as it is let.
struct Recorder {
    options: ObserverOptions,
    seen: Mutex<Vec<Event>>,
    /// One permit for each event; closed when it may take all.
    gate: Semaphore,
}

impl Recorder {
    fn open() -> Arc<Self> {
        let options = ObserverOptions::new("recorder").with_capacity(100_000);
        let recorder = Self::gated(options);
        recorder.gate.close();
        recorder
    }

    fn gated(options: ObserverOptions) -> Arc<Self> {
        Arc::new(Self {
            options,
            seen: Mutex::default(),
            gate: Semaphore::new(0),
        })
    }

    fn seen(&self) -> Vec<Event> {
        self.seen.lock().expect("no test panics here").clone()
    }

    /// What was told, as `kind subject`, without the prefix of all kinds.
    fn lines(&self) -> Vec<String> {
        let line = |event: &Event| {
            let kind = event.kind.trim_start_matches("formwork.");
            format!("{kind} {}", event.subject)
        };
        self.seen().iter().map(line).collect()
    }

    /// The subjects of the events of one kind.
    fn of(&self, kind: &str) -> Vec<String> {
        let events = self.seen().into_iter();
        let events = events.filter(|event| event.kind == kind);
        events.map(|event| event.subject).collect()
    }

    async fn until(&self, done: impl Fn(&[Event]) -> bool) {
        while !done(&self.seen.lock().expect("no test panics here")) {
            tokio::task::yield_now().await;
        }
    }
}

impl Observer for Recorder {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Ok(permit) = self.gate.acquire().await {
                permit.forget();
            }
            self.seen
                .lock()
                .expect("no test panics here")
                .push(event.clone());
            Ok(())
        })
    }

    fn options(&self) -> ObserverOptions {
        self.options.clone()
    }
}

/// Behaves as it must not.
struct Unruly(Act);

impl Observer for Unruly {
    fn observe<'a>(&'a self, _event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        match self.0 {
            // Before there is a future, which is the harder case.
            Act::Panic => panic!("observers may be wrong"),
            Act::Hang => Box::pin(std::future::pending()),
            _ => Box::pin(async { Err(Error::dependency("the file is full")) }),
        }
    }

    fn options(&self) -> ObserverOptions {
        ObserverOptions::new("unruly").with_patience(Duration::from_secs(1))
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000)
    }
}

impl Identifiers for Fixed {
    fn next(&self) -> [u8; 16] {
        [7; 16]
    }
}

fn status(running: &Running, name: &str) -> ObserverStatus {
    let mut observers = running.events().observers().into_iter();
    observers
        .find(|status| status.name == name)
        .expect("it observes")
}

async fn start(app: App) -> Running {
    app.start().await.expect("the application starts")
}

/// Emits `n` events and lets nobody else run in between.
fn emit(running: &Running, n: u64) {
    for number in 1..=n {
        let data = json!({ "number": number });
        running.events().emit("test.happened", "test", data);
    }
}

fn numbers(recorder: &Recorder) -> Vec<u64> {
    let events = recorder.seen().into_iter();
    let events = events.filter(|event| event.kind == "test.happened");
    events
        .filter_map(|event| event.data["number"].as_u64())
        .collect()
}

/// Proves: R-011.
#[tokio::test(start_paused = true)]
async fn a_whole_life_is_told_in_order() {
    let journal = Journal::default();
    let recorder = Recorder::open();
    let app = app()
        .module(link("http", &["store".to_owned()], &journal))
        .module(link("store", &[], &journal).stop(Act::Fail))
        .observe(Arc::clone(&recorder));
    let running = start(app).await;
    running.stop().await.expect_err("the store cannot stop");
    insta::assert_snapshot!(recorder.lines().join("\n"), @"
    module.registering store
    module.registering http
    application.starting shop
    module.starting store
    module.started store
    module.starting http
    module.started http
    application.accepting shop
    application.draining shop
    module.draining http
    module.drained http
    module.draining store
    module.drained store
    application.stopping shop
    module.stopping http
    module.stopped http
    module.stopping store
    module.failed store
    application.failed shop
    ");
    let seen = recorder.seen();
    let failed = seen
        .iter()
        .find(|event| event.kind == "formwork.module.failed");
    insta::assert_snapshot!(failed.expect("it was told").data, @r#"{"level":0,"elapsed_ms":0.0,"phase":"stop","error":"module `store` could not stop: could not open the store: disk full"}"#);
    let sequence: Vec<_> = seen.iter().map(|event| event.sequence).collect();
    assert_eq!(sequence, (1..=19).collect::<Vec<_>>(), "without gaps");
}

/// Shows a part of: R-043.
#[tokio::test]
async fn an_event_is_a_cloudevents_1_0_record() {
    let recorder = Recorder::open();
    let app = app()
        .provide::<dyn Clock>(Arc::new(Fixed))
        .provide::<dyn Identifiers>(Arc::new(Fixed))
        .observe(Arc::clone(&recorder));
    let running = start(app).await;
    running.events().emit(
        "acme.certificate.renewed",
        "shop.test",
        json!({ "days": 90 }),
    );
    running.stop().await.expect("the application stops");
    let event = &recorder.seen()[2];
    insta::assert_snapshot!(event.to_json(), @r#"{"specversion":"1.0","id":"07070707-0707-0707-0707-070707070707","source":"/shop","type":"acme.certificate.renewed","subject":"shop.test","time":"2023-11-14T22:13:20.000000Z","datacontenttype":"application/json","instance":"07070707-0707-0707-0707-070707070707","sequence":"00000000000000000003","data":{"days":90}}"#);
}

#[tokio::test]
async fn modules_contribute_observers_and_nobody_needs_to_collect_them() {
    let journal = Journal::default();
    let recorder = Recorder::open();
    let contributed = Arc::clone(&recorder);
    let audit = module("audit", &journal)
        .declare(|it| it.contributes::<dyn Observer>())
        .wire(move |wiring| {
            let observer = Arc::clone(&contributed);
            assert!(!wiring.events().is_observed(), "nothing has started");
            wiring.contribute::<dyn Observer>(observer)
        });
    let checked = app().module(module("other", &journal)).check();
    assert!(checked.expect("all is well").warnings.is_empty());
    let running = start(app().module(audit)).await;
    running.stop().await.expect("the application stops");
    assert_eq!(recorder.of("formwork.module.started"), ["audit"]);
}

/// Proves: R-012.
#[tokio::test(start_paused = true)]
async fn observers_that_hang_panic_or_fail_delay_nobody_and_are_counted() {
    let journal = Journal::default();
    let recorder = Recorder::open();
    for act in [Act::Hang, Act::Panic, Act::Fail] {
        let app = app()
            .module(module("a", &journal))
            .observe(Arc::new(Unruly(act)))
            .observe(Arc::clone(&recorder));
        let begun = tokio::time::Instant::now();
        let running = start(app).await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "{act:?}");
        recorder.until(|seen| !seen.is_empty()).await;
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        let unruly = status(&running, "unruly");
        let (failed, waiting) = if act == Act::Hang { (3, 2) } else { (5, 0) };
        assert_eq!(
            (unruly.failed, unruly.waiting),
            (failed, waiting),
            "{act:?}"
        );
        assert_eq!(unruly.observed, 0);
        let panicked = if act == Act::Panic { 5 } else { 0 };
        assert_eq!(unruly.panicked, panicked, "{act:?}");
        let stopping = tokio::time::Instant::now();
        running.stop().await.expect("the application stops");
        let limit = Duration::from_millis(250);
        assert!(stopping.elapsed() <= limit, "{act:?}: {stopping:?}");
    }
    assert_eq!(recorder.of("formwork.module.stopped"), ["a", "a", "a"]);
}

/// Proves: R-042.
#[tokio::test]
async fn a_full_queue_drops_the_oldest_or_the_newest_and_says_how_many() {
    for (overflow, kept) in [
        (Overflow::DropOldest, [1, 8, 9, 10]),
        (Overflow::DropNewest, [1, 2, 3, 4]),
    ] {
        let options = ObserverOptions::new("slow")
            .with_capacity(4)
            .with_overflow(overflow);
        let recorder = Recorder::gated(options);
        let running = start(app().observe(Arc::clone(&recorder))).await;
        recorder.gate.add_permits(2);
        recorder.until(|seen| seen.len() == 2).await;
        // It is at the first when the others come.
        emit(&running, 1);
        tokio::task::yield_now().await;
        let rest = (2..=10).map(|number| json!({ "number": number }));
        rest.for_each(|data| running.events().emit("test.happened", "test", data));
        assert_eq!(status(&running, "slow").waiting, 4);
        assert_eq!(status(&running, "slow").dropped, 6);
        recorder.gate.close();
        recorder.until(|seen| seen.len() == 6).await;
        assert_eq!(numbers(&recorder), kept);
        running.stop().await.expect("the application stops");
    }
}

/// Strict: nothing is dropped, and each step waits until the observer has seen what it announces.
#[tokio::test(start_paused = true)]
async fn a_strict_observer_misses_nothing_and_is_waited_for() {
    let journal = Journal::default();
    let strict = ObserverOptions::new("strict")
        .with_capacity(1)
        .with_overflow(Overflow::Block);
    let recorder = Recorder::gated(strict);
    let app = app()
        .module(module("a", &journal))
        .observe(Arc::clone(&recorder));
    let starting = tokio::spawn(app.start());
    // `registering`, and the state: it does not let `starting` pass.
    recorder.gate.add_permits(2);
    recorder.until(|seen| seen.len() == 2).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(
        journal.of("start").is_empty(),
        "`starting` was not seen yet"
    );
    recorder.gate.add_permits(1);
    while journal.of("started").is_empty() {
        tokio::task::yield_now().await;
    }
    recorder.gate.close();
    let running = starting.await.expect("it does not panic");
    let running = running.expect("the application starts");
    // Nobody waits here, and nothing is lost all the same.
    emit(&running, 100);
    running.events().room().await;
    assert_eq!(numbers(&recorder), (1..=100).collect::<Vec<_>>());
    assert_eq!(status(&running, "strict").dropped, 0);
    running.stop().await.expect("the application stops");
}

/// The Go ancestor told each event in a goroutine of its own: a module could have stopped before it
/// had started.
///
/// Shows a part of: R-042.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_many_tasks_reach_every_observer_in_one_order() {
    const TASKS: u64 = 16;
    const EACH: u64 = 200;
    let journal = Journal::default();
    let (one, other) = (Recorder::open(), Recorder::open());
    let spawn = |context: &Context| {
        for task in 0..TASKS {
            let events = context.events().clone();
            context
                .tasks()
                .spawn(format!("t{task}"), Policy::Once, move || {
                    let events = events.clone();
                    async move {
                        for number in 0..EACH {
                            let data = json!({ "number": number });
                            events.emit("test.happened", format!("t{task}"), data);
                            tokio::task::yield_now().await;
                        }
                        Ok(())
                    }
                });
        }
    };
    let app = app()
        .module(module("worker", &journal).hook(spawn))
        .observe(Arc::clone(&one))
        .observe(Arc::clone(&other));
    let running = start(app).await;
    let all = |seen: &[Event]| {
        let happened = seen.iter().filter(|event| event.kind == "test.happened");
        happened.count() as u64 == TASKS * EACH
    };
    one.until(all).await;
    other.until(all).await;
    running.stop().await.expect("the application stops");
    assert_eq!(one.seen(), other.seen());
    let sequences = one.seen().into_iter().map(|event| event.sequence);
    assert!(sequences.eq(1..=one.seen().len() as u64), "nothing between");
    for task in 0..TASKS {
        let subject = format!("t{task}");
        let of_task = one.seen().into_iter().filter(|it| it.subject == subject);
        let numbers = of_task.filter_map(|it| it.data["number"].as_u64());
        assert!(numbers.eq(0..EACH), "the order of {subject}");
    }
}

#[tokio::test]
async fn without_observers_nothing_is_made() {
    let running = start(app()).await;
    assert!(!running.events().is_observed());
    running
        .events()
        .emit_with("test.happened", "test", || panic!("nobody asked"));
    running.events().room().await;
    running.stop().await.expect("the application stops");
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_is_told() {
    let journal = Journal::default();
    let recorder = Recorder::open();
    let app = set(app(), "app.start-timeout", "2s")
        .module(link("store", &[], &journal))
        .module(link("http", &["store".to_owned()], &journal).start(Act::Hang))
        .observe(Arc::clone(&recorder));
    app.start().await.expect_err("a module hangs");
    let lines = recorder.lines();
    insta::assert_snapshot!(lines[5..].join("\n"), @"
    module.starting http
    module.failed http
    application.stopping shop
    module.stopping store
    module.stopped store
    application.failed shop
    ");
}
