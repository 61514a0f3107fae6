//! What every answer has, whatever the handler does.

use std::io::Read;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use formwork_http::{Json, OperationContext};
use serde_json::{Value, json};

use crate::support::{Parts, Service};

fn routes() -> Router {
    Router::new()
        .route("/hello/{name}", get(async || "hello"))
        .route("/panic", get(panicking))
        .route("/panic-late", get(panicking_late))
        .route("/echo", post(async |Json(body): Json<Value>| Json(body)))
        .route(
            "/correlation",
            get(async |context: OperationContext| context.correlation.unwrap_or_default()),
        )
        .route(
            "/framed",
            get(async || {
                let policy = HeaderValue::from_static("default-src 'self'");
                ([(header::CONTENT_SECURITY_POLICY, policy)], "framed").into_response()
            }),
        )
        .route("/long", get(async || "long ".repeat(1_000)))
}

async fn panicking() -> &'static str {
    panic!("the secret is hunter2")
}

async fn panicking_late() -> &'static str {
    tokio::task::yield_now().await;
    panic!("the secret is {}", "hunter2")
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    let answer = service.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    answer.problem();
    for path in ["/hello/ada", "/livez"] {
        let answer = service.connect().await.post(path, "").await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        answer.problem();
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_connection_goes_on() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    let mut client = service.connect().await;
    for path in ["/panic", "/panic-late"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 500);
        answer.problem();
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(client.get("/hello/ada").await.text(), "hello");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn every_answer_is_secured_unless_the_handler_knows_better() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    for path in ["/hello/ada", "/nowhere", "/livez"] {
        let answer = service.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some("frame-ancestors 'none'"));
    }
    let answer = service.get("/framed").await;
    let policy = answer.header("content-security-policy");
    assert_eq!(policy, Some("default-src 'self'"));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    let mut client = service.connect().await;
    let mut with_id = async |header: &str| {
        client
            .send(&format!(
                "GET /correlation HTTP/1.1\r\nhost: test\r\n{header}\r\n"
            ))
            .await;
        let answer = client.answer().await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        (id, answer.text().to_owned())
    };
    let (id, correlation) = with_id("x-request-id: mine\r\n").await;
    assert_eq!((&*id, &*correlation), ("mine", "mine"));
    let (id, correlation) = with_id("x-request-id: a\r\nx-correlation-id: b\r\n").await;
    assert_eq!((&*id, &*correlation), ("a", "b"));

    let (first, correlation) = with_id("").await;
    assert_eq!(first, correlation);
    let (second, _) = with_id("").await;
    assert_ne!(first, second);
    let (third, _) = with_id("x-request-id: not visible\r\n").await;
    assert_ne!(third, "not visible");
    let (fourth, _) = with_id(&format!("x-request-id: {}\r\n", "x".repeat(129))).await;
    assert!(fourth.len() < 100, "{fourth}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_is_read_and_answered() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    let answer = service
        .connect()
        .await
        .post("/echo", r#"{"a":[1,2]}"#)
        .await;
    assert_eq!((answer.status, answer.json()), (200, json!({"a": [1, 2]})));
    let answer = service.connect().await.post("/echo", "{").await;
    assert_eq!(answer.status, 400);
    answer.problem();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    let service = Service::start(Parts::of(routes()), &[]).await;
    let mut client = service.connect().await;
    let mut encoded = async |path: &str, accept: &str| {
        client
            .send(&format!(
                "GET {path} HTTP/1.1\r\nhost: test\r\n{accept}\r\n"
            ))
            .await;
        client.answer().await
    };
    let gzip = "accept-encoding: gzip, br\r\n";
    let answer = encoded("/long", gzip).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() < 500);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "long ".repeat(1_000));

    assert_eq!(
        encoded("/hello/ada", gzip).await.header("content-encoding"),
        None
    );
    assert_eq!(encoded("/long", "").await.header("content-encoding"), None);
    service.stop().await.unwrap();

    let off = [("http.compression", "false")];
    let service = Service::start(Parts::of(routes()), &off).await;
    let mut client = service.connect().await;
    client
        .send(&format!("GET /long HTTP/1.1\r\nhost: test\r\n{gzip}\r\n"))
        .await;
    assert_eq!(client.answer().await.header("content-encoding"), None);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn cors_is_for_the_configured_origins_only() {
    let settings = [("http.cors-origins", "https://shop.example")];
    let service = Service::start(Parts::of(routes()), &settings).await;
    let mut client = service.connect().await;
    let mut from = async |method: &str, origin: &str| {
        client
            .send(&format!(
                "{method} /echo HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\r\n"
            ))
            .await;
        client.answer().await
    };
    let preflight = from("OPTIONS", "https://shop.example").await;
    assert_eq!(preflight.status, 200);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    let headers = preflight.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("if-match") && headers.contains("idempotency-key"));
    let stranger = from("OPTIONS", "https://evil.example").await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    // Failures can be read by the browser too.
    let refused = from("GET", "https://shop.example").await;
    assert_eq!(refused.status, 405);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    service.stop().await.unwrap();

    let service = Service::start(Parts::of(routes()), &[]).await;
    let mut client = service.connect().await;
    client
        .send("GET /hello/a HTTP/1.1\r\nhost: test\r\norigin: https://shop.example\r\n\r\n")
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    service.stop().await.unwrap();
}
