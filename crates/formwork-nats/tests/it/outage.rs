//! A connection that is cut, and a stream that is lost.

use std::net::SocketAddr;
use std::time::Duration;

use formwork_nats::NatsConfig;
use formwork_outbox::{Broker, PublishError, Subscription};
use formwork_test::eventually;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{config, event, message, open, remove, server};

const PATIENCE: Duration = Duration::from_secs(10);

/// Passes connections on while `up`; cuts them when that changes, and refuses new ones meanwhile.
async fn proxy(target: SocketAddr, mut up: watch::Receiver<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                changed = up.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    connections.abort_all();
                }
                accepted = listener.accept() => {
                    let (mut inbound, _) = accepted.expect("a connection");
                    if *up.borrow() {
                        connections.spawn(async move {
                            let mut outbound = TcpStream::connect(target).await?;
                            copy_bidirectional(&mut inbound, &mut outbound).await
                        });
                    }
                }
            }
        }
    });
    address
}

/// Shows a part of: S-32, S-33.
#[tokio::test]
async fn a_cut_connection_is_an_outage_and_mends_itself() {
    let Some(server) = server() else { return };
    let target = server
        .trim_start_matches("nats://")
        .parse()
        .expect("an address");
    let (switch, up) = watch::channel(true);
    let address = proxy(target, up).await;
    let direct = config(&server);
    let proxied = NatsConfig {
        url: format!("nats://{address}").parse().expect("an address"),
        ..direct.clone()
    };
    let broker = open(&proxied).await;
    let subscription = Subscription {
        consumer: "c".to_owned(),
        subjects: vec!["order.placed".to_owned()],
        limit: 16,
    };
    let mut incomings = broker
        .subscribe(&subscription)
        .await
        .expect("a subscription");
    let first = [message(&event(1, 1))];
    broker.publish(&first).await.remove(0).expect("taken");
    let incoming = incomings.next().await.expect("open");
    incoming.settle.ack().await.expect("acknowledged");

    switch.send(false).expect("the proxy runs");
    let second = [message(&event(1, 2))];
    eventually("an outage", PATIENCE, async || {
        let result = broker.publish(&second).await.remove(0);
        matches!(result, Err(PublishError::Unavailable(_)))
    })
    .await;
    assert!(broker.check().await.is_err());

    switch.send(true).expect("the proxy runs");
    eventually("an end of the outage", PATIENCE, async || {
        broker.publish(&second).await.remove(0).is_ok()
    })
    .await;
    // The first comes again when its acknowledgement was cut off; the second comes.
    loop {
        let incoming = tokio::time::timeout(PATIENCE, incomings.next()).await;
        let incoming = incoming.expect("the subscription mends itself");
        let incoming = incoming.expect("open");
        incoming.settle.ack().await.expect("acknowledged");
        if incoming.envelope == event(1, 2) {
            break;
        }
        assert_eq!(incoming.envelope, event(1, 1));
    }
    remove(&direct).await;
}

#[tokio::test]
async fn a_stream_that_was_lost_is_created_again() {
    let Some(server) = server() else { return };
    let config = config(&server);
    let broker = open(&config).await;
    remove(&config).await;
    let messages = [message(&event(1, 1))];
    let lost = broker.publish(&messages).await.remove(0);
    assert!(
        matches!(lost, Err(PublishError::Unavailable(_))),
        "{lost:?}"
    );
    broker.publish(&messages).await.remove(0).expect("taken");
    remove(&config).await;
}
