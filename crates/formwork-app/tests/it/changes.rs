//! Followers of health: one change per flip, in order, at the follower's expense only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::{Change, Changes, HealthCheck, Running, Status};
use tokio::sync::watch;

use crate::support::{Journal, app, module};

/// An application with one required component that fails while the test says why, and who follows
/// it from the start.
async fn followed(answer: &watch::Sender<Option<&'static str>>) -> (Running, Changes) {
    let journal = Journal::default();
    let changes = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&changes);
    let answer = answer.subscribe();
    let module = module("store", &journal)
        .wire(move |wiring| {
            let answer = answer.clone();
            let probe = move || std::future::ready(answer.borrow().map_or(Ok(()), Err));
            wiring.health_check(HealthCheck::required("store", probe))
        })
        .hook(move |context| {
            *slot.lock().expect("no test panics here") = Some(context.health().changes());
        });
    let running = app().module(module).start().await.expect("it starts");
    let changes = changes.lock().expect("no test panics here").take();
    (running, changes.expect("the hook was called"))
}

async fn next(changes: &mut Changes) -> Arc<Change> {
    let next = tokio::time::timeout(Duration::from_secs(600), changes.next());
    next.await.expect("in time").expect("the application lives")
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn every_flip_is_told_once_from_the_first_result_on() {
    let answer = watch::Sender::new(None);
    let (running, mut changes) = followed(&answer).await;
    let first = next(&mut changes).await;
    assert_eq!((first.from, first.to), (Status::Unknown, Status::Healthy));
    assert_eq!((&*first.component, first.required), ("store", true));

    answer.send_replace(Some("connection refused"));
    let second = next(&mut changes).await;
    assert_eq!(
        (second.from, second.to),
        (Status::Healthy, Status::Unhealthy)
    );
    assert_eq!(second.message.as_deref(), Some("connection refused"));
    let report = running.health().report();
    let component = report.component("store").expect("it is registered");
    assert_eq!(
        (component.status, component.since),
        (Status::Unhealthy, second.since),
        "the report knows what is told"
    );

    answer.send_replace(None);
    let third = next(&mut changes).await;
    assert_eq!((third.from, third.to), (Status::Unhealthy, Status::Healthy));
    let more = tokio::time::timeout(Duration::from_secs(60), changes.next()).await;
    assert!(more.is_err(), "what does not change is not told: {more:?}");
    assert_eq!(changes.missed(), 0);

    let json = serde_json::to_value(&*second).expect("it is plain data");
    assert_eq!(
        json,
        serde_json::json!({
            "component": "store",
            "required": true,
            "from": "healthy",
            "to": "unhealthy",
            "since": second.since.to_string(),
            "message": "connection refused",
        })
    );
    running.stop().await.expect("the application stops");
    assert_eq!(
        changes.next().await,
        None,
        "there is nothing left to follow"
    );
}

/// The follower sleeps; checks go on, and it learns how much it has missed.
#[tokio::test(start_paused = true)]
async fn a_slow_follower_misses_the_oldest_and_delays_nobody() {
    let answer = watch::Sender::new(None);
    let (running, mut slow) = followed(&answer).await;
    let mut quick = running.health().changes();
    let flips = 300;
    let mut last = next(&mut quick).await;
    for flip in 1..flips {
        answer.send_replace((flip % 2 == 1).then_some("down"));
        last = next(&mut quick).await;
    }
    assert_eq!(quick.missed(), 0);

    let mut seen = vec![next(&mut slow).await];
    assert_eq!(slow.missed(), flips - 256);
    while seen.last() != Some(&last) {
        seen.push(next(&mut slow).await);
    }
    assert_eq!(seen.len(), 256);
    assert!(seen.is_sorted_by(|one, two| one.to == two.from));
}
