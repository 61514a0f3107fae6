//! The questions an orchestrator asks: alive, ready, started, healthy.
//!
//! No probe asks a dependency anything: all read the last report.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use formwork_app::{
    Declaration, Health, Lifecycle, Module, Provision, Report, State as Life, Status, WireError,
    Wiring,
};
use serde::Serialize;

use super::{Disclosure, HealthConfig, no_store};
use crate::{Json, Path, Problem, Routes};

/// Answers `/livez`, `/readyz`, `/startupz`, `/health` and `/health/{group}`.
#[derive(Debug, Default)]
pub struct ProbesModule(());

impl ProbesModule {
    /// The module, to be configured under `health`.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Module for ProbesModule {
    fn declare(&self) -> Declaration {
        Declaration::new("probes")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<HealthConfig>("health")
            .offers(Provision::of::<Disclosure>().extra())
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let disclosure = Arc::new(Disclosure::of(wiring.config()?));
        wiring.provide(Arc::clone(&disclosure))?;
        let routes = routes(wiring.health(), wiring.lifecycle(), disclosure);
        wiring.contribute(Arc::new(routes))
    }
}

#[derive(Clone)]
struct Probes {
    health: Health,
    lifecycle: Lifecycle,
    disclosure: Arc<Disclosure>,
}

fn routes(health: Health, lifecycle: Lifecycle, disclosure: Arc<Disclosure>) -> Routes {
    let probes = Probes {
        health,
        lifecycle,
        disclosure,
    };
    let router = Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/startupz", get(started))
        .route("/health", get(health_of_all))
        .route("/health/{group}", get(health_of_group))
        .with_state(probes);
    Routes::new("probes", router).operational()
}

/// Would a restart help?
async fn live(State(probes): State<Probes>) -> Response {
    match probes.lifecycle.state() {
        Life::Failed => answer(false, &Short::of(Status::Unhealthy)),
        _ => answer(true, &Short::of(Status::Healthy)),
    }
}

/// Should work be sent here?
async fn ready(State(probes): State<Probes>) -> Response {
    let ready = probes.health.ready();
    let status = match probes.health.report().status {
        _ if !ready => Status::Unhealthy,
        Status::Healthy => Status::Healthy,
        _ => Status::Degraded,
    };
    let state = Some(probes.lifecycle.state().as_str());
    answer(ready, &Short { status, state })
}

/// Has it started?
async fn started(State(probes): State<Probes>) -> Response {
    let state = probes.lifecycle.state();
    let started = !matches!(state, Life::Constructed | Life::Starting | Life::Failed);
    let status = if started {
        Status::Healthy
    } else {
        Status::Unhealthy
    };
    let state = Some(state.as_str());
    answer(started, &Short { status, state })
}

async fn health_of_all(State(probes): State<Probes>, headers: HeaderMap) -> Response {
    answer_report(probes.disclosure.shows(&headers), &probes.health.report())
}

async fn health_of_group(
    State(probes): State<Probes>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = probes.health.group(&group).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND)
            .with_detail(format!("there is no component or group `{group}`"))
    })?;
    Ok(answer_report(probes.disclosure.shows(&headers), &report))
}

/// A status without its components.
#[derive(Serialize)]
struct Short {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

impl Short {
    fn of(status: Status) -> Self {
        Self {
            status,
            state: None,
        }
    }
}

fn answer_report(in_full: bool, report: &Report) -> Response {
    let serving = report.status.is_serving();
    if in_full {
        answer(serving, report)
    } else {
        answer(serving, &Short::of(report.status))
    }
}

fn answer(well: bool, body: &impl Serialize) -> Response {
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, no_store(), Json(body)).into_response()
}
