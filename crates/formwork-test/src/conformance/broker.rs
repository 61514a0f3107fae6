//! The contract of `Broker`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use formwork_domain::{Id, Identifiers};
use formwork_outbox::{Broker, Envelope, Incoming, Incomings, Message, PublishError, Subscription};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::storage::{event, operation};
use crate::CountingIdentifiers;

/// Checks a broker: nothing lost, order per key, acknowledgement, redelivery, dead letters.
///
/// Every subject is fresh and empty. Deliveries that are dropped unsettled must come again within
/// seconds: configure a short acknowledgement wait.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn broker(make: impl AsyncFn() -> Arc<dyn Broker>) {
    every_consumer_gets_everything_in_order(make().await).await;
    consumers_get_what_they_want(make().await).await;
    envelopes_arrive_as_published(make().await).await;
    acknowledged_deliveries_do_not_come_again(make().await).await;
    retried_deliveries_come_again(make().await).await;
    dropped_deliveries_come_again(make().await).await;
    dead_letters_do_not_come_again(make().await).await;
    a_name_shares_the_work(make().await).await;
    a_durable_consumer_misses_nothing(make().await).await;
}

async fn every_consumer_gets_everything_in_order(broker: Arc<dyn Broker>) {
    let mut one = subscribe(&broker, "one", &["*"]).await;
    let mut other = subscribe(&broker, "other", &["order.placed"]).await;
    let events = events(3, 20);
    let publishing = publish(&broker, &events);
    let (one, other, ()) = tokio::join!(
        ack(&mut one, events.len()),
        ack(&mut other, events.len()),
        publishing
    );
    for received in [one, other] {
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        for envelope in received {
            let previous = last.insert(envelope.partition_key.clone(), envelope.sequence);
            assert!(
                previous < Some(envelope.sequence),
                "order: the events of a key arrive as they were published"
            );
        }
    }
}

async fn consumers_get_what_they_want(broker: Arc<dyn Broker>) {
    let mut exact = subscribe(&broker, "exact", &["order.placed"]).await;
    let mut prefix = subscribe(&broker, "prefix", &["payment.*"]).await;
    let named = |name: &str, mut envelope: Envelope| {
        envelope.event = name.to_owned();
        envelope
    };
    let [first, second, third] = &events(1, 3)[..] else {
        panic!("three events")
    };
    let events = vec![
        named("order.shipped", first.clone()),
        named("payment.taken", second.clone()),
        named("order.placed", third.clone()),
    ];
    let publishing = publish(&broker, &events);
    let (exact, prefix, ()) = tokio::join!(ack(&mut exact, 1), ack(&mut prefix, 1), publishing);
    assert_eq!(exact[0].event, "order.placed", "subjects: an exact name");
    assert_eq!(prefix[0].event, "payment.taken", "subjects: a prefix");
}

async fn envelopes_arrive_as_published(broker: Arc<dyn Broker>) {
    let mut incomings = subscribe(&broker, "reader", &["*"]).await;
    let mut sent = events(1, 1);
    sent[0].correlation = Some("request-1".to_owned());
    sent[0].trace_parent =
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let (received, ()) = tokio::join!(ack(&mut incomings, 1), publish(&broker, &sent));
    assert_eq!(received, sent, "publish: the event arrives as it was");
}

async fn acknowledged_deliveries_do_not_come_again(broker: Arc<dyn Broker>) {
    let mut incomings = subscribe(&broker, "once", &["*"]).await;
    let events = events(1, 2);
    let publishing = publish(&broker, &events);
    let (received, ()) = tokio::join!(ack(&mut incomings, 2), publishing);
    assert_eq!(received, events);
    assert_silent(
        &mut incomings,
        "ack: what was acknowledged does not come again",
    )
    .await;
}

async fn retried_deliveries_come_again(broker: Arc<dyn Broker>) {
    let mut incomings = subscribe(&broker, "retrying", &["*"]).await;
    let events = events(1, 1);
    let publishing = publish(&broker, &events);
    let receiving = async {
        let first = next(&mut incomings).await;
        assert_eq!(
            first.attempt, 1,
            "retry: the first delivery is the first attempt"
        );
        first
            .settle
            .retry(Duration::from_millis(20))
            .await
            .expect("retry");
        let second = next(&mut incomings).await;
        assert_eq!(
            second.envelope, first.envelope,
            "retry: the same event comes again"
        );
        second.settle.ack().await.expect("ack");
    };
    tokio::join!(receiving, publishing);
}

async fn dropped_deliveries_come_again(broker: Arc<dyn Broker>) {
    let mut incomings = subscribe(&broker, "dropping", &["*"]).await;
    let events = events(1, 1);
    let publishing = publish(&broker, &events);
    let receiving = async {
        let first = next(&mut incomings).await.envelope;
        let second = next(&mut incomings).await;
        assert_eq!(
            second.envelope, first,
            "drop: an unsettled delivery comes again"
        );
        second.settle.ack().await.expect("ack");
    };
    tokio::join!(receiving, publishing);
}

async fn dead_letters_do_not_come_again(broker: Arc<dyn Broker>) {
    let mut poisoned = subscribe(&broker, "poisoned", &["*"]).await;
    let mut healthy = subscribe(&broker, "healthy", &["*"]).await;
    let events = events(1, 3);
    let publishing = publish(&broker, &events);
    let receiving = async {
        let first = next(&mut poisoned).await;
        assert_eq!(first.envelope, events[0]);
        first
            .settle
            .dead_letter(1, "cannot read it".to_owned())
            .await
            .expect("dead letter");
        let rest = ack(&mut poisoned, 2).await;
        assert_eq!(
            rest,
            events[1..],
            "dead letter: it is not delivered again, the rest is"
        );
    };
    let ((), all, ()) = tokio::join!(receiving, ack(&mut healthy, 3), publishing);
    assert_eq!(
        all, events,
        "dead letter: of one consumer, not of the others"
    );
}

async fn a_name_shares_the_work(broker: Arc<dyn Broker>) {
    let mut one = subscribe(&broker, "team", &["*"]).await;
    let mut other = subscribe(&broker, "team", &["*"]).await;
    let events = events(8, 2);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let receiving = async {
        for _ in 0..events.len() {
            let incoming = tokio::select! {
                incoming = next(&mut one) => incoming,
                incoming = next(&mut other) => incoming,
            };
            assert!(
                seen.insert(incoming.envelope.id.clone()),
                "sharing: one of those with the same name gets a message"
            );
            incoming.settle.ack().await.expect("ack");
        }
    };
    tokio::join!(receiving, publish(&broker, &events));
}

async fn a_durable_consumer_misses_nothing(broker: Arc<dyn Broker>) {
    let events = events(1, 4);
    let mut incomings = subscribe(&broker, "durable", &["*"]).await;
    let (received, ()) = tokio::join!(ack(&mut incomings, 2), publish(&broker, &events[..2]));
    assert_eq!(received, events[..2]);
    drop(incomings);

    let later = async {
        // Given time to be published while nobody listens.
        sleep(Duration::from_millis(100)).await;
        let mut incomings = subscribe(&broker, "durable", &["*"]).await;
        ack(&mut incomings, 2).await
    };
    let (received, ()) = tokio::join!(later, publish(&broker, &events[2..]));
    assert_eq!(
        received,
        events[2..],
        "durable: what was published meanwhile is delivered"
    );
}

/// Stamped events of some aggregates, in turns.
fn events(aggregates: u8, each: u64) -> Vec<Envelope> {
    let identifiers = CountingIdentifiers::new();
    let mut events = Vec::new();
    for sequence in 1..=each {
        for aggregate in 1..=aggregates {
            let mut envelope = event(aggregate, sequence);
            envelope.stamp("shop", identifiers.next(), &operation());
            assert_ne!(envelope.id, Id::<()>::from_bytes([0; 16]).to_string());
            events.push(envelope);
        }
    }
    events
}

async fn subscribe(broker: &Arc<dyn Broker>, name: &str, subjects: &[&str]) -> Box<dyn Incomings> {
    let subscription = Subscription {
        consumer: name.to_owned(),
        subjects: subjects
            .iter()
            .map(|subject| (*subject).to_owned())
            .collect(),
        limit: 64,
    };
    broker.subscribe(&subscription).await.expect("subscribe")
}

/// Publishes as the relay does: until everything was taken, in order per key.
async fn publish(broker: &Arc<dyn Broker>, events: &[Envelope]) {
    let publishing = async {
        let mut attempts = BTreeMap::new();
        let mut rest: Vec<Envelope> = events.to_vec();
        while !rest.is_empty() {
            let mut keys = BTreeSet::new();
            let (wave, later): (Vec<_>, Vec<_>) = rest.into_iter().partition(|envelope| {
                broker.publishes_in_order() || keys.insert(envelope.partition_key.clone())
            });
            let messages: Vec<_> = wave
                .iter()
                .map(|envelope| message(envelope, &attempts))
                .collect();
            let results = broker.publish(&messages).await;
            assert_eq!(
                results.len(),
                messages.len(),
                "publish: answers for every message"
            );
            rest = Vec::new();
            let mut pause = Duration::ZERO;
            let mut failed = BTreeSet::new();
            for (envelope, result) in wave.into_iter().zip(results) {
                let key = envelope.partition_key.clone();
                match result {
                    Ok(()) => {
                        assert!(
                            !failed.contains(&key),
                            "order: nothing is taken after an earlier message of the key failed"
                        );
                        continue;
                    }
                    Err(PublishError::Later { after }) => {
                        *attempts.entry(envelope.id.clone()).or_insert(0) += 1;
                        pause = pause.max(after);
                    }
                    Err(PublishError::Withheld) => {}
                    Err(PublishError::Unavailable(_)) => pause = Duration::from_millis(20),
                    Err(error) => panic!("publish: expected it to be taken, found {error}"),
                }
                failed.insert(key);
                rest.push(envelope);
            }
            rest.extend(later);
            sleep(pause).await;
        }
    };
    let done = timeout(PATIENCE, publishing).await;
    assert!(done.is_ok(), "publish: everything is taken in time");
}

fn message(envelope: &Envelope, attempts: &BTreeMap<String, u32>) -> Message {
    Message {
        envelope: envelope.clone(),
        attempt: attempts.get(&envelope.id).copied().unwrap_or(0) + 1,
        consumer: None,
    }
}

async fn next(incomings: &mut Box<dyn Incomings>) -> Incoming {
    timeout(PATIENCE, incomings.next())
        .await
        .expect("deliver: in time")
        .expect("deliver: the subscription stays open")
}

async fn ack(incomings: &mut Box<dyn Incomings>, count: usize) -> Vec<Envelope> {
    let mut received = Vec::with_capacity(count);
    while received.len() < count {
        let incoming = next(incomings).await;
        incoming.settle.ack().await.expect("ack");
        received.push(incoming.envelope);
    }
    received
}

async fn assert_silent(incomings: &mut Box<dyn Incomings>, what: &str) {
    let silence = timeout(Duration::from_millis(200), incomings.next()).await;
    assert!(silence.is_err(), "{what}");
}
