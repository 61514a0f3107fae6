//! Start, drain, stop; and whatever fails on the way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::{App, AppConfig, Cause, Failure, Failures, Phase, Policy, StartError, State};
use proptest::prelude::*;
use tokio::sync::mpsc;

use crate::support::{Act, Journal, app, failed, keep_awake, link, module, set};

/// Proves: R-002.
#[tokio::test]
async fn modules_live_in_levels() {
    let journal = Journal::default();
    let needs = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let app = app()
        .module(link("http", &needs(&["orders"]), &journal))
        .module(link("orders", &needs(&["store", "clock"]), &journal))
        .module(link("store", &[], &journal))
        .module(link("clock", &[], &journal));
    let running = app.start().await.expect("the application starts");
    assert_eq!(running.lifecycle().state(), State::Accepting);
    running.stop().await.expect("the application stops");
    assert_eq!(journal.of("start"), ["clock", "store", "orders", "http"]);
    assert_eq!(journal.of("drain"), ["http", "orders", "store", "clock"]);
    assert_eq!(journal.of("stop"), ["http", "orders", "store", "clock"]);
}

#[tokio::test(start_paused = true)]
async fn modules_of_a_level_start_together() {
    let journal = Journal::default();
    let slow = |name: &str| module(name, &journal).start(Act::Take(Duration::from_secs(3)));
    let app = app().module(slow("a")).module(slow("b")).module(slow("c"));
    let begun = tokio::time::Instant::now();
    let running = app.start().await.expect("the application starts");
    assert_eq!(begun.elapsed().as_secs(), 3);
    let timeline = running.timeline();
    assert_eq!(timeline.entries.len(), 3);
    assert_eq!(running.inventory().timeline(), Some(timeline));
    let json = serde_json::to_value(timeline).expect("a timeline has a JSON form");
    assert_eq!(json["total_ms"], 3_000.0);
    let first = serde_json::json!({ "module": "a", "level": 0, "at_ms": 0.0, "took_ms": 3_000.0 });
    assert_eq!(json["entries"][0], first);
    assert_eq!(timeline.total.as_secs(), 3);
    assert!(
        timeline.to_string().ends_with("accepting after 3.000s\n"),
        "{timeline}"
    );
    running.stop().await.expect("the application stops");
}

fn name(index: usize) -> String {
    format!("m{index:02}")
}

/// Any directed graph without cycles: for each module, those before it that it needs.
fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1_usize..10).prop_flat_map(|size| {
        let needs =
            |index| proptest::sample::subsequence((0..index).collect::<Vec<_>>(), 0..=index);
        (0..size).map(needs).collect::<Vec<_>>()
    })
}

const FAULTS: [Act; 3] = [Act::Fail, Act::Panic, Act::Hang];
const PHASES: [Phase; 3] = [Phase::Start, Phase::Drain, Phase::Stop];

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime can be made")
        .block_on(future)
}

/// Starts and stops the modules of a graph, of which the one at `fault` misbehaves in a phase.
fn live(needs: &[Vec<usize>], fault: usize, phase: Phase, act: Act) -> (Journal, Failures) {
    let journal = Journal::default();
    let app = needs.iter().enumerate().fold(app(), |app, (index, needs)| {
        let needs: Vec<_> = needs.iter().copied().map(name).collect();
        let module = link(&name(index), &needs, &journal);
        app.module(match phase {
            Phase::Start if index == fault => module.start(act),
            Phase::Drain if index == fault => module.drain(act),
            Phase::Stop if index == fault => module.stop(act),
            _ => module,
        })
    });
    let failures = block_on(async {
        match app.start().await {
            Ok(running) => running.stop().await.expect_err("a module fails"),
            Err(StartError::Modules(failures)) => failures,
            Err(other) => panic!("not the failure of a module: {other}"),
        }
    });
    (journal, failures)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Every fault at every module of any graph, in every phase: the module is named with what it
    /// did; exactly what had started is stopped; nobody starts before what it needs has started,
    /// nor is stopped before those that need it have been.
    ///
    /// Proves: R-013.
    #[test]
    fn stops_are_the_reverse_of_the_successful_starts(needs in graphs()) {
        for fault in 0..needs.len() {
            for phase in PHASES {
                for act in FAULTS {
                    let (journal, failures) = live(&needs, fault, phase, act);
                    let at = format!("{act:?} in {phase:?} of {fault} in {needs:?}");
                    check(&needs, fault, phase, act, &journal, &failures, &at)?;
                }
            }
        }
    }
}

fn check(
    needs: &[Vec<usize>],
    fault: usize,
    phase: Phase,
    act: Act,
    journal: &Journal,
    failures: &Failures,
    at: &str,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(failures.0.len(), 1, "{}: {}", at, failures);
    let failure = &failures.0[0];
    prop_assert_eq!(&failure.module, &name(fault), "{}", at);
    prop_assert_eq!(failure.phase, phase, "{}", at);
    let named = matches!(
        (&failure.cause, act),
        (Cause::Error(_), Act::Fail)
            | (Cause::Panic(_), Act::Panic)
            | (Cause::Deadline(_), Act::Hang)
    );
    prop_assert!(named, "{}: {}", at, failures);

    let (begun, started) = (journal.of("start"), journal.of("started"));
    let stops = journal.of("stop");
    let place = |list: &[String], index: usize| list.iter().position(|it| *it == name(index));
    // Exactly what had started is stopped, once.
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    prop_assert_eq!(sorted(&stops), sorted(&started), "{}", at);
    if phase == Phase::Start {
        prop_assert!(place(&started, fault).is_none(), "{}", at);
    } else {
        prop_assert_eq!(started.len(), needs.len(), "{}", at);
        prop_assert_eq!(journal.of("drain").len(), needs.len(), "{}", at);
    }
    for (index, needed) in needs.iter().enumerate() {
        for needed in needed {
            // What started had what it needs, and kept it until it was stopped.
            if place(&begun, index).is_some() {
                prop_assert!(place(&begun, *needed) < place(&begun, index), "{}", at);
                prop_assert!(place(&started, *needed).is_some(), "{}", at);
            }
            if place(&stops, index).is_some() {
                prop_assert!(place(&stops, index) < place(&stops, *needed), "{}", at);
            }
        }
    }
    // The exact reverse: the journal of the stops is that of the starts, read backwards.
    let mut reverse: Vec<_> = begun
        .iter()
        .filter(|it| started.contains(it))
        .cloned()
        .collect();
    reverse.reverse();
    prop_assert_eq!(stops, reverse, "{}", at);
    Ok(())
}

/// Shows a part of: R-013.
#[tokio::test(start_paused = true)]
async fn all_failures_of_a_start_are_reported() {
    let journal = Journal::default();
    let needs = ["fine".to_owned()];
    let app = set(app(), "app.start-timeout", "2s")
        .module(link("fine", &[], &journal).stop(Act::Fail))
        .module(link("a-fails", &needs, &journal).start(Act::Fail))
        .module(link("b-panics", &needs, &journal).start(Act::Panic))
        .module(link("c-hangs", &needs, &journal).start(Act::Hang))
        .module(link("d-starts", &needs, &journal))
        .module(link("never", &["a-fails".to_owned()], &journal));
    let error = app.start().await.expect_err("modules fail");
    insta::assert_snapshot!(failed(&error).join("\n"), @r"
    module `a-fails` could not start: could not open the store: disk full
    module `b-panics` panicked in start: start of b-panics is broken
    module `c-hangs` did not start within 2s
    module `fine` could not stop: could not open the store: disk full
    ");
    assert_eq!(journal.of("stop"), ["d-starts", "fine"]);
    assert!(!journal.of("start").contains(&"never".to_owned()));
}

/// An exhausted budget skips nobody: each module still gets its floor.
#[tokio::test(start_paused = true)]
async fn everybody_gets_a_floor_when_the_time_to_stop_is_over() {
    let journal = Journal::default();
    let quick = Act::Take(Duration::from_millis(200));
    let app = set(
        set(app(), "app.stop-timeout", "1s"),
        "app.drain-timeout",
        "1s",
    )
    .module(link("a", &[], &journal).stop(quick).drain(quick))
    .module(
        link("b", &["a".to_owned()], &journal)
            .stop(Act::Hang)
            .drain(Act::Hang),
    )
    .module(
        link("c", &["b".to_owned()], &journal)
            .stop(Act::Hang)
            .drain(Act::Hang),
    );
    let running = app.start().await.expect("the application starts");
    let config: AppConfig = running.snapshot().get("app").expect("it is its own");
    let begun = tokio::time::Instant::now();
    let failures = running.stop().await.expect_err("two modules hang");
    assert!(begun.elapsed() <= config.longest_stop());
    assert_eq!(failures.cut_off(), 4);
    insta::assert_snapshot!(failures, @r"
    module `c` did not drain within 1s
    module `b` did not drain within 250ms
    module `c` did not stop within 1s
    module `b` did not stop within 250ms
    ");
    assert_eq!(journal.of("drained"), ["a"]);
    assert_eq!(journal.of("stoped"), ["a"]);
    assert_eq!(begun.elapsed().as_millis(), 2 * (1_000 + 250 + 200));
}

#[tokio::test(start_paused = true)]
async fn a_module_may_have_deadlines_of_its_own() {
    let journal = Journal::default();
    let module = module("slow", &journal)
        .declare(|it| {
            it.start_timeout(Duration::from_secs(30))
                .stop_timeout(Duration::from_secs(1))
        })
        .start(Act::Take(Duration::from_secs(20)))
        .stop(Act::Hang);
    let running = app().module(module).start().await;
    let running = running.expect("twenty seconds are allowed");
    let failures = running.stop().await.expect_err("the stop hangs");
    insta::assert_snapshot!(failures, @"module `slow` did not stop within 1s");
}

/// A module that blocks its thread cannot be cut off, but it is not waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_start_that_blocks_its_thread_is_left_behind() {
    let journal = Journal::default();
    let awake = keep_awake();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let app = set(app(), "app.start-timeout", "500ms")
        .module(link("fine", &[], &journal))
        .module(module("blocks", &journal).hook(move |_| {
            // Ends with the test, when the other side is dropped.
            let _ = blocked.lock().expect("no test panics here").recv();
        }));
    let error = app.start().await.expect_err("a module blocks");
    assert_eq!(
        failed(&error),
        ["module `blocks` did not start within 500ms"]
    );
    assert_eq!(journal.of("stop"), ["fine"]);
    drop(release);
    awake.abort();
}

/// One thread calls the modules of a level one after the other, but none of them waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_module_that_blocks_its_thread_holds_nobody_up() {
    let journal = Journal::default();
    let awake = keep_awake();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let running = app()
        .module(module("a-blocks", &journal).hook(move |_| {
            let blocked = blocked.lock().expect("no test panics here");
            blocked.recv().expect("the other one starts");
        }))
        .module(module("b-releases", &journal).hook(move |_| {
            release.send(()).expect("the other one waits");
        }))
        .start()
        .await
        .expect("the application starts");
    let order: Vec<_> = running
        .timeline()
        .entries
        .iter()
        .map(|it| &it.module)
        .collect();
    assert_eq!(order, ["a-blocks", "b-releases"]);
    running.stop().await.expect("the application stops");
    awake.abort();
}

/// Only the steps of the state machine are possible, also for those who try others.
///
/// Shows a part of: R-035.
#[tokio::test]
async fn illegal_transitions_are_errors() {
    let mut possible = Vec::new();
    for from in State::ALL {
        for to in State::ALL {
            if from.may_become(to) {
                possible.push(format!("{from} -> {to}"));
            }
        }
    }
    insta::assert_snapshot!(possible.join("\n"), @r"
    constructed -> starting
    constructed -> failed
    starting -> accepting
    starting -> stopping
    starting -> failed
    accepting -> draining
    accepting -> stopping
    draining -> accepting
    draining -> stopping
    stopping -> stopped
    stopping -> failed
    ");

    let running = app().start().await.expect("the application starts");
    assert!(running.health().ready());
    let error = running.resume().expect_err("it is accepting already");
    assert_eq!(
        error.to_string(),
        "an application that is accepting cannot become accepting"
    );
    running.drain().expect("it is accepting");
    assert!(!running.health().ready());
    assert!(running.drain().is_err());
    running.resume().expect("it is draining");
    assert!(running.health().ready());
    let lifecycle = running.lifecycle().clone();
    running.stop().await.expect("the application stops");
    assert_eq!(lifecycle.state(), State::Stopped);
}

#[tokio::test]
async fn what_is_registered_can_be_inspected() {
    let journal = Journal::default();
    let app = app()
        .module(link("orders", &["store".to_owned()], &journal))
        .module(link("store", &[], &journal).declare(|it| {
            it.version("2.1.0")
                .provides_named::<dyn crate::support::Named>("store")
        }));
    let running = app.start().await.expect("the application starts");
    let modules = running.modules();
    let rows: Vec<_> = modules
        .iter()
        .map(|module| {
            let services = module.services.iter();
            let services: Vec<_> = services.map(|it| format!("{it:?}")).collect();
            format!(
                "{} {} {} {}",
                module.level,
                module.name,
                module.version,
                services.concat()
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    0 store 2.1.0 ServiceEntry { service: "dyn Named", name: Some("store"), scope: Global, priority: 0, decorated_by: [] }
    1 orders 0.0.0 ServiceEntry { service: "dyn Named", name: Some("orders"), scope: Global, priority: 0, decorated_by: [] }
    "#);
    running.stop().await.expect("the application stops");
}

#[tokio::test]
async fn dropping_a_running_application_cuts_its_tasks_off() {
    let journal = Journal::default();
    let alive = Arc::new(());
    let held = Arc::downgrade(&alive);
    let alive = Mutex::new(Some(alive));
    let app = app().module(module("worker", &journal).hook(move |context| {
        let alive = alive.lock().expect("no test panics here").take();
        let mut alive = Some(alive);
        context
            .tasks()
            .spawn("forever", Default::default(), move || {
                let alive = alive.take();
                async move {
                    std::future::pending::<()>().await;
                    drop(alive);
                    Ok(())
                }
            });
    }));
    let running = app.start().await.expect("the application starts");
    assert!(held.upgrade().is_some());
    drop(running);
    while held.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}

/// Calls that were cut off or could not be made count, and every task; what failed by itself does
/// not.
#[test]
fn failures_count_what_was_cut_off() {
    let causes = [
        (0, Cause::Panic("broken".to_owned())),
        (0, Cause::Error(formwork_app::Error::dependency("no disk"))),
        (0, Cause::Interrupted),
        (1, Cause::Deadline(Duration::from_secs(1))),
        (1, Cause::LeftBehind),
        (2, Cause::TasksCutOff(vec!["a".to_owned(), "b".to_owned()])),
    ];
    let mut failures = Failures::default();
    let mut expected = 0;
    for (count, cause) in causes {
        failures.0.push(Failure {
            module: "store".to_owned(),
            phase: Phase::Stop,
            cause,
        });
        expected += count;
        assert_eq!(failures.cut_off(), expected, "{failures}");
    }
}

/// What the grace period of whoever ends the process must cover.
#[test]
fn the_longest_stop_is_the_sum_of_its_parts() {
    let app = set(
        set(app(), "app.drain-delay", "5s"),
        "app.drain-timeout",
        "30s",
    );
    let running = block_on(app.start()).expect("the application starts");
    let config: AppConfig = running.snapshot().get("app").expect("it is its own");
    assert_eq!(config.longest_stop(), Duration::from_secs(5 + 30 + 15 + 1));
}

/// A service that knows how long it is waited for does not start when its stop would not fit; one
/// that does not know starts.
#[test]
fn an_orderly_stop_fits_into_the_grace_period() {
    let with = |settings: &[(&str, &str)]| {
        let settings = settings.iter();
        settings.fold(app(), |app, (path, value)| set(app, path, value))
    };
    let grace = |period| ("app.grace-period", period);
    let longer = ("app.drain-timeout", "14s");
    for fits in [
        &[][..],
        &[longer],
        &[grace("26s")],
        &[grace("30s"), longer],
        &[grace("30s"), ("app.drain-delay", "4s")],
    ] {
        with(fits).check().expect("it fits");
    }
    let error = with(&[grace("30s"), longer, ("app.drain-delay", "1s")]).check();
    insta::assert_snapshot!(error.expect_err("31 s do not fit"), @"
    the configuration has 1 mistake
      set by the program: `app.grace-period` is shorter than an orderly stop may take, 31s: `drain-delay` + `drain-timeout` + `stop-timeout` + 1s; let whoever ends the process wait longer, or lower these
    ");
}

/// A module that holds the sender for as long as its task lives, and one that hangs.
fn hanging(journal: &Journal, held: mpsc::Sender<()>, start: Act, stop: Act) -> App {
    let busy = link("busy", &[], journal).hook(move |context| {
        let held = held.clone();
        let task = move || {
            let held = held.clone();
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok(())
            }
        };
        context.tasks().spawn("forever", Policy::StopProcess, task);
    });
    let needs = match start {
        // Beside it.
        Act::Hang => Vec::new(),
        // Stopped before it.
        _ => vec!["busy".to_owned()],
    };
    let hanging = link("hanging", &needs, journal).start(start).stop(stop);
    app().module(busy).module(hanging)
}

/// Waits until nobody holds the other side.
async fn gone(mut receiver: mpsc::Receiver<()>) {
    let gone = tokio::time::timeout(Duration::from_secs(20), receiver.recv()).await;
    assert_eq!(gone, Ok(None), "something lives on");
}

/// Who gives up waiting for the start leaves nothing behind: neither the tasks of those that had
/// started nor the start that goes on.
#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing_behind() {
    let journal = Journal::default();
    let (held, receiver) = mpsc::channel(1);
    tokio::select! {
        _ = hanging(&journal, held, Act::Hang, Act::Succeed).start() => panic!("it hangs"),
        () = journal.until(|lines| {
            let written = |line: &str| lines.iter().any(|it| it == line);
            written("start hanging") && written("started busy")
        }) => {}
    }
    gone(receiver).await;
}

/// The same for the stop, of which the handles that live on know.
#[tokio::test]
async fn a_stop_that_is_given_up_leaves_nothing_behind() {
    let journal = Journal::default();
    let (held, receiver) = mpsc::channel(1);
    let app = hanging(&journal, held, Act::Succeed, Act::Hang);
    let running = app.start().await.expect("the application starts");
    let (lifecycle, health) = (running.lifecycle().clone(), running.health().clone());
    tokio::select! {
        _ = running.stop() => panic!("it hangs"),
        () = journal.written("stop hanging") => {}
    }
    gone(receiver).await;
    assert_eq!(lifecycle.state(), State::Failed);
    assert!(!health.ready());
}

/// Handles outlive the application; they do not say that it is ready.
#[tokio::test]
async fn a_dropped_application_is_not_ready() {
    let running = app().start().await.expect("the application starts");
    let (lifecycle, health) = (running.lifecycle().clone(), running.health().clone());
    assert!(health.ready());
    drop(running);
    assert_eq!(lifecycle.state(), State::Failed);
    assert!(!health.ready());
}
