//! The outbox on the real server.

use std::time::Duration;

use formwork_domain::Timestamp;
use formwork_outbox::{Claim, Lease, OutboxStore, Pending, Settlement, Verdict};
use formwork_postgres::PostgresStore;

use crate::support::{Schema, commit, event, operation, run, server, store};

fn claim(worker: &str, lease: Duration) -> Claim {
    Claim {
        worker: worker.into(),
        lease,
    }
}

const LONG: Duration = Duration::from_secs(60);

async fn leases(store: &PostgresStore, worker: &str) -> Vec<Lease> {
    store
        .claim(&claim(worker, LONG))
        .await
        .expect("a claim")
        .leases
}

fn settle(rows: &[Pending], verdict: Verdict) -> Vec<Settlement> {
    rows.iter()
        .map(|row| Settlement {
            position: row.position,
            lease: row.lease,
            verdict: verdict.clone(),
        })
        .collect()
}

/// What the sequence numbers of pending rows are, in the order they are fetched.
async fn sequences(store: &PostgresStore, leases: &[Lease]) -> Vec<u64> {
    let rows = store.fetch(leases, 100).await.expect("rows");
    rows.iter().map(|row| row.envelope.sequence).collect()
}

/// A transaction that draws its position first and commits last is not skipped.
///
/// Shows a part of: S-30.
#[tokio::test]
async fn what_commits_late_is_still_found() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    let held = leases(&store, "w1").await;

    let mut late = database.begin().await.expect("a transaction");
    let json = {
        let mut event = event(1, 1);
        event.stamp("shop", [5; 16], &operation());
        event.to_json()
    };
    let insert = "INSERT INTO formwork_outbox (partition, key, envelope) VALUES (0, 'k', $1)";
    late.execute(insert, &[&json]).await.expect("a row");
    commit(&database, &operation(), vec![event(2, 2)])
        .await
        .expect("committed");

    let early = store.fetch(&held, 100).await.expect("rows");
    assert_eq!(early.len(), 1);
    store
        .settle(&settle(&early, Verdict::Sent))
        .await
        .expect("settled");
    late.commit().await.expect("committed");
    let rest = store.fetch(&held, 100).await.expect("rows");
    assert_eq!(rest.len(), 1);
    assert!(rest[0].position < early[0].position, "it was drawn before");
    schema.drop().await;
}

/// Shows a part of: S-30.
#[tokio::test]
async fn an_overtaken_worker_settles_nothing() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    commit(&database, &operation(), vec![event(1, 1)])
        .await
        .expect("committed");

    let first = store
        .claim(&claim("w1", Duration::ZERO))
        .await
        .expect("a claim");
    assert_eq!(first.leases.len(), 32);
    let rows = store.fetch(&first.leases, 10).await.expect("rows");
    let second = leases(&store, "w2").await;
    assert!(second.iter().all(|lease| lease.epoch == 2), "{second:?}");

    assert_eq!(store.fetch(&first.leases, 10).await.expect("rows"), []);
    let lost = store
        .settle(&settle(&rows, Verdict::Sent))
        .await
        .expect("settled");
    assert_eq!(lost, [rows[0].lease]);
    assert_eq!(sequences(&store, &second).await, [1]);
    schema.drop().await;
}

/// Shows a part of: S-30.
#[tokio::test]
async fn partitions_are_shared_by_the_live_workers() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    let claims = ["w1", "w2", "w3"].map(|worker| claim(worker, LONG));
    let all = futures_util::future::join_all(claims.iter().map(|claim| store.claim(claim))).await;
    let mut partitions: Vec<u16> = all
        .iter()
        .flat_map(|claimed| &claimed.as_ref().expect("a claim").leases)
        .map(|lease| lease.partition)
        .collect();
    partitions.sort_unstable();
    let expected: Vec<u16> = (0..32).collect();
    assert_eq!(partitions, expected, "each exactly once");

    store.leave("w1").await.expect("left");
    store.leave("w2").await.expect("left");
    let claimed = store.claim(&claims[2]).await.expect("a claim");
    assert_eq!((claimed.leases.len(), claimed.workers), (32, 1));
    schema.drop().await;
}

#[tokio::test]
async fn a_worker_without_partitions_still_learns_how_many_work() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let store = store(&schema.migrated().await);
    assert_eq!(leases(&store, "w1").await.len(), 32);
    let second = store.claim(&claim("w2", LONG)).await.expect("a claim");
    assert_eq!((second.leases.len(), second.workers), (0, 2));
    schema.drop().await;
}

#[tokio::test]
async fn a_waiting_row_blocks_its_key_only() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    let held = leases(&store, "w1").await;
    let events = vec![event(1, 1), event(2, 2), event(1, 3)];
    commit(&database, &operation(), events)
        .await
        .expect("committed");
    let rows = store.fetch(&held, 1).await.expect("rows");

    let wait = |after| settle(&rows, Verdict::Retry { after });
    store.settle(&wait(LONG)).await.expect("settled");
    assert_eq!(sequences(&store, &held).await, [2]);
    store.settle(&wait(Duration::ZERO)).await.expect("settled");
    assert_eq!(sequences(&store, &held).await, [1, 2, 3]);
    let attempts = store.fetch(&held, 1).await.expect("rows")[0].attempts;
    assert_eq!(attempts, 2);
    schema.drop().await;
}

#[tokio::test]
async fn a_dead_letter_blocks_until_it_is_replayed_or_discarded() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    let held = leases(&store, "w1").await;
    commit(&database, &operation(), vec![event(1, 1), event(1, 2)])
        .await
        .expect("committed");
    let kill = async || {
        let rows = store.fetch(&held, 1).await.expect("rows");
        let verdict = Verdict::Dead {
            reason: "too large".into(),
            blocks: true,
        };
        store
            .settle(&settle(&rows, verdict))
            .await
            .expect("settled");
        store.dead(0, 10).await.expect("dead letters").remove(0)
    };
    let dead = kill().await;
    assert_eq!((dead.attempts, dead.reason.as_str()), (1, "too large"));
    assert_eq!(sequences(&store, &held).await, [0; 0]);
    assert!(store.replay(dead.id).await.expect("an answer"));
    assert_eq!(sequences(&store, &held).await, [1, 2]);
    let dead = kill().await;
    assert!(store.discard(dead.id).await.expect("an answer"));
    assert!(!store.discard(dead.id).await.expect("an answer"));
    assert_eq!(sequences(&store, &held).await, [2]);
    schema.drop().await;
}

#[tokio::test]
async fn a_buried_event_is_replayed_to_its_consumer() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let store = store(&schema.migrated().await);
    let mut buried = event(1, 1);
    buried.stamp("shop", [5; 16], &operation());
    for _ in 0..2 {
        store
            .bury("mail", &buried, 3, "no address")
            .await
            .expect("buried");
    }
    let dead = store.dead(0, 10).await.expect("dead letters");
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].position, dead[0].attempts), (None, 3));
    assert_eq!(dead[0].envelope, buried);
    assert!(store.replay(dead[0].id).await.expect("an answer"));
    let held = leases(&store, "w1").await;
    let rows = store.fetch(&held, 10).await.expect("rows");
    assert_eq!(rows[0].consumer.as_deref(), Some("mail"));
    assert_eq!(rows[0].envelope, buried);
    schema.drop().await;
}

#[tokio::test]
async fn sent_rows_can_be_sent_again_until_they_are_dropped() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let store = store(&database);
    let held = leases(&store, "w1").await;
    commit(&database, &operation(), vec![event(1, 1), event(1, 2)])
        .await
        .expect("committed");
    let stats = store.stats().await.expect("stats");
    assert_eq!((stats.pending, stats.oldest.is_some()), (2, true));
    let rows = store.fetch(&held, 10).await.expect("rows");
    let sent = settle(&rows, Verdict::Sent);
    store.settle(&sent).await.expect("settled");
    assert_eq!(store.stats().await.expect("stats").pending, 0);

    assert_eq!(store.purge(LONG).await.expect("purged"), 0);
    assert_eq!(
        store
            .resend(Timestamp::from_micros(0))
            .await
            .expect("resent"),
        2
    );
    assert_eq!(sequences(&store, &held).await, [1, 2]);
    store.settle(&sent).await.expect("settled");
    assert_eq!(store.purge(Duration::ZERO).await.expect("purged"), 2);
    assert_eq!(
        store
            .resend(Timestamp::from_micros(0))
            .await
            .expect("resent"),
        0
    );
    schema.drop().await;
}

/// Rows of past days go with their partition.
#[tokio::test]
async fn whole_days_are_dropped() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let store = store(&schema.migrated().await);
    let old = "CREATE TABLE formwork_outbox_sent_20200101 PARTITION OF formwork_outbox_sent \
         FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00'); \
         INSERT INTO formwork_outbox_sent SELECT n, 0, 'k', '{}', NULL, now(), '2020-01-01 12:00:00+00' \
         FROM generate_series(1, 7) AS n";
    run(&schema.url, old).await;
    assert_eq!(
        store
            .purge(Duration::from_secs(86_400))
            .await
            .expect("purged"),
        7
    );
    // The days to come have their partitions, and making them again is no mistake.
    let days =
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'formwork_outbox_sent'::regclass";
    assert_eq!(store.purge(LONG).await.expect("purged"), 0);
    let database = schema.database(&schema.config());
    let count: i64 = database.reader().query(days, &[]).await.expect("rows")[0].get(0);
    assert_eq!(count, 3);
    schema.drop().await;
}
