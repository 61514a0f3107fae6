//! The contract of `OutboxStore`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use formwork_domain::{Operation, Timestamp};
use formwork_outbox::{Claim, Lease, OutboxStore, Pending, Settlement, Verdict, partition_of};

use super::storage::{claim, event, id, lease_all, operation, outcome, place, tenant};
use super::{PATIENCE, Storage};
use crate::eventually;

/// Checks an outbox: leases and fencing, order, blocked keys, dead letters, replay, retention.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn outbox_store<S: Storage + 'static>(make: impl AsyncFn() -> S) {
    envelopes_come_back_as_recorded(&make().await).await;
    rows_come_in_order(&make().await).await;
    rows_keep_their_tenant(&make().await).await;
    sent_rows_do_not_come_again(&make().await).await;
    a_failed_row_blocks_its_key_only(&make().await).await;
    a_dead_letter_blocks_until_discarded(&make().await).await;
    a_dead_letter_that_does_not_block(&make().await).await;
    a_replayed_dead_letter_comes_first(&make().await).await;
    buried_letters_are_for_their_consumer(&make().await).await;
    partitions_are_shared(&make().await).await;
    a_leaving_worker_frees_its_partitions(&make().await).await;
    an_expired_lease_is_fenced_off(&make().await).await;
    a_released_lease_is_fenced_off(&make().await).await;
    a_renewed_lease_stays(&make().await).await;
    workers_never_share_a_lease(&make().await).await;
    stats_count(&make().await).await;
    retention(&make().await).await;
}

async fn envelopes_come_back_as_recorded(storage: &dyn Storage) {
    let operation = Operation {
        correlation: Some("request-1".to_owned()),
        causation: Some("event-0".to_owned()),
        trace_parent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..operation()
    };
    let recorded = event(1, 7);
    storage
        .record(&operation, vec![recorded.clone()], outcome(1))
        .await
        .expect("record");
    let rows = fetch(storage, &lease_all(storage).await).await;
    let [row] = &rows[..] else {
        panic!("fetch: expected the one row, found {}", rows.len());
    };
    let envelope = &row.envelope;
    assert_eq!(row.attempts, 0, "fetch: a new row has no attempts");
    assert_eq!(row.consumer, None, "fetch: a new row is for everybody");
    assert_eq!(
        row.lease.partition,
        partition_of(&recorded.partition_key, storage.outbox().partitions()),
        "append: the partition is that of the key"
    );
    assert_ne!(envelope.id, recorded.id, "record: stamps the identifier");
    assert_eq!(envelope.time, operation.at, "record: stamps the time");
    assert_eq!(envelope.correlation, operation.correlation);
    assert_eq!(envelope.causation, operation.causation);
    assert_eq!(envelope.trace_parent, operation.trace_parent);
    assert_eq!(
        (&envelope.event, envelope.version, envelope.sequence),
        (&recorded.event, recorded.version, recorded.sequence)
    );
    assert_eq!(
        (&envelope.subject, &envelope.partition_key),
        (&recorded.subject, &recorded.partition_key)
    );
    let (read, written): (serde_json::Value, serde_json::Value) = (
        envelope.read().expect("data is JSON"),
        recorded.read().expect("data is JSON"),
    );
    assert_eq!(read, written, "append: keeps the data");
}

async fn rows_keep_their_tenant(storage: &dyn Storage) {
    let owners = [None, Some(tenant("acme")), Some(tenant("umbrella"))];
    for owner in &owners {
        let operation = Operation {
            tenant: owner.clone(),
            ..operation()
        };
        storage
            .record(&operation, vec![event(1, 1)], outcome(1))
            .await
            .expect("record");
    }
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    let found: Vec<_> = rows.iter().map(|row| row.envelope.tenant.clone()).collect();
    assert_eq!(found, owners, "append: keeps the tenant");
    let answers = rows
        .iter()
        .map(|row| row.envelope.operation("a", 0, operation().at).tenant);
    assert!(
        answers.eq(owners.clone()),
        "an answer to an event is for its tenant"
    );
    // The same identifier in two tenants is two aggregates: they do not wait for one another.
    let bad = Settlement {
        position: rows[1].position,
        lease: rows[1].lease,
        verdict: Verdict::Dead {
            reason: "broken".to_owned(),
            blocks: true,
        },
    };
    storage.outbox().settle(&[bad]).await.expect("settle");
    let rest: Vec<_> = fetch(storage, &leases)
        .await
        .into_iter()
        .map(|row| row.envelope.tenant)
        .collect();
    assert_eq!(
        rest,
        [None, Some(tenant("umbrella"))],
        "order: a dead letter of one tenant blocks no other"
    );
}

async fn rows_come_in_order(storage: &dyn Storage) {
    let store = storage.outbox();
    let events: Vec<_> = (1..=20).flat_map(|n| [(1, n), (2, n), (3, n)]).collect();
    place(storage, &events).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    assert_eq!(rows.len(), events.len(), "fetch: finds every pending row");
    assert!(
        rows.is_sorted_by(|one, other| one.position < other.position),
        "order: fetch returns rows by position"
    );
    for aggregate in 1..=3 {
        let expected: Vec<u64> = (1..=20).collect();
        assert_eq!(
            sequences(&rows, aggregate),
            expected,
            "order: the events of an aggregate come as they were recorded"
        );
    }
    let first = store.fetch(&leases, 7).await.expect("fetch");
    assert_eq!(
        first,
        rows[..7],
        "order: a limited fetch returns the oldest rows"
    );
    let some: Vec<_> = leases
        .iter()
        .copied()
        .filter(|lease| lease.partition == rows[0].lease.partition)
        .collect();
    assert!(
        fetch(storage, &some)
            .await
            .iter()
            .all(|row| row.lease == some[0]),
        "fetch: returns rows of the leased partitions only"
    );
    assert!(
        fetch(storage, &[]).await.is_empty(),
        "fetch: without leases there is nothing"
    );
}

async fn sent_rows_do_not_come_again(storage: &dyn Storage) {
    place(storage, &[(1, 1), (2, 1), (1, 2)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    let lost = settle(storage, &rows[..2], &Verdict::Sent).await;
    assert!(lost.is_empty(), "settle: no lease was lost");
    assert_eq!(
        fetch(storage, &leases).await,
        rows[2..],
        "settle: rows that were sent do not come again, the others do"
    );
}

async fn a_failed_row_blocks_its_key_only(storage: &dyn Storage) {
    place(storage, &[(1, 1), (1, 2), (2, 1)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    let long = Verdict::Retry {
        after: PATIENCE * 9,
    };
    settle(storage, &rows[..1], &long).await;
    let open = fetch(storage, &leases).await;
    assert_eq!(
        (sequences(&open, 1), sequences(&open, 2)),
        (vec![], vec![1]),
        "order: a failed row blocks the later rows of its key, and no other key"
    );

    let soon = Verdict::Retry {
        after: Duration::from_millis(30),
    };
    settle(storage, &rows[..1], &soon).await;
    let mut back = Vec::new();
    eventually("retry: a failed row comes back", PATIENCE, async || {
        back = fetch(storage, &leases).await;
        back.len() == 3
    })
    .await;
    assert_eq!(
        sequences(&back, 1),
        [1, 2],
        "order: a failed row comes first again"
    );
    assert_eq!(back[0].attempts, 2, "retry: every failure counts");
    assert_eq!(
        back[0].envelope, rows[0].envelope,
        "retry: the identifier stays"
    );
}

async fn a_dead_letter_blocks_until_discarded(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1), (1, 2), (2, 1)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows[..1], &died(true)).await;
    let open = fetch(storage, &leases).await;
    assert_eq!(
        (sequences(&open, 1), sequences(&open, 2)),
        (vec![], vec![1]),
        "dead letter: blocks its key, and no other"
    );
    let dead = store.dead(0, 10).await.expect("dead");
    assert_eq!(dead.len(), 1, "dead letter: is listed");
    assert_eq!(dead[0].position, Some(rows[0].position));
    assert_eq!(dead[0].envelope, rows[0].envelope);
    assert_eq!((dead[0].attempts, dead[0].blocks), (1, true));
    assert_eq!(dead[0].reason, "too large");
    assert_eq!(dead[0].consumer, None);
    assert!(store.dead(dead[0].id, 10).await.expect("dead").is_empty());

    assert!(store.discard(dead[0].id).await.expect("discard"));
    assert!(!store.discard(dead[0].id).await.expect("discard"));
    assert!(store.dead(0, 10).await.expect("dead").is_empty());
    assert_eq!(
        sequences(&fetch(storage, &leases).await, 1),
        [2],
        "dead letter: discarding it unblocks the key without it"
    );
}

async fn a_dead_letter_that_does_not_block(storage: &dyn Storage) {
    place(storage, &[(1, 1), (1, 2)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows[..1], &died(false)).await;
    assert_eq!(
        sequences(&fetch(storage, &leases).await, 1),
        [2],
        "dead letter: one that does not block lets its key go on"
    );
}

async fn a_replayed_dead_letter_comes_first(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1), (1, 2)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows[..1], &died(true)).await;
    let dead = store.dead(0, 10).await.expect("dead")[0].id;
    assert!(store.replay(dead).await.expect("replay"));
    assert!(!store.replay(dead).await.expect("replay"));
    let back = fetch(storage, &leases).await;
    assert_eq!(
        sequences(&back, 1),
        [1, 2],
        "order: a replayed row comes before what it blocked"
    );
    assert_eq!(
        back[0].envelope, rows[0].envelope,
        "replay: the identifier stays"
    );
    assert_eq!(back[0].attempts, 0, "replay: starts with fresh attempts");
}

async fn buried_letters_are_for_their_consumer(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1), (1, 2)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows, &Verdict::Sent).await;
    for _ in 0..2 {
        store
            .bury("mailer", &rows[0].envelope, 3, "no address")
            .await
            .expect("bury");
    }
    let dead = store.dead(0, 10).await.expect("dead");
    assert_eq!(dead.len(), 1, "bury: once per consumer and event");
    assert_eq!(dead[0].consumer.as_deref(), Some("mailer"));
    assert_eq!((dead[0].attempts, dead[0].blocks), (3, false));
    assert!(store.replay(dead[0].id).await.expect("replay"));
    let back = fetch(storage, &leases).await;
    assert_eq!(back.len(), 1, "replay: a buried letter is pending");
    assert_eq!(
        back[0].consumer.as_deref(),
        Some("mailer"),
        "replay: a buried letter is for its consumer only"
    );
    assert_eq!(back[0].envelope, rows[0].envelope);
    settle(storage, &back, &Verdict::Sent).await;
    assert!(fetch(storage, &leases).await.is_empty());
}

async fn partitions_are_shared(storage: &dyn Storage) {
    let store = storage.outbox();
    let all = lease_all(storage).await;
    let late = store.claim(&claim("late")).await.expect("claim");
    assert_eq!(late.workers, 2, "claim: counts the live workers");
    assert!(late.leases.is_empty(), "claim: takes nothing from others");

    store.release(&all[..all.len() / 2]).await.expect("release");
    let late = store.claim(&claim("late")).await.expect("claim").leases;
    assert_eq!(late.len(), all.len() / 2, "claim: takes what is free");
    let early = store.claim(&claim("only")).await.expect("claim").leases;
    let partitions = |leases: &[Lease]| -> BTreeSet<u16> {
        leases.iter().map(|lease| lease.partition).collect()
    };
    assert!(
        partitions(&early).is_disjoint(&partitions(&late)),
        "claim: a partition belongs to one worker"
    );
    assert_eq!(early.len() + late.len(), all.len());

    store.release(&late).await.expect("release");
    let third = store.claim(&claim("third")).await.expect("claim").leases;
    assert!(
        third.len() <= all.len().div_ceil(3),
        "claim: takes no more than the share of a worker"
    );
}

async fn a_leaving_worker_frees_its_partitions(storage: &dyn Storage) {
    let store = storage.outbox();
    let before = lease_all(storage).await;
    store.leave("only").await.expect("leave");
    let next = store.claim(&claim("next")).await.expect("claim");
    assert_eq!(next.workers, 1, "leave: the worker no longer counts");
    assert_eq!(next.leases.len(), before.len(), "leave: frees everything");
    assert_epochs_rose(&before, &next.leases);
}

async fn an_expired_lease_is_fenced_off(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1)]).await;
    let short = Claim {
        worker: "slow".to_owned(),
        lease: Duration::from_millis(200),
    };
    let old = store.claim(&short).await.expect("claim").leases;
    let rows = fetch(storage, &old).await;
    let mut new = Vec::new();
    eventually("lease: an expired one can be taken", PATIENCE, async || {
        new = store.claim(&claim("fast")).await.expect("claim").leases;
        new.len() == old.len()
    })
    .await;
    fenced(storage, &rows, &old, &new).await;
}

async fn a_released_lease_is_fenced_off(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1)]).await;
    let old = lease_all(storage).await;
    let rows = fetch(storage, &old).await;
    store.release(&old).await.expect("release");
    assert!(
        fetch(storage, &old).await.is_empty(),
        "fencing: a released lease fetches nothing"
    );
    // The same worker gets them back, under a new epoch.
    let new = lease_all(storage).await;
    fenced(storage, &rows, &old, &new).await;
}

/// What was fetched under `old` leases counts for nothing now that `new` ones are out.
async fn fenced(storage: &dyn Storage, rows: &[Pending], old: &[Lease], new: &[Lease]) {
    assert_epochs_rose(old, new);
    assert!(
        fetch(storage, old).await.is_empty(),
        "fencing: an old lease fetches nothing"
    );
    for verdict in [
        Verdict::Sent,
        died(true),
        Verdict::Retry { after: PATIENCE },
    ] {
        let lost = settle(storage, rows, &verdict).await;
        assert_eq!(
            lost,
            [rows[0].lease],
            "fencing: settle names the lost lease"
        );
    }
    storage.outbox().release(old).await.expect("release");
    let again = fetch(storage, new).await;
    assert_eq!(
        again.len(),
        rows.len(),
        "fencing: what an old lease settled or released changed nothing"
    );
    assert_eq!(
        again[0].attempts, rows[0].attempts,
        "fencing: attempts unchanged"
    );
    let lost = settle(storage, &again, &Verdict::Sent).await;
    assert!(lost.is_empty(), "fencing: the new lease settles");
    assert!(fetch(storage, new).await.is_empty());
}

async fn a_renewed_lease_stays(storage: &dyn Storage) {
    let store = storage.outbox();
    let first = lease_all(storage).await;
    let second = lease_all(storage).await;
    assert_eq!(first, second, "claim: renewing keeps the epochs");
    let short = Claim {
        worker: "only".to_owned(),
        lease: Duration::from_millis(400),
    };
    for _ in 0..20 {
        let renewed = store.claim(&short).await.expect("claim").leases;
        assert_eq!(renewed, first, "claim: renewing keeps the epochs");
        let other = store.claim(&claim("other")).await.expect("claim");
        assert!(
            other.leases.is_empty(),
            "claim: a renewed lease is not taken"
        );
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn workers_never_share_a_lease(storage: &dyn Storage) {
    let store = storage.outbox();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let store: Arc<dyn OutboxStore> = Arc::clone(&store);
        workers.spawn(async move {
            let worker = format!("worker-{worker}");
            let mut seen = BTreeSet::new();
            for round in 0..8 {
                let claimed = store.claim(&claim(&worker)).await.expect("claim");
                seen.extend(claimed.leases.iter().copied());
                let keep = if round % 2 == 0 { 0 } else { 3 };
                let surplus = &claimed.leases[keep.min(claimed.leases.len())..];
                store.release(surplus).await.expect("release");
                tokio::task::yield_now().await;
            }
            (worker, seen)
        });
    }
    let mut owners: BTreeMap<Lease, String> = BTreeMap::new();
    while let Some(joined) = workers.join_next().await {
        let (worker, seen) = joined.expect("the worker does not panic");
        for lease in seen {
            if let Some(other) = owners.insert(lease, worker.clone()) {
                panic!("fencing: {other} and {worker} both held {lease:?}");
            }
        }
    }
}

async fn stats_count(storage: &dyn Storage) {
    let store = storage.outbox();
    let empty = store.stats().await.expect("stats");
    assert_eq!((empty.pending, empty.oldest, empty.dead), (0, None, 0));
    place(storage, &[(1, 1), (2, 1), (3, 1)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows[..1], &Verdict::Sent).await;
    settle(storage, &rows[1..2], &died(true)).await;
    eventually("stats: the oldest row ages", PATIENCE, async || {
        let stats = store.stats().await.expect("stats");
        assert_eq!((stats.pending, stats.dead), (1, 1), "stats: counts rows");
        stats
            .oldest
            .is_some_and(|age| age > Duration::from_millis(20) && age < PATIENCE)
    })
    .await;
}

async fn retention(storage: &dyn Storage) {
    let store = storage.outbox();
    place(storage, &[(1, 1), (1, 2), (1, 3)]).await;
    let leases = lease_all(storage).await;
    let rows = fetch(storage, &leases).await;
    settle(storage, &rows[..2], &Verdict::Sent).await;
    let kept = store.purge(PATIENCE * 6).await.expect("purge");
    assert_eq!(kept, 0, "retention: what was sent just now stays");
    let resent = store
        .resend(Timestamp::from_micros(0))
        .await
        .expect("resend");
    assert_eq!(resent, 2, "resend: what was sent is pending again");
    let again = fetch(storage, &leases).await;
    assert_eq!(
        again, rows,
        "resend: at the old place, with the old identifier"
    );

    settle(storage, &rows[..2], &Verdict::Sent).await;
    let mut purged = 0;
    eventually(
        "retention: what was sent long ago goes",
        PATIENCE,
        async || {
            purged += store.purge(Duration::from_millis(5)).await.expect("purge");
            purged >= 2
        },
    )
    .await;
    assert_eq!(purged, 2, "retention: only what was sent goes");
    let resent = store
        .resend(Timestamp::from_micros(0))
        .await
        .expect("resend");
    assert_eq!(resent, 0, "retention: what is purged is gone");
    assert_eq!(sequences(&fetch(storage, &leases).await, 1), [3]);
}

async fn fetch(storage: &dyn Storage, leases: &[Lease]) -> Vec<Pending> {
    storage.outbox().fetch(leases, 1_000).await.expect("fetch")
}

async fn settle(storage: &dyn Storage, rows: &[Pending], verdict: &Verdict) -> Vec<Lease> {
    let settlements: Vec<_> = rows
        .iter()
        .map(|row| Settlement {
            position: row.position,
            lease: row.lease,
            verdict: verdict.clone(),
        })
        .collect();
    storage.outbox().settle(&settlements).await.expect("settle")
}

fn died(blocks: bool) -> Verdict {
    Verdict::Dead {
        reason: "too large".to_owned(),
        blocks,
    }
}

fn sequences(rows: &[Pending], aggregate: u8) -> Vec<u64> {
    let subject = formwork_domain::Id::<()>::from_bytes(id(aggregate)).to_string();
    rows.iter()
        .filter(|row| row.envelope.subject == subject)
        .map(|row| row.envelope.sequence)
        .collect()
}

fn assert_epochs_rose(old: &[Lease], new: &[Lease]) {
    let new: BTreeMap<u16, u64> = new
        .iter()
        .map(|lease| (lease.partition, lease.epoch))
        .collect();
    for lease in old {
        assert!(
            new.get(&lease.partition) > Some(&lease.epoch),
            "fencing: the epoch of partition {} rises when it changes hands",
            lease.partition
        );
    }
}
