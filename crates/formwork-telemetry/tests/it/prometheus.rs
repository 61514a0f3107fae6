//! Metrics are served in the text format, under route templates.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use formwork_app::event::{Event, Observer, ObserverOptions};
use formwork_app::{
    App, Declaration, Error, HealthCheck, Module, Outcome, Reloads, Running, ServiceInfo, Trigger,
    WireError, Wiring,
};
use formwork_config::{Environment, Loader};
use formwork_domain::BoxFuture;
use formwork_http::{HttpModule, Routes, ServerAddress};
use formwork_telemetry::{HealthMetricsModule, PrometheusModule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::alone;

/// Routes under a prefix: the recorder is shared by all tests of this process.
struct Orders(&'static str);

impl Module for Orders {
    fn declare(&self) -> Declaration {
        Declaration::new("orders").contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let router = Router::new()
            .route("/orders/{id}", get(async || "order"))
            .route("/failing", get(failing));
        let router = Router::new().nest(self.0, router);
        wiring.contribute(Arc::new(Routes::new("orders", router)))
    }
}

async fn failing() -> &'static str {
    panic!("as it should")
}

async fn start(prefix: &'static str) -> (Running, SocketAddr) {
    serve(app(prefix)).await
}

fn app(prefix: &'static str) -> App {
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_value("http.listen", "127.0.0.1:0");
    App::new(ServiceInfo::new("shop", "1.2.3"))
        .config(loader)
        .module(HttpModule::new())
        .module(PrometheusModule::new())
        .module(Orders(prefix))
}

async fn serve(app: App) -> (Running, SocketAddr) {
    let running = app.start().await.unwrap();
    let address = running.get::<ServerAddress>().unwrap().get().unwrap();
    (running, address)
}

/// Head and body of the answer to a request.
async fn call(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Every sample by name and labels, read by the rules of the text format 0.0.4.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut types = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            match (words.next().unwrap(), words.next().unwrap()) {
                ("HELP", _) => {}
                ("TYPE", name) => {
                    let kind = words.next().unwrap();
                    assert!(
                        ["counter", "gauge", "histogram", "summary"].contains(&kind),
                        "{line}"
                    );
                    assert_eq!(types.insert(name.to_owned(), kind), None, "{line}");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| types.get(name.strip_suffix(suffix)?));
        assert!(
            family.is_some() || types.contains_key(name),
            "no type for {line}"
        );
        assert!(
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{line}"
        );
        assert_eq!(
            samples.insert(series.to_owned(), value.parse().unwrap()),
            None,
            "{line}"
        );
    }
    samples
}

#[tokio::test]
async fn requests_are_counted_under_their_route_and_never_their_path() {
    let (running, address) = start("/counted").await;
    for id in 0..5 {
        call(address, "GET", &format!("/counted/orders/{id}")).await;
    }
    call(address, "POST", "/counted/orders/secret-7").await;
    call(address, "GET", "/counted/failing").await;
    call(address, "GET", "/counted/no-such-path").await;
    call(address, "INVENTED", "/counted/no-such-path").await;
    let (head, text) = call(address, "GET", "/metrics").await;
    assert!(
        head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{head}"
    );

    let samples = parse(&text);
    let count = |method: &str, route: &str, status: &str| {
        let labels = format!(
            "http_request_method=\"{method}\",http_route=\"{route}\",http_response_status_code=\"{status}\""
        );
        let series = format!("http_server_request_duration_seconds_count{{{labels}}}");
        let buckets: Vec<_> = text
            .lines()
            .filter(|line| {
                line.starts_with(&format!(
                    "http_server_request_duration_seconds_bucket{{{labels},"
                ))
            })
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .collect();
        assert!(buckets.len() > 10 && buckets.is_sorted(), "{buckets:?}");
        let count = samples.get(&series).copied();
        assert_eq!(buckets.last().copied(), count, "the last bucket holds all");
        count
    };
    assert_eq!(count("GET", "/counted/orders/{id}", "200"), Some(5.0));
    assert_eq!(count("POST", "/counted/orders/{id}", "405"), Some(1.0));
    assert_eq!(count("GET", "/counted/failing", "500"), Some(1.0));
    assert!(count("GET", "unmatched", "404") >= Some(1.0));
    assert!(count("_OTHER", "unmatched", "404") >= Some(1.0));
    for raw in ["secret-7", "no-such-path", "INVENTED"] {
        assert!(!text.contains(raw), "{raw}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn the_process_and_the_build_are_described() {
    let (running, address) = start("/described").await;
    let (_, text) = call(address, "GET", "/metrics").await;
    let samples = parse(&text);
    let build = "build_info{service=\"shop\",version=\"1.2.3\"}";
    assert_eq!(samples.get(build), Some(&1.0));
    assert!(
        samples["http_server_active_requests"] >= 1.0,
        "the scrape itself"
    );
    if cfg!(target_os = "linux") {
        let memory = samples["process_resident_memory_bytes"];
        assert!((1e6..1e9).contains(&memory), "{memory}");
        assert!(samples["process_open_fds"] > 3.0);
        assert!(samples["process_start_time_seconds"] > 1.5e9);
        assert!(samples.contains_key("process_cpu_seconds_total"));
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn two_applications_of_a_process_share_the_recorder() {
    let (first, one) = start("/first").await;
    let (second, two) = start("/second").await;
    call(one, "GET", "/first/orders/1").await;
    let (_, text) = call(two, "GET", "/metrics").await;
    assert!(text.contains("http_route=\"/first/orders/{id}\""));
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

/// A component that fails while the sender says why.
struct Cache(watch::Receiver<Option<&'static str>>);

impl Module for Cache {
    fn declare(&self) -> Declaration {
        Declaration::new("cache")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let receiver = self.0.clone();
        let probe = move || std::future::ready(receiver.borrow().map_or(Ok(()), Err));
        let check = HealthCheck::optional("cache", probe);
        wiring.health_check(check.period(Duration::from_millis(5)))
    }
}

/// The samples once there is this one.
async fn until(address: SocketAddr, series: &str, value: f64) -> BTreeMap<String, f64> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let samples = parse(&call(address, "GET", "/metrics").await.1);
        if samples.get(series) == Some(&value) {
            return samples;
        }
        assert!(Instant::now() < deadline, "{series} never is {value}");
    }
}

#[tokio::test]
async fn the_health_of_components_is_measured_when_its_module_is_chosen() {
    let series = "health_component_status{component=\"cache\",required=\"false\"}";
    let (failure, receiver) = watch::channel(None);
    let app_with = app("/healthy").module(Cache(receiver.clone()));
    let (running, address) = serve(app_with.module(HealthMetricsModule::new())).await;
    until(address, series, 1.0).await;
    failure.send_replace(Some("connection refused"));
    let samples = until(address, series, 0.5).await;
    assert_eq!(samples["health_ready"], 1.0, "it is optional");
    failure.send_replace(None);
    until(address, series, 1.0).await;
    running.drain().unwrap();
    until(address, "health_ready", 0.0).await;
    running.stop().await.unwrap();

    let (running, address) = serve(app("/unmeasured").module(Cache(receiver))).await;
    let (_, text) = call(address, "GET", "/metrics").await;
    assert!(!text.contains("health_"), "{text}");
    running.stop().await.unwrap();
}

/// Shows a part of: R-045.
#[tokio::test]
async fn reloads_are_measured() {
    if !alone("prometheus::reloads_are_measured") {
        return;
    }
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("default.toml");
    std::fs::write(&file, "").unwrap();
    let location = directory.path().to_owned();
    let app = app("/reloads").map_config(|loader| loader.with_location(location));
    let (running, address) = serve(app).await;
    let reloads = running.get::<Reloads>().unwrap();

    let outcome = reloads.reload(Trigger::Admin).await;
    assert!(matches!(outcome, Outcome::Unchanged { .. }), "{outcome:?}");
    let changed = "app.static-changes = \"apply-dynamic\"\napp.workers = 7\n";
    std::fs::write(&file, changed).unwrap();
    let applied = reloads.reload(Trigger::Admin).await.applied().unwrap();
    assert_eq!(applied.held, ["app.workers"]);
    let samples = parse(&call(address, "GET", "/metrics").await.1);
    assert_eq!(samples["config_static_changes_held"], 1.0);
    assert_eq!(samples["config_generation"], 2.0);
    assert_eq!(samples["config_reload_last_success"], 1.0);
    assert!(samples["config_reload_last_success_timestamp_seconds"] > 1.7e9);

    std::fs::write(&file, "app.workers = true\n").unwrap();
    assert!(reloads.reload(Trigger::Admin).await.applied().is_err());
    let samples = parse(&call(address, "GET", "/metrics").await.1);
    assert_eq!(samples["config_reload_last_success"], 0.0);
    for outcome in ["completed", "noop", "failed"] {
        let series = format!("config_reloads_total{{outcome=\"{outcome}\"}}");
        assert_eq!(samples[&series], 1.0, "{outcome}");
    }
    assert_eq!(samples["config_reload_duration_seconds_count"], 3.0);
    running.stop().await.unwrap();
}

/// Panics at the first event and fails at the second; of the others it holds one.
#[derive(Default)]
struct Unruly(AtomicUsize);

impl Observer for Unruly {
    fn observe<'a>(&'a self, _event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        assert_ne!(number, 0, "the first event");
        Box::pin(std::future::ready(match number {
            1 => Err(Error::validation("the second event")),
            _ => Ok(()),
        }))
    }

    fn options(&self) -> ObserverOptions {
        ObserverOptions::new("unruly")
    }
}

/// Has no room but for one event, which it never finishes.
struct Stuck;

impl Observer for Stuck {
    fn observe<'a>(&'a self, _event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(std::future::pending())
    }

    fn options(&self) -> ObserverOptions {
        ObserverOptions::new("stuck")
            .with_capacity(1)
            .with_patience(Duration::from_secs(3_600))
    }
}

#[tokio::test]
async fn observers_are_measured() {
    if !alone("prometheus::observers_are_measured") {
        return;
    }
    let (running, address) = start("/unobserved").await;
    let samples = parse(&call(address, "GET", "/metrics").await.1);
    let observed = samples.keys().any(|it| it.starts_with("observer_events"));
    assert!(!observed, "nobody observes");
    running.stop().await.unwrap();

    let app = app("/observed")
        .map_config(|loader| loader.with_value("app.stop-timeout", "100ms"))
        .observe(Arc::new(Unruly::default()))
        .observe(Arc::new(Stuck));
    let (running, address) = serve(app).await;
    let series = |observer: &str, outcome: &str| {
        format!("observer_events_total{{observer=\"{observer}\",outcome=\"{outcome}\"}}")
    };
    for status in loop {
        let all = running.events().observers();
        if all[0].waiting == 0 {
            break all;
        }
        tokio::task::yield_now().await;
    } {
        let samples = parse(&call(address, "GET", "/metrics").await.1);
        let counted = |outcome| samples[&series(&status.name, outcome)] as u64;
        assert_eq!(counted("delivered"), status.observed, "{status:?}");
        assert_eq!(
            counted("failed"),
            status.failed - status.panicked,
            "{status:?}"
        );
        assert_eq!(counted("panicked"), status.panicked, "{status:?}");
        assert_eq!(counted("dropped"), status.dropped, "{status:?}");
        match &*status.name {
            "unruly" => {
                assert_eq!((status.panicked, status.failed), (1, 2));
                assert!(status.observed > 0);
            }
            _ => assert!(status.dropped > 0 && status.observed == 0, "{status:?}"),
        }
    }
    // It is cut off, which is told.
    running.stop().await.ok();
}
