//! Hints between processes.

use std::sync::Arc;
use std::time::Duration;

use formwork_outbox::{Hints, Notifier};
use formwork_postgres::{Database, ListenNotifier};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{Schema, commit, event, operation, run, server};

const PATIENCE: Duration = Duration::from_secs(5);

/// A notifier with its session, as a process of its own would have it.
async fn process(database: &Database) -> (Arc<ListenNotifier>, Hints, JoinHandle<()>) {
    let notifier = Arc::new(ListenNotifier::new());
    notifier.attach(database);
    let mut hints = notifier.subscribe();
    let running = notifier.clone();
    let session = tokio::spawn(async move {
        running.run().await.ok();
    });
    woken(&mut hints, "a new session begins with a hint").await;
    (notifier, hints, session)
}

async fn woken(hints: &mut Hints, what: &str) {
    assert!(timeout(PATIENCE, hints.next()).await.is_ok(), "{what}");
}

/// Shows a part of: S-31.
#[tokio::test]
async fn a_commit_in_one_process_wakes_another() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let (here, _, _) = process(&database).await;
    let (_, mut there, _) = process(&database).await;
    database.notify(here);
    for sequence in 1..=3 {
        commit(&database, &operation(), vec![event(1, sequence)])
            .await
            .expect("committed");
        woken(&mut there, "the other process is woken").await;
    }
    schema.drop().await;
}

/// Shows a part of: S-31.
#[tokio::test]
async fn a_lost_session_is_noticed_and_its_successor_begins_with_a_hint() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let (notifier, mut hints, session) = process(&database).await;
    let name = schema.name();
    run(
        &server,
        &format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE query = 'LISTEN \"formwork_outbox_{name}\"'"
        ),
    )
    .await;
    timeout(PATIENCE, session)
        .await
        .expect("in time")
        .expect("no panic");
    let running = notifier.clone();
    let session = tokio::spawn(async move { running.run().await });
    woken(&mut hints, "a new session begins with a hint").await;
    session.abort();
    schema.drop().await;
}

#[tokio::test]
async fn schemas_do_not_wake_each_other() {
    let Some(server) = server() else { return };
    let (one, other) = (Schema::create(&server).await, Schema::create(&server).await);
    let (here, mut own, _) = process(&one.migrated().await).await;
    let (_, mut there, _) = process(&other.migrated().await).await;
    here.notify();
    woken(&mut own, "in process").await;
    assert!(
        timeout(Duration::from_millis(50), there.next())
            .await
            .is_err()
    );
    one.drop().await;
    other.drop().await;
}
