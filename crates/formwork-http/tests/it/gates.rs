//! What modules let pass, and what not.

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_domain::TenantId;
use formwork_http::{Gate, OperationContext, Peer, Problem, Routes, ServerAddress};

use crate::support::{Client, app};

/// Notes its name, refuses `/refused`, and takes `/as/{tenant}` off the path.
struct Named(&'static str, i32);

#[derive(Clone, Default)]
struct Passed(Vec<&'static str>);

impl Gate for Named {
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem> {
        let mut passed = parts.extensions.remove::<Passed>().unwrap_or_default();
        passed.0.push(self.0);
        parts.extensions.insert(passed);
        match parts.uri.path() {
            "/refused" => Err(Problem::new(StatusCode::FORBIDDEN).with_detail(self.0)),
            _ => Ok(()),
        }
    }

    fn order(&self) -> i32 {
        self.1
    }

    fn routes(&self) -> bool {
        self.0 == "first"
    }

    fn route(&self, parts: &mut Parts) -> Option<Uri> {
        let (tenant, rest) = parts.uri.path().strip_prefix("/as/")?.split_once('/')?;
        parts.extensions.insert(TenantId::new(tenant).ok()?);
        format!("/{rest}").parse().ok()
    }
}

struct Guarded;

impl Module for Guarded {
    fn declare(&self) -> Declaration {
        Declaration::new("guarded")
            .contributes::<Routes>()
            .contributes::<dyn Gate>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        for (name, order) in [("third", 2), ("first", -1), ("second", 1)] {
            wiring.contribute::<dyn Gate>(Arc::new(Named(name, order)))?;
        }
        let passed = |passed: Option<Extension<Passed>>| async move {
            passed.map_or_else(String::new, |Extension(passed)| passed.0.join(" "))
        };
        let router = Router::new()
            .route("/passed", get(passed))
            .route("/refused", get(async || "let in"))
            .route(
                "/peer",
                get(async |Extension(peer): Extension<Peer>| peer.0.to_string()),
            )
            .route(
                "/tenant",
                get(async |context: OperationContext| {
                    context.tenant.map_or_else(String::new, |it| it.to_string())
                }),
            );
        wiring.contribute(Arc::new(Routes::new("guarded", router)))?;
        let router = Router::new().route("/operators", get(passed));
        wiring.contribute(Arc::new(Routes::new("operators", router).operational()))
    }
}

#[tokio::test]
async fn every_request_for_callers_passes_the_gates_in_their_order() {
    let running = app(&[]).module(Guarded).start().await.unwrap();
    let address = running.get::<ServerAddress>().unwrap().get().unwrap();
    let mut client = Client::connect(address).await.unwrap();
    assert_eq!(client.get("/passed").await.text(), "first second third");
    assert_eq!(client.get("/operators").await.text(), "");

    let refused = client.get("/refused").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.problem()["detail"], "first");
    assert!(refused.header("x-request-id").is_some());
    assert_eq!(client.get("/nowhere").await.status, 404);

    assert_eq!(client.get("/tenant").await.text(), "");
    assert_eq!(client.get("/as/acme/tenant").await.text(), "acme");
    assert_eq!(client.get("/as/acme/nowhere").await.status, 404);
    assert!(client.get("/peer").await.text().starts_with("127.0.0.1:"));
    running.stop().await.unwrap();
}

/// Panics where the path says so.
struct Broken;

impl Gate for Broken {
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem> {
        assert_ne!(parts.uri.path(), "/admit", "broken");
        Ok(())
    }

    fn routes(&self) -> bool {
        true
    }

    fn route(&self, parts: &mut Parts) -> Option<Uri> {
        assert_ne!(parts.uri.path(), "/route", "broken");
        None
    }
}

struct BrokenModule;

impl Module for BrokenModule {
    fn declare(&self) -> Declaration {
        Declaration::new("broken")
            .contributes::<Routes>()
            .contributes::<dyn Gate>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.contribute::<dyn Gate>(Arc::new(Broken))?;
        let router = Router::new()
            .route("/admit", get(async || "let in"))
            .route("/route", get(async || "let in"))
            .route("/fine", get(async || "let in"));
        wiring.contribute(Arc::new(Routes::new("broken", router)))
    }
}

/// A gate that panics lets nobody in, and takes no connection down.
#[tokio::test]
async fn a_gate_that_panics_is_an_internal_error() {
    let running = app(&[]).module(BrokenModule).start().await.unwrap();
    let address = running.get::<ServerAddress>().unwrap().get().unwrap();
    let mut client = Client::connect(address).await.unwrap();
    for path in ["/admit", "/route"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 500, "{path}");
        answer.problem();
    }
    assert_eq!(client.get("/fine").await.text(), "let in");
    running.stop().await.unwrap();
}
