//! A service with tenants on a free port, and its files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use formwork_app::event::{Event, Observer};
use formwork_app::{App, Declaration, Error, Module, Running, ServiceInfo, WireError, Wiring};
use formwork_config::{Config, Environment, Loader};
use formwork_domain::{BoxFuture, TenantId};
use formwork_http::{HttpModule, ProbesModule, Routes, ServerAddress};
use formwork_tenancy::http::ResolutionModule;
use formwork_tenancy::{Tenancy, TenancyModule};
use formwork_test::eventually;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn id(name: &str) -> TenantId {
    TenantId::new(name).expect("a tenant")
}

/// What tenants may have of their own.
#[derive(Debug, Clone, Config)]
pub(crate) struct ShopConfig {
    /// What they are greeted with.
    #[config(default = "hello", tenant, dynamic)]
    pub(crate) greeting: String,
    /// How many orders they may have.
    #[config(default = 10, range(min = 1, max = 1000), tenant, dynamic)]
    pub(crate) orders: u32,
    /// The same for all.
    #[config(default = 1, dynamic)]
    pub(crate) workers: u32,
}

/// The files of a configuration.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new(base: &str) -> Self {
        let files = Self(TempDir::new().expect("a folder"));
        std::fs::create_dir(files.path().join("tenants")).expect("a folder");
        files.base(base);
        files
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn base(&self, text: &str) {
        std::fs::write(self.path().join("default.toml"), text).expect("a file");
    }

    pub(crate) fn tenant(&self, name: &str, text: &str) {
        let folder = self.path().join("tenants");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.toml")), text).expect("a file");
    }

    /// Without a tenant's file, without the folder of them.
    pub(crate) fn forget_folder(&self) {
        std::fs::remove_dir(self.path().join("tenants")).expect("it is empty");
    }

    pub(crate) fn forget(&self, tenant: &str) {
        let path = self.path().join("tenants").join(format!("{tenant}.toml"));
        std::fs::remove_file(path).expect("there is a file");
    }

    pub(crate) fn app(&self) -> App {
        let loader = Loader::new("shop")
            .with_environment(Environment::default())
            .with_location(self.path());
        App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(loader)
            .module(TenancyModule::new())
    }
}

/// Declares `shop`, contributes routes, gates and probes.
pub(crate) struct Shop(pub(crate) Option<Router>);

impl Module for Shop {
    fn declare(&self) -> Declaration {
        Declaration::new("shop")
            .config::<ShopConfig>("shop")
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        match self.0.take() {
            Some(router) => wiring.contribute(Arc::new(Routes::new("shop", router))),
            None => Ok(()),
        }
    }

    /// Everything of it is read where it is used.
    fn prepare<'a>(
        &'a mut self,
        _: &'a formwork_app::Reload,
        _: &'a formwork_app::Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn formwork_app::Commit>>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

/// The application with an HTTP server.
pub(crate) fn with_http(app: App, router: Router) -> App {
    app.map_config(|loader| loader.with_value("http.listen", "127.0.0.1:0"))
        .module(ResolutionModule::new())
        .module(HttpModule::new())
        .module(ProbesModule::new())
        .module(Shop(Some(router)))
}

/// What happened, as `kind subject`.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Event>>>);

impl Observer for Journal {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        self.0.lock().expect("not poisoned").push(event.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Journal {
    /// Events about tenants, as `kind subject data`.
    pub(crate) fn tenants(&self) -> Vec<String> {
        let events = self.0.lock().expect("not poisoned");
        let events = events.iter().filter_map(|event| {
            let kind = event.kind.strip_prefix("formwork.tenant.")?;
            Some(format!("{kind} {} {}", event.subject, event.data))
        });
        events.collect()
    }

    pub(crate) async fn until(&self, line: &str) {
        eventually(line, PATIENCE, async || {
            self.tenants().iter().any(|it| it == line)
        })
        .await;
    }
}

pub(crate) fn tenancy(running: &Running) -> Arc<Tenancy> {
    running.get::<Tenancy>().expect("the tenants")
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// The status and, of a problem, the last part of its type; of anything else the body.
    pub(crate) fn brief(&self) -> String {
        if self.headers.get("content-type").map(String::as_str) != Some("application/problem+json")
        {
            return format!("{} {}", self.status, self.body);
        }
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(problem["status"], self.status);
        let kind = problem["type"].as_str().expect("a type");
        format!(
            "{} {}",
            self.status,
            kind.trim_start_matches("urn:problem-type:")
        )
    }
}

/// One request on a connection of its own. `Host` is `shop.example` unless a header says otherwise.
pub(crate) async fn get(running: &Running, path: &str, headers: &[(&str, &str)]) -> Answer {
    let address = running.get::<ServerAddress>().expect("a server").get();
    let mut stream = TcpStream::connect(address.expect("an address"))
        .await
        .expect("a connection");
    let mut text = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        text.push_str("host: shop.example\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer));
    read.await.expect("in time").expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status
            .and_then(|status| status.parse().ok())
            .expect("a status"),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}
