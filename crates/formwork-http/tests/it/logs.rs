//! What a request leaves in the log.

use std::io;
use std::sync::{Arc, Mutex, Once};

use axum::Router;
use axum::routing::get;
use formwork_domain::RepositoryError;
use formwork_http::Problem;
use tracing_subscriber::filter::LevelFilter;

use crate::support::{Parts, Service};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Other tests of this process have nobody who takes lines. A place in the code that such a test
/// reaches first would be taken for one that nobody ever listens to, unless somebody always does.
fn listen_everywhere() {
    static EVERYWHERE: Once = Once::new();
    EVERYWHERE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry())
            .expect("no other test sets one");
    });
}

/// The lines that one request, with a query and a header that are nobody's business, leaves.
async fn lines(path: &str, level: LevelFilter) -> Vec<String> {
    listen_everywhere();
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // The test's runtime has one thread: everything of the service is logged here.
    let guard = tracing::subscriber::set_default(subscriber);
    let router = Router::new()
        .route("/fine/{id}", get(async || "fine"))
        .route("/panic/{id}", get(panicking))
        .route("/down/{id}", get(down));
    let service = Service::start(Parts::of(router), &[]).await;
    sink.0.lock().unwrap().clear();
    let mut client = service.connect().await;
    client
        .send(&format!(
            "GET {path}?token=hunter2 HTTP/1.1\r\nhost: test\r\nauthorization: hunter2\r\nx-correlation-id: c-1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
        ))
        .await;
    client.answer().await;
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    drop(guard);
    service.stop().await.unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let of_requests = text.lines().filter(|line| line.contains("request{"));
    of_requests.map(str::to_owned).collect()
}

async fn panicking() -> &'static str {
    panic!("at the disco")
}

async fn down() -> Problem {
    RepositoryError::unavailable("save order", io::Error::other("connection refused")).into()
}

#[tokio::test]
async fn a_request_is_one_line_at_debug() {
    assert_eq!(lines("/fine/7", LevelFilter::INFO).await, [""; 0]);
    let lines = lines("/fine/7", LevelFilter::DEBUG).await;
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}")
    };
    for part in [
        "method=\"GET\"",
        "route=\"/fine/{id}\"",
        "correlation=\"c-1\"",
        "trace_id=\"0af7651916cd43dd8448eb211c80319c\"",
        "request_id=",
        "status=200",
        "duration_ms=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_causes_in_the_request() {
    let lines = lines("/down/7", LevelFilter::INFO).await;
    let [cause, outcome] = &lines[..] else {
        panic!("two lines: {lines:?}")
    };
    assert!(cause.contains("ERROR") && cause.contains("could not save order: connection refused"));
    assert!(cause.contains("correlation=\"c-1\""), "{cause}");
    assert!(
        outcome.contains("WARN") && outcome.contains("status=503"),
        "{outcome}"
    );
}

#[tokio::test]
async fn a_panic_is_logged_with_its_words() {
    let lines = lines("/panic/7", LevelFilter::WARN).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("at the disco") && lines[0].contains("correlation=\"c-1\""));
    assert!(lines[1].contains("status=500"));
}
