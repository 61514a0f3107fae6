//! From the first signal to the exit code.

use std::process::ExitCode;
use std::time::Duration;

use formwork_app::{App, Policy, Signals, State};
use tokio::time::Instant;

use crate::support::{Act, Journal, app, link, module, set};

/// Exit codes do not compare, but they print.
#[track_caller]
fn assert_code(code: ExitCode, expected: ExitCode) {
    assert_eq!(format!("{code:?}"), format!("{expected:?}"));
}

/// Runs the application with its signals in the hands of the test.
fn run(
    app: App,
) -> (
    tokio::sync::mpsc::UnboundedSender<&'static str>,
    tokio::task::JoinHandle<ExitCode>,
) {
    let (sender, signals) = Signals::channel();
    (sender, tokio::spawn(app.run_with(signals)))
}

async fn until(journal: &Journal, line: &str) {
    while !journal.lines().iter().any(|other| other == line) {
        tokio::task::yield_now().await;
    }
}

/// Not ready for the delay while still at work, then drained, then stopped.
#[tokio::test(start_paused = true)]
async fn a_signal_drains_and_stops_in_order() {
    let journal = Journal::default();
    let writer = journal.clone();
    let app = set(app(), "app.drain-delay", "5s")
        .module(link("store", &[], &journal))
        .module(
            link("http", &["store".to_owned()], &journal).hook(move |context| {
                let lifecycle = context.lifecycle().clone();
                let health = context.health().clone();
                let writer = writer.clone();
                let shutdown = context.shutdown();
                context.tasks().spawn("watch", Policy::Once, move || {
                    let (lifecycle, health) = (lifecycle.clone(), health.clone());
                    let (writer, shutdown) = (writer.clone(), shutdown.clone());
                    async move {
                        lifecycle.reached(State::Draining).await;
                        let begun = Instant::now();
                        assert!(!health.ready());
                        shutdown.cancelled().await;
                        writer.write(format!("waited {:?}", begun.elapsed()));
                        Ok(())
                    }
                });
            }),
        );
    let (signals, code) = run(app);
    until(&journal, "started http").await;
    signals.send("SIGTERM").expect("the application listens");
    assert_code(code.await.expect("it does not panic"), ExitCode::SUCCESS);
    assert_eq!(journal.of("waited"), ["5s"]);
    assert_eq!(journal.of("drain"), ["http", "store"]);
    assert_eq!(journal.of("stop"), ["http", "store"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_off_shows_in_the_exit_code() {
    let journal = Journal::default();
    let (signals, code) = run(app().module(module("a", &journal).drain(Act::Hang)));
    until(&journal, "started a").await;
    signals.send("SIGINT").expect("the application listens");
    assert_code(code.await.expect("it does not panic"), ExitCode::FAILURE);
    assert_eq!(journal.of("stop"), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_it_at_once() {
    let journal = Journal::default();
    let app = set(app(), "app.drain-timeout", "1h").module(module("a", &journal).drain(Act::Hang));
    let (signals, code) = run(app);
    until(&journal, "started a").await;
    let begun = Instant::now();
    signals.send("SIGTERM").expect("the application listens");
    until(&journal, "drain a").await;
    signals.send("SIGTERM").expect("the application listens");
    assert_code(code.await.expect("it does not panic"), ExitCode::FAILURE);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(journal.of("stop").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_signal_while_starting_stops_what_had_started() {
    let journal = Journal::default();
    let app = app()
        .module(link("store", &[], &journal))
        .module(link("http", &["store".to_owned()], &journal).start(Act::Hang))
        .module(link("late", &["http".to_owned()], &journal));
    let (signals, code) = run(app);
    until(&journal, "start http").await;
    let begun = Instant::now();
    signals.send("SIGTERM").expect("the application listens");
    assert_code(code.await.expect("it does not panic"), ExitCode::SUCCESS);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(journal.of("stop"), ["store"]);
    assert!(!journal.of("start").contains(&"late".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_task_stops_the_process_with_failure() {
    let journal = Journal::default();
    let module = module("worker", &journal).hook(|context| {
        context
            .tasks()
            .spawn("loop", Policy::StopProcess, || async { Ok(()) });
    });
    let (_signals, code) = run(app().module(module));
    assert_code(code.await.expect("it does not panic"), ExitCode::FAILURE);
    assert_eq!(journal.of("stop"), ["worker"]);
}

#[tokio::test]
async fn what_cannot_start_fails() {
    let journal = Journal::default();
    for app in [
        app().module(module("a", &journal).declare(|it| it.needs::<u8>())),
        app().module(module("a", &journal).start(Act::Fail)),
        set(app(), "app.workers", "many"),
    ] {
        let (_signals, code) = run(app);
        assert_code(code.await.expect("it does not panic"), ExitCode::FAILURE);
    }
}
