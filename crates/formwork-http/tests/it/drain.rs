//! Stopping drops no request it need not drop, and counts those it must.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use formwork_app::State;
use tokio::sync::{Notify, Semaphore};

use crate::support::{Client, PATIENCE, Parts, Service};

struct Gate {
    arrived: Arc<Notify>,
    open: Arc<Semaphore>,
}

/// A route whose requests wait until the gate is open, and one whose answer does.
fn gated() -> (Router, Gate) {
    let gate = Gate {
        arrived: Arc::default(),
        open: Arc::new(Semaphore::new(0)),
    };
    let (arrived, open) = (Arc::clone(&gate.arrived), Arc::clone(&gate.open));
    let handler = async move || {
        arrived.notify_one();
        let _open = open.acquire().await;
        "finished"
    };
    let open = Arc::clone(&gate.open);
    let stream = async move || {
        let parts = futures_util::stream::unfold(0, move |part| {
            let open = Arc::clone(&open);
            async move {
                match part {
                    0 => {}
                    1 => open.acquire().await.ok()?.forget(),
                    _ => return None,
                }
                Some((Ok::<_, std::io::Error>(Bytes::from("part ")), part + 1))
            }
        });
        Body::from_stream(parts)
    };
    let router = Router::new()
        .route("/gated", get(handler))
        .route("/stream", get(stream))
        .route("/free", get(async || "free"));
    (router, gate)
}

#[tokio::test]
async fn requests_in_flight_are_finished_and_new_ones_refused() {
    let (router, gate) = gated();
    let service = Service::start(Parts::of(router), &[]).await;
    let address = service.address;
    let mut client = service.connect().await;
    client
        .send("GET /gated HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    gate.arrived.notified().await;

    let stopping = tokio::spawn(service.stop());
    let deadline = Instant::now() + PATIENCE;
    while Client::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "the port is never closed");
    }
    gate.open.add_permits(1);
    let answer = client.answer().await;
    assert_eq!(answer.text(), "finished");
    assert_eq!(answer.header("connection"), Some("close"));
    client.closed().await;
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_on_its_way_is_sent_to_the_end() {
    let (router, gate) = gated();
    let service = Service::start(Parts::of(router), &[]).await;
    let address = service.address;
    let mut client = service.connect().await;
    client
        .send("GET /stream HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    let reading = tokio::spawn(async move { client.answer().await });

    let stopping = tokio::spawn(service.stop());
    let deadline = Instant::now() + PATIENCE;
    while Client::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "the port is never closed");
    }
    gate.open.add_permits(1);
    assert_eq!(reading.await.unwrap().text(), "part part ");
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let service = Service::start(Parts::of(gated().0), &[]).await;
    let mut used = service.connect().await;
    assert_eq!(used.get("/free").await.status, 200);
    let mut fresh = service.connect().await;
    // The answer tells that the server has accepted the connection before it, too.
    assert_eq!(service.get("/free").await.status, 200);
    let started = Instant::now();
    service.stop().await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    used.closed().await;
    fresh.closed().await;
}

#[tokio::test]
async fn what_outlasts_the_deadline_is_cut_off_and_counted() {
    let (router, gate) = gated();
    let settings = [("app.drain-timeout", "50ms")];
    let service = Service::start(Parts::of(router), &settings).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = service.connect().await;
        client
            .send("GET /gated HTTP/1.1\r\nhost: test\r\n\r\n")
            .await;
        gate.arrived.notified().await;
        clients.push(client);
    }
    let mut idle = service.connect().await;
    assert_eq!(idle.get("/free").await.status, 200);

    let failures = service.stop().await.unwrap_err().to_string();
    assert!(failures.contains("cut off 2 requests"), "{failures}");
    for client in &mut clients {
        client.closed().await;
    }
}

#[tokio::test]
async fn readiness_is_lost_first_while_requests_are_still_taken() {
    let (router, gate) = gated();
    let settings = [("app.drain-delay", "1s")];
    let service = Service::start(Parts::of(router), &settings).await;
    assert_eq!(service.get("/readyz").await.status, 200);
    let (address, lifecycle) = (service.address, service.running.lifecycle().clone());
    let stopping = tokio::spawn(service.stop());
    lifecycle.reached(State::Draining).await;

    let get = async |path: &str| Client::connect(address).await.unwrap().get(path).await;
    let ready = get("/readyz").await;
    assert_eq!(
        (ready.status, ready.json()["state"].as_str()),
        (503, Some("draining"))
    );
    assert_eq!(get("/livez").await.status, 200);
    assert_eq!(get("/free").await.text(), "free");
    drop(gate);
    stopping.await.unwrap().unwrap();
}
