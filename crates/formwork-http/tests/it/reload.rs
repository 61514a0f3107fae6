//! The server while its configuration changes.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use formwork_app::{App, Applied, Outcome, Reloads, Running, ServiceInfo, Trigger};
use formwork_config::{Environment, Loader};
use formwork_http::{HttpModule, ProbesModule, ServerAddress};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::support::{Client, Parts};

/// A service whose configuration is a file.
struct Tuned {
    directory: TempDir,
    running: Running,
}

impl Tuned {
    async fn start(text: &str, router: Router) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("default.toml"), text).unwrap();
        let loader = Loader::new("test")
            .with_environment(Environment::default())
            .with_location(directory.path());
        let app = App::new(ServiceInfo::new("test", "1.0.0"))
            .config(loader)
            .module(HttpModule::new())
            .module(ProbesModule::new())
            .module(Parts::of(router));
        let running = app.start().await.unwrap();
        Self { directory, running }
    }

    fn address(&self) -> SocketAddr {
        let address = self.running.get::<ServerAddress>().unwrap();
        address.get().unwrap()
    }

    async fn connect(&self) -> Client {
        Client::connect(self.address()).await.unwrap()
    }

    async fn reload(&self, text: &str) -> Outcome {
        std::fs::write(self.directory.path().join("default.toml"), text).unwrap();
        let reloads = self.running.get::<Reloads>().unwrap();
        reloads.reload(Trigger::Program).await
    }

    async fn applied(&self, text: &str) -> Applied {
        self.reload(text).await.applied().unwrap()
    }
}

const BASE: &str = "http.listen = \"127.0.0.1:0\"\n";

async fn echo(body: Bytes) -> Bytes {
    body
}

/// Limits change for the next request, also on a connection that is open.
/// Shows a part of: R-045.
#[tokio::test]
async fn limits_change_on_open_connections() {
    let router = Router::new()
        .route("/echo", post(echo))
        .route("/", get(async || "x"));
    let service = Tuned::start(&format!("{BASE}http.body-limit = 4\n"), router).await;
    let mut client = service.connect().await;
    assert_eq!(client.post("/echo", "1234567890").await.status, 413);

    let mut client = service.connect().await;
    assert_eq!(client.post("/echo", "1234").await.status, 200);
    service
        .applied(&format!("{BASE}http.body-limit = 10\n"))
        .await;
    assert_eq!(
        client.post("/echo", "1234567890").await.text(),
        "1234567890"
    );

    let origin = "GET / HTTP/1.1\r\nhost: test\r\norigin: https://a.example\r\n\r\n";
    client.send(origin).await;
    assert_eq!(
        client.answer().await.header("access-control-allow-origin"),
        None
    );
    service
        .applied(&format!(
            "{BASE}http.cors-origins = [\"https://a.example\"]\n"
        ))
        .await;
    client.send(origin).await;
    let answer = client.answer().await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://a.example")
    );
    service.running.stop().await.unwrap();
}

/// A limit of the rate comes and goes; what operates the service is not under it.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_rate_limit_reloads() {
    let router = Router::new().route("/", get(async || "x"));
    let service = Tuned::start(BASE, router).await;
    let mut client = service.connect().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.status, 200);
    }
    // One a second and two at once: a slow machine would have to need a second for one request.
    let limited = format!("{BASE}http.rate-limit = 1\nhttp.rate-burst = 2\n");
    service.applied(&limited).await;
    let mut refused = None;
    for _ in 0..100 {
        let answer = client.get("/").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("more than two requests in a second are too many");
    assert_eq!(refused.problem()["type"], "urn:problem-type:rate-limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(client.get("/livez").await.status, 200);

    service.applied(BASE).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.status, 200);
    }
    service.running.stop().await.unwrap();
}

/// Requests in flight and bodies that stream go on as they were begun; places stay taken.
/// Shows a part of: R-045.
#[tokio::test]
async fn what_is_in_flight_survives() {
    let gate = Arc::new(Semaphore::new(0));
    let entered = Arc::new(Semaphore::new(0));
    let router = Router::new().route("/slow", {
        let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
        get(async move || {
            entered.add_permits(1);
            let chunks = futures_util::stream::unfold((gate, 0), async |(gate, count)| {
                gate.acquire().await.unwrap().forget();
                let chunk: Result<_, std::io::Error> = Ok(Bytes::from("chunk "));
                (count < 2).then_some((chunk, (gate, count + 1)))
            });
            Body::from_stream(chunks)
        })
    });
    let router = router.route("/", get(async || "x"));
    let service = Tuned::start(BASE, router).await;
    let mut slow = service.connect().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    entered.acquire().await.unwrap().forget();
    gate.add_permits(1);

    let address = service.address();
    let applied = service
        .applied(&format!("{BASE}http.request-timeout = \"1s\"\n"))
        .await;
    assert_eq!(applied.generation, 2);
    assert_eq!(
        service.address(),
        address,
        "a listener that did not change stays"
    );
    assert_eq!(service.connect().await.get("/").await.status, 200);

    gate.add_permits(2);
    assert_eq!(slow.answer().await.text(), "chunk chunk ");
    assert_eq!(
        slow.get("/").await.text(),
        "x",
        "the connection is still open"
    );
    service.running.stop().await.unwrap();
}

/// A new address is bound before anything changes; connections to the old one end after the
/// request they are working on.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_listener_moves() {
    let gate = Arc::new(Semaphore::new(0));
    let entered = Arc::new(Semaphore::new(0));
    let router = Router::new().route("/slow", {
        let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
        get(async move || {
            entered.add_permits(1);
            gate.acquire().await.unwrap().forget();
            "done"
        })
    });
    let router = router.route("/", get(async || "x"));
    let service = Tuned::start(BASE, router).await;
    let before = service.address();
    let mut idle = service.connect().await;
    assert_eq!(idle.get("/").await.status, 200);
    let mut busy = service.connect().await;
    busy.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    entered.acquire().await.unwrap().forget();

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let next = free.local_addr().unwrap();
    // Somebody else listens there: nothing changes.
    let moved = format!("http.listen = \"{next}\"\n");
    let Outcome::Failed(error) = service.reload(&moved).await else {
        panic!("the port is taken");
    };
    let text = error.to_string();
    assert!(
        text.starts_with("module `http` could not prepare: cannot listen on"),
        "{text}"
    );
    assert_eq!(service.address(), before);
    assert_eq!(idle.get("/").await.status, 200);

    drop(free);
    service.applied(&moved).await;
    assert_eq!(service.address(), next);
    assert_eq!(service.connect().await.get("/").await.status, 200);
    idle.closed().await;
    gate.add_permits(1);
    assert_eq!(busy.answer().await.text(), "done");
    busy.closed().await;
    assert!(
        Client::connect(before).await.is_err(),
        "nobody listens there any more"
    );
    service.running.stop().await.unwrap();
}

/// Who outstays `app.drain-timeout` on the old address is cut off.
/// Shows a part of: R-045.
#[tokio::test]
async fn connections_of_the_old_listener_are_cut_off_in_the_end() {
    let entered = Arc::new(Semaphore::new(0));
    let router = Router::new().route("/hang", {
        let entered = Arc::clone(&entered);
        get(async move || {
            entered.add_permits(1);
            std::future::pending::<()>().await;
        })
    });
    let base = "app.drain-timeout = \"10ms\"\n";
    let service = Tuned::start(&format!("{base}{BASE}"), router).await;
    let mut hanging = service.connect().await;
    hanging
        .send("GET /hang HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    entered.acquire().await.unwrap().forget();

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let next = free.local_addr().unwrap();
    drop(free);
    service
        .applied(&format!("{base}http.listen = \"{next}\"\n"))
        .await;
    hanging.closed().await;
    service.running.stop().await.unwrap();
}

/// More connections are let in at once; fewer close none that is open.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_number_of_connections_reloads() {
    let router = Router::new().route("/", get(async || "x"));
    let service = Tuned::start(&format!("{BASE}http.max-connections = 1\n"), router).await;
    let mut first = service.connect().await;
    assert_eq!(first.get("/").await.status, 200);
    let mut second = service.connect().await;
    second.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;

    service
        .applied(&format!("{BASE}http.max-connections = 2\n"))
        .await;
    assert_eq!(second.answer().await.status, 200);
    service
        .applied(&format!("{BASE}http.max-connections = 1\n"))
        .await;
    assert_eq!(first.get("/").await.status, 200);
    assert_eq!(second.get("/").await.status, 200);
    service.running.stop().await.unwrap();
}

/// Runs a test in a process of its own, where memory and descriptors are its alone. Returns
/// whether this is that process.
fn alone(test: &str) -> bool {
    const ALONE: &str = "FORMWORK_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]).env(ALONE, "1");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    false
}

/// The memory in use, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A thousand reloads under load: no request fails, and memory and descriptors stay.
/// Shows a part of: R-045.
#[test]
fn a_thousand_reloads_under_load() {
    if !alone("reload::a_thousand_reloads_under_load") {
        return;
    }
    const CLIENTS: usize = 4;
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let router = Router::new().route("/echo", post(echo));
        let service = Tuned::start(BASE, router).await;
        let address = service.address();
        let over = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
                tokio::spawn(async move {
                    let mut client = Client::connect(address).await.unwrap();
                    while !over.load(Ordering::Relaxed) {
                        let answer = client.post("/echo", "hello").await;
                        assert_eq!((answer.status, answer.text()), (200, "hello"));
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();

        let mut after_warm_up = (0, 0);
        for number in 0..1_200_u64 {
            let text = format!(
                "{BASE}http.body-limit = {}\nhttp.max-concurrency = {}\nhttp.rate-limit = 1000000\n\
                 http.rate-burst = {}\nhttp.compression = {}\n",
                1_000 + number,
                100 + number,
                100_000 + number % 3,
                number % 2 == 0,
            );
            let applied = service.applied(&text).await;
            assert_eq!(applied.generation, number + 2);
            if number == 200 {
                after_warm_up = (resident(), descriptors());
            }
        }
        let end = (resident(), descriptors());
        over.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("no request fails");
        }
        let answered = answered.load(Ordering::Relaxed);
        eprintln!("{answered} requests; KiB and descriptors {after_warm_up:?}, then {end:?}");
        assert!(answered > CLIENTS, "{answered}");
        assert_eq!(end.1, after_warm_up.1, "descriptors");
        // A generation that stayed would be more than 10 KiB, a thousand of them 10 MiB.
        assert!(
            end.0 < after_warm_up.0 + 4 * 1_024,
            "{after_warm_up:?}, then {end:?}"
        );
        let stopped = tokio::time::timeout(Duration::from_secs(20), service.running.stop());
        stopped.await.unwrap().unwrap();
    });
}
