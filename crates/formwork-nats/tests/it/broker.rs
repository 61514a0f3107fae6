//! The broker on the real server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_nats::{NatsBroker, NatsConfig};
use formwork_outbox::{Broker, Incoming, Incomings, Message, PublishError, Subscription};
use formwork_test::conformance;
use tokio::time::timeout;

use crate::support::{config, event, message, open, remove, server};

const PATIENCE: Duration = Duration::from_secs(5);

fn everything(consumer: &str) -> Subscription {
    Subscription {
        consumer: consumer.to_owned(),
        subjects: vec!["*".to_owned()],
        limit: 16,
    }
}

async fn next(incomings: &mut Box<dyn Incomings>) -> Incoming {
    let incoming = timeout(PATIENCE, incomings.next()).await.expect("in time");
    incoming.expect("an open subscription")
}

async fn silent(incomings: &mut Box<dyn Incomings>) {
    let silence = timeout(Duration::from_millis(200), incomings.next()).await;
    assert!(silence.is_err(), "expected nothing");
}

/// Shows a part of: S-32, S-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_broker_keeps_its_contract() {
    let Some(server) = server() else { return };
    let used = Mutex::new(Vec::new());
    conformance::broker(async || {
        let config = config(&server);
        let broker = open(&config).await;
        used.lock().expect("no panic").push(config);
        Arc::new(broker) as Arc<dyn Broker>
    })
    .await;
    for config in used.into_inner().expect("no panic") {
        remove(&config).await;
    }
}

/// Shows a part of: S-32.
#[tokio::test]
async fn a_repeated_event_is_dropped_by_the_server() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut incomings = broker
        .subscribe(&everything("c"))
        .await
        .expect("a subscription");
    let messages = [
        message(&event(1, 1)),
        message(&event(1, 1)),
        message(&event(1, 2)),
    ];
    for result in broker.publish(&messages).await {
        result.expect("taken");
    }
    for sequence in [1, 2] {
        let incoming = next(&mut incomings).await;
        assert_eq!(incoming.envelope.sequence, sequence);
        incoming.settle.ack().await.expect("acknowledged");
    }
    silent(&mut incomings).await;
    remove(&config).await;
}

#[tokio::test]
async fn a_replay_reaches_its_consumer_only() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut mail = broker
        .subscribe(&everything("order.mail"))
        .await
        .expect("a subscription");
    let mut audit = broker
        .subscribe(&everything("order.audit"))
        .await
        .expect("a subscription");
    let replay = Message {
        consumer: Some("order.mail".to_owned()),
        ..message(&event(1, 1))
    };
    for publish in [message(&event(1, 1)), replay] {
        broker.publish(&[publish]).await.remove(0).expect("taken");
    }
    for _ in 0..2 {
        next(&mut mail)
            .await
            .settle
            .ack()
            .await
            .expect("acknowledged");
    }
    next(&mut audit)
        .await
        .settle
        .ack()
        .await
        .expect("acknowledged");
    silent(&mut audit).await;
    remove(&config).await;
}

#[tokio::test]
async fn dead_letters_are_kept_with_their_reason() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut incomings = broker
        .subscribe(&everything("order.mail"))
        .await
        .expect("a subscription");
    broker
        .publish(&[message(&event(1, 1))])
        .await
        .remove(0)
        .expect("taken");
    let incoming = next(&mut incomings).await;
    incoming
        .settle
        .dead_letter(3, "no\naddress".to_owned())
        .await
        .expect("kept");

    let client = async_nats::connect(&server).await.expect("a connection");
    let stream = async_nats::jetstream::new(client)
        .get_stream(format!("{}-dead", config.stream))
        .await
        .expect("the stream of dead letters");
    let letter = stream.get_raw_message(1).await.expect("the letter");
    assert_eq!(
        letter.subject.as_str(),
        format!("dead.{}.order_2email.order.placed", config.prefix)
    );
    let header = |name: &str| letter.headers.get(name).map(ToString::to_string);
    assert_eq!(header("Formwork-Reason").as_deref(), Some("no address"));
    assert_eq!(header("Formwork-Attempts").as_deref(), Some("3"));
    assert_eq!(letter.payload, event(1, 1).to_json().as_bytes());
    remove(&config).await;
}

#[tokio::test]
async fn what_is_no_event_becomes_a_dead_letter_and_the_rest_is_delivered() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut incomings = broker
        .subscribe(&everything("c"))
        .await
        .expect("a subscription");
    let client = async_nats::connect(&server).await.expect("a connection");
    let context = async_nats::jetstream::new(client);
    let subject = format!("{}.order.placed", config.prefix);
    let stored = context
        .publish(subject, "no event".into())
        .await
        .expect("sent");
    stored.await.expect("stored");
    broker
        .publish(&[message(&event(1, 1))])
        .await
        .remove(0)
        .expect("taken");
    assert_eq!(next(&mut incomings).await.envelope, event(1, 1));
    let dead = context
        .get_stream(format!("{}-dead", config.stream))
        .await
        .expect("a stream");
    assert!(dead.get_raw_message(1).await.is_ok());
    remove(&config).await;
}

#[tokio::test]
async fn an_event_that_is_too_large_is_rejected_and_nothing_else() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut large = event(1, 1);
    let text = format!("\"{}\"", "x".repeat(2 << 20));
    large.data = serde_json::value::RawValue::from_string(text).expect("JSON");
    let results = broker
        .publish(&[message(&large), message(&event(2, 1))])
        .await;
    assert!(
        matches!(results[0], Err(PublishError::Rejected(_))),
        "{results:?}"
    );
    assert!(results[1].is_ok(), "{results:?}");
    remove(&config).await;
}

/// Shows a part of: S-32.
#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let broker = NatsBroker::new(NatsConfig::new(
        format!("nats://127.0.0.1:{port}")
            .parse()
            .expect("an address"),
    ));
    let unavailable = |results: Vec<Result<(), PublishError>>| {
        results.len() == 1 && matches!(results[0], Err(PublishError::Unavailable(_)))
    };
    let messages = [message(&event(1, 1))];
    assert!(
        unavailable(broker.publish(&messages).await),
        "before it is opened"
    );
    broker
        .open()
        .await
        .expect("connecting goes on in the background");
    assert!(
        unavailable(broker.publish(&messages).await),
        "while nobody is there"
    );
    assert!(broker.check().await.is_err());
}

#[tokio::test]
async fn closing_ends_subscriptions() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut incomings = broker
        .subscribe(&everything("c"))
        .await
        .expect("a subscription");
    let (ended, ()) = tokio::join!(incomings.next(), broker.close());
    assert!(ended.is_none());
    remove(&config).await;
}
