//! Subjects that carry the tenant.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use formwork_domain::{Operation, TenantId, Timestamp};
use formwork_nats::{NatsBroker, NatsConfig};
use formwork_outbox::{Broker, Envelope, Incomings, PublishError, Subscription};
use formwork_test::{conformance, eventually};
use tokio::time::timeout;

use crate::support::{config, message, open, remove, server};

const PATIENCE: Duration = Duration::from_secs(20);

fn with_tenants(server: &str) -> NatsConfig {
    NatsConfig {
        tenant_subjects: true,
        ..config(server)
    }
}

/// The event of the order 7 of a tenant, or of nobody.
fn event(tenant: &str, name: &str, sequence: u8) -> Envelope {
    let data = serde_json::json!({});
    let mut event = Envelope::new(name, 1, "order", [7; 16], sequence.into(), data);
    let mut operation = Operation::new(Timestamp::from_micros(1));
    operation.tenant = TenantId::new(tenant).ok();
    let mut id = [0; 16];
    id[0] = sequence;
    for (byte, symbol) in id[1..].iter_mut().zip(tenant.bytes().chain(name.bytes())) {
        *byte = symbol;
    }
    // Differs in the action as well.
    id[15] = name.len() as u8;
    event.stamp("shop", id, &operation);
    event
}

fn placed(consumer: &str) -> Subscription {
    Subscription {
        consumer: consumer.to_owned(),
        subjects: vec!["order.placed".to_owned()],
        limit: 16,
    }
}

async fn publish(broker: &NatsBroker, events: &[Envelope]) {
    let messages: Vec<_> = events.iter().map(message).collect();
    for result in broker.publish(&messages).await {
        result.expect("taken");
    }
}

/// The next `count` events, settled, as `tenant event sequence`.
async fn take(incomings: &mut Box<dyn Incomings>, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let incoming = timeout(PATIENCE, incomings.next()).await;
        let incoming = incoming
            .unwrap_or_else(|_| panic!("{count} events were expected, {taken:?} came"))
            .expect("an open subscription");
        let envelope = &incoming.envelope;
        let tenant = envelope.tenant.as_ref().map_or("-", TenantId::as_str);
        taken.push(format!("{tenant} {} {}", envelope.event, envelope.sequence));
        incoming.settle.ack().await.expect("acknowledged");
    }
    taken
}

/// Waits until the server knows that the first events of a consumer are settled.
async fn settled(config: &NatsConfig, consumer: &str, count: u64) {
    let client = async_nats::connect(config.url.expose()).await;
    let context = async_nats::jetstream::new(client.expect("a connection"));
    eventually("they are settled", PATIENCE, async || {
        let consumer =
            context.get_consumer_from_stream::<pull::Config, _, _>(consumer, &config.stream);
        let mut consumer = consumer.await.expect("the consumer");
        let info = consumer.info().await.expect("its state");
        info.ack_floor.consumer_sequence == count
    })
    .await;
}

/// The subjects of the first messages of a stream, without the prefix.
async fn subjects(config: &NatsConfig, stream: &str, count: u64) -> Vec<String> {
    let client = async_nats::connect(config.url.expose()).await;
    let context = async_nats::jetstream::new(client.expect("a connection"));
    let stream = context.get_stream(stream).await.expect("a stream");
    let mut subjects = Vec::new();
    for sequence in 1..=count {
        let message = stream.get_raw_message(sequence).await.expect("a message");
        subjects.push(message.subject.replace(&format!("{}.", config.prefix), ""));
    }
    subjects
}

/// All that a broker promises, order by key among it, it promises with tenants in its subjects.
///
/// Proves: R-038.
#[tokio::test(flavor = "multi_thread")]
async fn the_broker_keeps_its_contract_with_tenants_in_its_subjects() {
    let Some(server) = server() else { return };
    let used = Mutex::new(Vec::new());
    conformance::broker(async || {
        let config = with_tenants(&server);
        let broker = open(&config).await;
        used.lock().expect("no panic").push(config);
        Arc::new(broker) as Arc<dyn Broker>
    })
    .await;
    for config in used.into_inner().expect("no panic") {
        remove(&config).await;
    }
}

/// Consumers are for all tenants, and for what is no tenant's.
///
/// Proves: R-038.
#[tokio::test]
async fn a_subject_carries_the_tenant_and_consumers_take_all_in_order() {
    let Some(server) = server() else { return };
    let config = with_tenants(&server);
    let broker = open(&config).await;
    let mut one = broker.subscribe(&placed("one")).await.expect("subscribed");
    let all = Subscription {
        subjects: vec!["*".to_owned()],
        ..placed("all")
    };
    let mut all = broker.subscribe(&all).await.expect("subscribed");
    let mut events = Vec::new();
    for sequence in 1..=3 {
        for tenant in ["acme", "umbrella", ""] {
            events.push(event(tenant, "order.placed", sequence));
        }
    }
    events.push(event("acme", "order.paid", 4));
    publish(&broker, &events).await;

    let mut expected = Vec::new();
    for sequence in 1..=3 {
        for tenant in ["acme", "umbrella", "-"] {
            expected.push(format!("{tenant} order.placed {sequence}"));
        }
    }
    assert_eq!(take(&mut one, 9).await, expected);
    expected.push("acme order.paid 4".to_owned());
    assert_eq!(take(&mut all, 10).await, expected);
    assert_eq!(
        subjects(&config, &config.stream, 10).await[..4],
        [
            "order.placed.acme",
            "order.placed.umbrella",
            "order.placed",
            "order.placed.acme"
        ]
    );

    publish(&broker, &[event("acme", "order.placed", 5)]).await;
    let given_up = timeout(PATIENCE, one.next()).await.expect("in time");
    let given_up = given_up.expect("an open subscription").settle;
    let buried = given_up.dead_letter(1, "no address".to_owned());
    buried.await.expect("kept");
    let dead = format!("{}-dead", config.stream);
    assert_eq!(
        subjects(&config, &dead, 1).await,
        ["dead.one.order.placed.acme"]
    );
    remove(&config).await;
}

/// The stream and its consumers were there before. Nothing is published that one of them would miss,
/// what was published before is still delivered, and a service that has not been told yet changes
/// nothing back.
///
/// Proves: R-038.
#[tokio::test]
async fn an_existing_stream_goes_over_to_them_without_losing_anything() {
    let Some(server) = server() else { return };
    let before = config(&server);
    let after = NatsConfig {
        tenant_subjects: true,
        ..before.clone()
    };
    let old = open(&before).await;
    let mut mine = old.subscribe(&placed("mine")).await.expect("subscribed");
    let mut others = old.subscribe(&placed("others")).await.expect("subscribed");
    let waiting = [1, 2].map(|sequence| event("acme", "order.placed", sequence));
    publish(&old, &waiting).await;
    assert_eq!(take(&mut mine, 1).await, ["acme order.placed 1"]);
    assert_eq!(take(&mut others, 2).await.len(), 2);
    drop(mine);
    settled(&before, "mine", 1).await;
    settled(&before, "others", 2).await;

    let new = NatsBroker::new(after.clone());
    new.open().await.expect("a valid URL");
    let mut mine = loop {
        // Connecting goes on in the background.
        if let Ok(incomings) = new.subscribe(&placed("mine")).await {
            break incomings;
        }
        tokio::task::yield_now().await;
    };
    let third = event("acme", "order.placed", 3);
    let refused = new.publish(&[message(&third)]).await.remove(0);
    let Err(PublishError::Unavailable(reason)) = refused else {
        panic!("published what a consumer would miss: {refused:?}");
    };
    let reason = reason.to_string();
    assert!(reason.contains("the consumer `others` takes"), "{reason}");
    assert!(reason.contains("nats.tenant-subjects"), "{reason}");
    let unwell = new.check().await.expect_err("it says so");
    assert_eq!(unwell.to_string(), "could not publish with tenants");

    let mut others = new.subscribe(&placed("others")).await.expect("subscribed");
    publish(&new, &[third]).await;
    new.check().await.expect("all is well");
    assert_eq!(
        take(&mut mine, 2).await,
        ["acme order.placed 2", "acme order.placed 3"]
    );
    assert_eq!(take(&mut others, 1).await, ["acme order.placed 3"]);

    // A replica that is not told yet comes back, as after a lost connection.
    let mut late = old.subscribe(&placed("others")).await.expect("subscribed");
    drop(others);
    publish(&new, &[event("acme", "order.placed", 4)]).await;
    publish(&old, &[event("umbrella", "order.placed", 5)]).await;
    assert_eq!(
        take(&mut late, 2).await,
        ["acme order.placed 4", "umbrella order.placed 5"]
    );
    assert_eq!(
        take(&mut mine, 2).await,
        ["acme order.placed 4", "umbrella order.placed 5"]
    );
    remove(&before).await;
}

/// A consumer that wants more than before goes on where it stood: what it had settled stays settled.
#[tokio::test]
async fn a_subscription_to_more_subjects_begins_where_it_was() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    let mut one = broker.subscribe(&placed("c")).await.expect("subscribed");
    publish(
        &broker,
        &[
            event("", "order.placed", 1),
            event("", "order.paid", 2),
            event("", "order.placed", 3),
        ],
    )
    .await;
    assert_eq!(take(&mut one, 2).await.len(), 2);
    settled(&config, "c", 2).await;
    drop(one);

    let both = Subscription {
        subjects: vec!["order.placed".to_owned(), "order.paid".to_owned()],
        ..placed("c")
    };
    // Also when it is opened again and again.
    for sequence in [4, 5] {
        let mut incomings = broker.subscribe(&both).await.expect("subscribed");
        publish(&broker, &[event("", "order.paid", sequence)]).await;
        let expected = format!("- order.paid {sequence}");
        assert_eq!(take(&mut incomings, 1).await, [expected]);
    }
    remove(&config).await;
}
