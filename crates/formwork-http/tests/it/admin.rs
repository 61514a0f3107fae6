//! What operators may look at and do.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use formwork_app::{
    App, Commit, Context, Declaration, Error, Module, Reload, Running, ServiceInfo,
};
use formwork_config::{Config, Environment, Loader};
use formwork_domain::BoxFuture;
use formwork_http::{AdminModule, HttpModule, ProbesModule, ServerAddress};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::support::{Answer, Client, Parts};

const TOKEN: &str = "a-token-of-operators";
const BASE: &str = "http.listen = \"127.0.0.1:0\"\nadmin.token = \"a-token-of-operators\"\n";

struct Service {
    directory: TempDir,
    running: Running,
}

fn app(text: &str) -> (TempDir, App) {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("default.toml"), text).unwrap();
    let loader = Loader::new("test")
        .with_environment(Environment::default())
        .with_location(directory.path());
    let app = App::new(ServiceInfo::new("test", "1.0.0"))
        .config(loader)
        .module(HttpModule::new())
        .module(ProbesModule::new())
        .module(AdminModule::new())
        .module(Parts::of(Router::new().route("/", get(async || "x"))));
    (directory, app)
}

impl Service {
    async fn start(text: &str) -> Self {
        let (directory, app) = app(text);
        let running = app.start().await.unwrap();
        Self { directory, running }
    }

    fn write(&self, text: &str) {
        std::fs::write(self.directory.path().join("default.toml"), text).unwrap();
    }

    async fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let address = self.running.get::<ServerAddress>().unwrap().get().unwrap();
        let mut client = Client::connect(address).await.unwrap();
        let length = "content-length: 0";
        client
            .send(&format!(
                "{method} {path} HTTP/1.1\r\nhost: test\r\n{length}\r\n{headers}\r\n"
            ))
            .await;
        client.answer().await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &format!("authorization: Bearer {TOKEN}\r\n"))
            .await
    }

    async fn reload(&self, if_match: Option<&str>) -> Answer {
        let condition = if_match.map(|tag| format!("if-match: {tag}\r\n"));
        let condition = condition.unwrap_or_default();
        let headers = format!("authorization: Bearer {TOKEN}\r\n{condition}");
        self.ask("POST", "/admin/config/reload", &headers).await
    }
}

/// Nobody is let in without the token, and without a token nothing starts.
#[tokio::test]
async fn only_the_token_opens() {
    let service = Service::start(BASE).await;
    for headers in [
        "",
        "authorization: Bearer wrong-token-of-somebody\r\n",
        "authorization: Bearer \r\n",
        "authorization: Basic a-token-of-operators\r\n",
        "authorization: Bearer a-token-of-operator\r\n",
        "authorization: Bearer a-token-of-operators, Bearer a-token-of-operators\r\n",
        "authorization: Bearer \u{e9}-token-of-operators\r\n",
        // Which of the two somebody in front has looked at is not known.
        "authorization: Bearer a-token-of-operators\r\nauthorization: Bearer another-token\r\n",
    ] {
        for path in [
            "/admin/config",
            "/admin/config/reload",
            "/admin/modules",
            "/admin/timeline",
            "/admin/graph",
            "/admin/health",
        ] {
            let answer = service.ask("GET", path, headers).await;
            assert_eq!(answer.status, 401, "{path} {headers}");
            assert_eq!(answer.problem()["title"], "Unauthorized");
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"admin\"")
            );
        }
        let answer = service.ask("POST", "/admin/config/reload", headers).await;
        assert_eq!(answer.status, 401, "{headers}");
    }
    service.running.stop().await.unwrap();

    for (without, path) in [
        ("http.listen = \"127.0.0.1:0\"\n", "admin.token"),
        (
            "http.listen = \"127.0.0.1:0\"\nadmin.token = \"short\"\n",
            "admin.token",
        ),
    ] {
        let (_directory, app) = app(without);
        let error = app.start().await.expect_err("no token").to_string();
        assert!(error.contains(path), "{error}");
        assert!(!error.contains("short"), "{error}");
    }
}

/// The token itself is rotated by a reload.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_token_rotates() {
    let service = Service::start(BASE).await;
    service.write(&BASE.replace(TOKEN, "another-token-of-operators"));
    assert_eq!(service.reload(None).await.status, 200);
    assert_eq!(service.get("/admin/config").await.status, 401);
    let headers = "authorization: Bearer another-token-of-operators\r\n";
    assert_eq!(
        service.ask("GET", "/admin/config", headers).await.status,
        200
    );
    service.running.stop().await.unwrap();
}

/// The configuration has an entity tag; a reload that expects another one is 412 and does nothing.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_reload_expects_a_generation() {
    let service = Service::start(BASE).await;
    let shown = service.get("/admin/config").await;
    let first = shown.header("etag").unwrap().to_owned();
    let rows = shown.json()["rows"].as_array().unwrap().clone();
    let token = rows
        .iter()
        .find(|row| row["path"] == "admin.token")
        .unwrap();
    assert_eq!(token["value"], "<redacted>");
    assert!(!shown.text().contains(TOKEN));

    let changed = format!("{BASE}http.body-limit = 7\n");
    service.write(&changed);
    let wrong = service.reload(Some("\"1-0011223344556677\"")).await;
    assert_eq!(wrong.status, 412);
    wrong.problem();
    assert_eq!(service.running.snapshot().generation(), 1);

    let done = service.reload(Some(&first)).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["outcome"], "completed");
    assert_eq!(done.json()["generation"], 2);
    assert_eq!(done.json()["paths"], serde_json::json!(["http.body-limit"]));
    let second = service
        .get("/admin/config")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    assert_eq!(done.header("etag"), Some(&*second));
    assert_ne!(first, second);

    assert_eq!(service.reload(Some(&first)).await.status, 412);
    let noop = service.reload(Some("*")).await;
    assert_eq!(
        (noop.status, &noop.json()["outcome"]),
        (200, &"noop".into())
    );
    let status = service.get("/admin/config/reload").await.json();
    assert_eq!(status["generation"], 2);
    assert_eq!(status["last"]["outcome"], "noop");
    assert_eq!(status["last"]["trigger"], "admin");
    service.running.stop().await.unwrap();
}

/// A module that prepares when it is let.
#[derive(Clone, Default)]
struct Gated {
    preparing: Arc<Notify>,
    go: Arc<Notify>,
}

/// What the module is told.
#[derive(Debug, Config)]
struct Knob {
    /// Taken over while it runs.
    #[config(default = 1, dynamic)]
    #[allow(dead_code, reason = "only its change matters")]
    size: u32,
}

impl Module for Gated {
    fn declare(&self) -> Declaration {
        Declaration::new("gated").config::<Knob>("gated")
    }

    fn prepare<'a>(
        &'a mut self,
        _reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async {
            self.preparing.notify_one();
            self.go.notified().await;
            Ok(None)
        })
    }
}

/// Of several that expect the generation in force one reloads, also when the others ask before it
/// is done.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_generation_is_reloaded_once() {
    let gated = Gated::default();
    let (directory, app) = app(BASE);
    let running = app.module(gated.clone()).start().await.unwrap();
    let service = Service { directory, running };
    let shown = service.get("/admin/config").await;
    let tag = shown.header("etag").unwrap();

    service.write(&format!("{BASE}gated.size = 2\n"));
    let first = service.reload(Some(tag));
    let second = async {
        gated.preparing.notified().await;
        service.write(&format!("{BASE}gated.size = 3\n"));
        let release = async {
            // So that the second one has been looked at: the answer is the same if not.
            for _ in 0..20 {
                service.get("/admin/config").await;
            }
            gated.go.notify_one();
        };
        tokio::join!(service.reload(Some(tag)), release).0
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.status), (200, 412));
    assert_eq!(first.json()["generation"], 2);
    let present = service.get("/admin/config").await;
    let detail = second.problem()["detail"].clone();
    let present = present.header("etag").unwrap();
    assert_eq!(detail, format!("the generation in force is {present}"));
    assert_eq!(service.running.snapshot().generation(), 2);
    service.running.stop().await.unwrap();
}

/// `If-Match` may list several entity tags, in one header or in many; weak ones match nothing, and
/// what is no entity tag is refused.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_reload_may_expect_one_of_several_generations() {
    let service = Service::start(BASE).await;
    let shown = service.get("/admin/config").await;
    let tag = shown.header("etag").unwrap().to_owned();
    let other = "\"1-0011223344556677\"";
    for (headers, status) in [
        (format!("if-match: {other}, {tag}\r\n"), 200),
        (format!("if-match: {other}\r\nif-match: {tag}\r\n"), 200),
        (format!("if-match: {tag}\r\nif-match: {other}\r\n"), 200),
        ("if-match: *\r\n".to_owned(), 200),
        (format!("if-match: W/{tag}\r\n"), 412),
        (format!("if-match: {other}, W/{tag}\r\n"), 412),
        (format!("if-match: {other}\r\nif-match: {other}\r\n"), 412),
        ("if-match: \"\"\r\n".to_owned(), 412),
        ("if-match: \r\n".to_owned(), 400),
        ("if-match: 1\r\n".to_owned(), 400),
        (format!("if-match: {tag} {tag}\r\n"), 400),
        ("if-match: \u{e9}\r\n".to_owned(), 400),
    ] {
        let authorized = format!("authorization: Bearer {TOKEN}\r\n{headers}");
        let answer = service
            .ask("POST", "/admin/config/reload", &authorized)
            .await;
        assert_eq!(answer.status, status, "{headers} {}", answer.text());
    }
    service.running.stop().await.unwrap();
}

/// What is refused is told in full, and nothing of it is in force.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_refused_reload_tells_every_mistake() {
    let service = Service::start(BASE).await;
    service.write(&format!(
        "{BASE}http.body-limit = \"big\"\nhttp.keep-alive = \"0s\"\nhttp.lissen = 1\n"
    ));
    let invalid = service.reload(None).await;
    assert_eq!(invalid.status, 422);
    let violations = invalid.problem()["violations"].clone();
    let mut codes: Vec<_> = violations
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["path"].as_str().unwrap(),
                it["code"].as_str().unwrap()
            )
        })
        .collect();
    codes.sort();
    assert_eq!(
        codes,
        [
            "http.body-limit type",
            "http.keep-alive range",
            "http.lissen unknown"
        ]
    );
    // Asked again with the same file: the same answer.
    assert_eq!(
        service.reload(None).await.problem()["violations"],
        violations
    );

    service.write(&format!("{BASE}app.workers = 3\nhttp.body-limit = 5\n"));
    let fixed = service.reload(None).await;
    assert_eq!(fixed.status, 409);
    assert_eq!(fixed.problem()["type"], "urn:problem-type:static-values");
    assert_eq!(fixed.problem()["violations"][0]["path"], "app.workers");

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    service.write(&BASE.replace("127.0.0.1:0", &address.to_string()));
    let unprepared = service.reload(None).await;
    assert_eq!(unprepared.status, 409);
    assert_eq!(
        unprepared.problem()["type"],
        "urn:problem-type:not-prepared"
    );
    assert_eq!(service.running.snapshot().generation(), 1);

    let health = service.get("/admin/health").await.json();
    assert_eq!(health["status"], "degraded");
    service.running.stop().await.unwrap();
}

/// Modules, their order and what ties them.
#[tokio::test]
async fn what_the_application_is_made_of_can_be_looked_at() {
    let service = Service::start(BASE).await;
    let modules = service.get("/admin/modules").await.json();
    let names: Vec<_> = modules["modules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|module| module["name"].as_str().unwrap().to_owned())
        .collect();
    for name in ["admin", "http", "probes", "parts"] {
        assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
    }
    assert!(service.get("/admin/graph").await.text().contains("http"));
    assert!(
        service
            .get("/admin/graph?format=dot")
            .await
            .text()
            .starts_with("digraph")
    );
    assert_eq!(service.get("/admin/graph?format=svg").await.status, 400);
    assert_eq!(service.get("/admin/timeline").await.status, 200);
    assert_eq!(service.get("/admin/nothing").await.status, 404);
    service.running.stop().await.unwrap();
}

/// With an address of its own, the service's port knows nothing of it.
#[tokio::test]
async fn operators_may_have_a_port_of_their_own() {
    // Which port is free is known only until somebody takes it: then another one is tried.
    let (service, own) = loop {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = free.local_addr().unwrap();
        drop(free);
        let (directory, app) = app(&format!("{BASE}admin.listen = \"{own}\"\n"));
        match app.start().await {
            Ok(running) => break (Service { directory, running }, own),
            Err(error) => assert!(error.to_string().contains("another process"), "{error}"),
        }
    };
    assert_eq!(service.get("/admin/config").await.status, 404);
    let mut client = Client::connect(own).await.unwrap();
    assert_eq!(client.get("/admin/health").await.status, 401);
    client
        .send(&format!(
            "GET /admin/health HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
        ))
        .await;
    assert_eq!(client.answer().await.status, 200);
    service.running.stop().await.unwrap();
    assert!(Client::connect(own).await.is_err());
}

/// A start that fails, a reload that is refused and an answer to somebody with another token say
/// nothing of the right one.
///
/// Proves: R-049.
#[tokio::test]
async fn no_failure_shows_the_token() {
    let said = |error: &(dyn std::error::Error + 'static)| -> String {
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes
            .map(|cause| format!("{cause}\n{cause:?}\n"))
            .collect()
    };
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!("http.listen = \"{address}\"\nadmin.token = \"{TOKEN}\"\n");
    let (_directory, app) = app(&text);
    let failed = app.start().await.expect_err("the port is taken");
    let failed = said(&failed);
    assert!(failed.contains(&address.to_string()), "{failed}");

    let service = Service::start(BASE).await;
    service.write(&format!(
        "{BASE}http.listen = 7\nadmin.tokens = \"{TOKEN}\"\n"
    ));
    let refused = service.reload(None).await;
    let stranger = service
        .ask(
            "GET",
            "/admin",
            "authorization: Bearer another-token-of-somebody\r\n",
        )
        .await;
    for text in [failed, format!("{refused:?}"), format!("{stranger:?}")] {
        assert!(!text.contains(TOKEN), "{text}");
        assert!(!text.contains("another-token"), "{text}");
    }
}
