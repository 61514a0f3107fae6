//! A stream of its own for each test.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use formwork_domain::{Operation, Timestamp};
use formwork_nats::{NatsBroker, NatsConfig};
use formwork_outbox::{Envelope, Message};

/// The server's URL. Says so when there is none.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("FORMWORK_TEST_NATS_URL")
        .ok()
        .filter(|url| !url.is_empty());
    if url.is_none() {
        let test = std::thread::current();
        // Not `eprintln!`, which is only shown when the test fails.
        writeln!(
            std::io::stderr(),
            "skipped: {} needs FORMWORK_TEST_NATS_URL",
            test.name().unwrap_or("a test")
        )
        .ok();
    }
    url
}

/// Streams that nobody else uses, and that stay small.
pub(crate) fn config(server: &str) -> NatsConfig {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test-{}-{number}", std::process::id());
    NatsConfig {
        stream: name.clone(),
        prefix: name,
        retention: Duration::from_secs(300),
        ack_wait: Duration::from_secs(1),
        ..NatsConfig::new(server.parse().expect("an address"))
    }
}

pub(crate) async fn open(config: &NatsConfig) -> NatsBroker {
    let broker = NatsBroker::new(config.clone());
    broker.open().await.expect("a valid URL");
    // Connecting goes on in the background.
    formwork_test::eventually("a connection", Duration::from_secs(5), async || {
        broker.check().await.is_ok()
    })
    .await;
    broker
}

/// Removes the streams of a test.
pub(crate) async fn remove(config: &NatsConfig) {
    let client = async_nats::connect(config.url.expose())
        .await
        .expect("a connection");
    let context = async_nats::jetstream::new(client);
    for stream in [config.stream.clone(), format!("{}-dead", config.stream)] {
        // Not every test has both.
        context.delete_stream(stream).await.ok();
    }
}

/// The event of an order.
pub(crate) fn event(order: u8, sequence: u64) -> Envelope {
    let data = serde_json::json!({ "sequence": sequence });
    let mut event = Envelope::new("order.placed", 1, "order", [order; 16], sequence, data);
    let id = [
        order,
        sequence as u8,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    event.stamp("shop", id, &Operation::new(Timestamp::from_micros(1)));
    event
}

pub(crate) fn message(envelope: &Envelope) -> Message {
    Message {
        envelope: envelope.clone(),
        attempt: 1,
        consumer: None,
    }
}
