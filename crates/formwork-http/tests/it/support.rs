//! A service on a free port, and a client that sees every byte.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use formwork_app::{
    App, Declaration, Failures, HealthCheck, Module, Running, ServiceInfo, WireError, Wiring,
};
use formwork_config::{Environment, Loader};
use formwork_http::{HealthHistoryModule, HttpModule, ProbesModule, Routes, ServerAddress};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A module of routes and checks.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) routes: Vec<Routes>,
    pub(crate) checks: Vec<HealthCheck>,
}

impl Parts {
    pub(crate) fn of(router: Router) -> Self {
        Self {
            name: "parts",
            routes: vec![Routes::new("test", router)],
            checks: Vec::new(),
        }
    }
}

impl Module for Parts {
    fn declare(&self) -> Declaration {
        Declaration::new(self.name).contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        for routes in self.routes.drain(..) {
            wiring.contribute(Arc::new(routes))?;
        }
        for check in self.checks.drain(..) {
            wiring.health_check(check)?;
        }
        Ok(())
    }
}

pub(crate) fn app(settings: &[(&str, &str)]) -> App {
    let mut loader = Loader::new("test")
        .with_environment(Environment::default())
        .with_value("http.listen", "127.0.0.1:0")
        .with_value("health.details", "always");
    for (path, value) in settings {
        loader = loader.with_value(*path, *value);
    }
    App::new(ServiceInfo::new("test", "1.0.0"))
        .config(loader)
        .module(HttpModule::new())
        .module(ProbesModule::new())
        .module(HealthHistoryModule::new())
}

pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Service {
    pub(crate) async fn start(parts: Parts, settings: &[(&str, &str)]) -> Self {
        let running = app(settings).module(parts).start().await.unwrap();
        let address = running.get::<ServerAddress>().unwrap().get().unwrap();
        Self { running, address }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await.unwrap()
    }

    /// The answer to one request on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.connect().await.get(path).await
    }

    pub(crate) async fn stop(self) -> Result<(), Failures> {
        tokio::time::timeout(PATIENCE, self.running.stop())
            .await
            .expect("the service stops in time")
    }
}

pub(crate) struct Client(BufReader<TcpStream>);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(other, _)| other == name);
        header.map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body, which must be a problem of the answer's status.
    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        self.answer().await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("an answer in time")
            .expect("an answer")
    }

    /// Waits until the server closes the connection without another byte.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest));
        // A reset is an end as well.
        let _ = end.await.expect("the connection is closed in time");
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    async fn read(&mut self) -> io::Result<Answer> {
        let status_line = self.line().await?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| io::Error::other(format!("no status: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().map_err(io::Error::other)?];
            self.0.read_exact(&mut answer.body).await?;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let length = usize::from_str_radix(&self.line().await?, 16);
                let mut chunk = vec![0; length.map_err(io::Error::other)? + 2];
                self.0.read_exact(&mut chunk).await?;
                if chunk.len() == 2 {
                    break;
                }
                answer.body.extend(&chunk[..chunk.len() - 2]);
            }
        }
        Ok(answer)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        Ok(line.trim_end().to_owned())
    }
}
