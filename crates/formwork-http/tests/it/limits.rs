//! Slow, large and numerous requests are refused, and only those.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use formwork_http::Json;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::support::{Client, PATIENCE, Parts, Service};

/// A route whose requests wait until the test lets them go, and a count of those that wait.
fn gated() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (arrived, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (inside, closed) = (Arc::clone(&arrived), Arc::clone(&gate));
    let handler = async move || {
        inside.add_permits(1);
        closed.acquire().await.unwrap().forget();
        "through"
    };
    let router = Router::new()
        .route("/gated", get(handler))
        .route("/free", get(async || "free"));
    (router, arrived, gate)
}

async fn wait_for(arrived: &Semaphore) {
    let arrival = tokio::time::timeout(PATIENCE, arrived.acquire());
    arrival.await.unwrap().unwrap().forget();
}

#[tokio::test]
async fn what_takes_too_long_is_timed_out() {
    let (router, ..) = gated();
    let settings = [("http.request-timeout", "50ms")];
    let service = Service::start(Parts::of(router), &settings).await;
    let mut client = service.connect().await;
    let answer = client.get("/gated").await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.problem()["type"], "urn:problem-type:timeout");
    assert_eq!(client.get("/free").await.text(), "free");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_over_the_concurrency_limit_is_refused_and_probes_are_not() {
    let (router, arrived, gate) = gated();
    let settings = [("http.max-concurrency", "1")];
    let service = Service::start(Parts::of(router), &settings).await;
    let mut first = service.connect().await;
    first
        .send("GET /gated HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    wait_for(&arrived).await;

    let refused = service.get("/free").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.problem()["type"], "urn:problem-type:overloaded");
    assert_eq!(service.get("/readyz").await.status, 200);

    gate.add_permits(1);
    assert_eq!(first.answer().await.text(), "through");
    assert_eq!(service.get("/free").await.status, 200);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_client_abandons_frees_its_place() {
    let (router, arrived, _gate) = gated();
    let settings = [("http.max-concurrency", "1")];
    let service = Service::start(Parts::of(router), &settings).await;
    let mut first = service.connect().await;
    first
        .send("GET /gated HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    wait_for(&arrived).await;
    drop(first);
    let deadline = Instant::now() + PATIENCE;
    while service.get("/free").await.status != 200 {
        assert!(Instant::now() < deadline, "the place is never freed");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_however_it_is_sent() {
    let router = Router::new()
        .route("/json", post(async |Json(body): Json<Value>| Json(body)))
        .route(
            "/raw",
            post(async |body: Body| {
                let read = axum::body::to_bytes(body, usize::MAX).await;
                read.map_or_else(|_| "too much".to_owned(), |bytes| bytes.len().to_string())
            }),
        );
    let settings = [("http.body-limit", "64B")];
    let service = Service::start(Parts::of(router), &settings).await;
    let within = format!("\"{}\"", "x".repeat(62));
    let over = format!("\"{}\"", "x".repeat(63));
    assert_eq!(
        service.connect().await.post("/json", &within).await.status,
        200
    );
    let refused = service.connect().await.post("/json", &over).await;
    assert_eq!(refused.status, 413);
    refused.problem();

    let chunked = async |path: &str, body: &str| {
        let mut client = service.connect().await;
        client
            .send(&format!(
                "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            ))
            .await;
        client.answer().await
    };
    assert_eq!(chunked("/json", &within).await.status, 200);
    let refused = chunked("/json", &over).await;
    assert_eq!(refused.status, 413);
    refused.problem();
    // Also where the handler reads for itself.
    assert_eq!(chunked("/raw", &over).await.text(), "too much");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_limit_above_that_of_axum_counts() {
    let router = Router::new().route(
        "/json",
        post(async |Json(body): Json<String>| body.len().to_string()),
    );
    let settings = [("http.body-limit", "4MiB")];
    let service = Service::start(Parts::of(router), &settings).await;
    let body = format!("\"{}\"", "x".repeat(3 << 20));
    let answer = service.connect().await.post("/json", &body).await;
    assert_eq!((answer.status, answer.text()), (200, "3145728"));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_head_that_does_not_arrive_closes_the_connection() {
    let settings = [("http.header-timeout", "50ms")];
    let service = Service::start(Parts::of(gated().0), &settings).await;
    let mut silent = service.connect().await;
    let mut slow = service.connect().await;
    slow.send("GET /free HTTP/1.1\r\nhost:").await;
    let mut second = service.connect().await;
    assert_eq!(second.get("/free").await.status, 200);
    second.send("GET /free HTTP/1.1\r\n").await;
    let started = Instant::now();
    silent.closed().await;
    slow.closed().await;
    second.closed().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let (router, arrived, gate) = gated();
    let settings = [
        ("http.keep-alive", "100ms"),
        ("http.header-timeout", "100ms"),
    ];
    let service = Service::start(Parts::of(router), &settings).await;
    let mut idle = service.connect().await;
    assert_eq!(idle.get("/free").await.status, 200);
    let mut busy = service.connect().await;
    busy.send("GET /gated HTTP/1.1\r\nhost: test\r\n\r\n").await;
    wait_for(&arrived).await;
    // By the time the idle one is closed, the busy one has waited as long.
    idle.closed().await;
    let mut idle = service.connect().await;
    assert_eq!(idle.get("/free").await.status, 200);
    idle.closed().await;
    gate.add_permits(1);
    assert_eq!(busy.answer().await.text(), "through");
    busy.closed().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_their_turn() {
    let settings = [("http.max-connections", "1")];
    let service = Service::start(Parts::of(gated().0), &settings).await;
    let mut first = service.connect().await;
    assert_eq!(first.get("/free").await.status, 200);
    let mut second = Client::connect(service.address).await.unwrap();
    second
        .send("GET /free HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(first.get("/free").await.status, 200);
    drop(first);
    assert_eq!(second.answer().await.status, 200);
    service.stop().await.unwrap();
}
