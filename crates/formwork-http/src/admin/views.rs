//! What there is to look at.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use formwork_config::Snapshot;
use serde::{Deserialize, Serialize};

use super::Desk;
use crate::health::no_store;
use crate::{Json, Problem, Query};

/// The entity tag of a generation. The digest is salted for this process: the same number of
/// another one does not match.
pub(super) fn tag(snapshot: &Snapshot) -> String {
    let digest = snapshot.hash();
    let digest: String = digest[..8].iter().map(|it| format!("{it:02x}")).collect();
    format!("\"{}-{digest}\"", snapshot.generation())
}

pub(super) async fn config(State(desk): State<Desk>) -> Response {
    let snapshot = desk.reloads.current();
    let tag = [(header::ETAG, tag(&snapshot))];
    (tag, no_store(), Json(snapshot.explain())).into_response()
}

pub(super) async fn modules(State(desk): State<Desk>) -> Response {
    #[derive(Serialize)]
    struct Body<T> {
        modules: T,
    }
    let modules = desk.inventory.modules();
    (no_store(), Json(Body { modules })).into_response()
}

pub(super) async fn timeline(State(desk): State<Desk>) -> Result<Response, Problem> {
    let timeline = desk.inventory.timeline().ok_or_else(|| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE)
            .with_detail("not everything has started yet")
            .with_retry_after(1)
    })?;
    Ok((no_store(), Json(timeline)).into_response())
}

/// How a graph is drawn.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Mermaid,
    Dot,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GraphQuery {
    #[serde(default)]
    format: Format,
}

pub(super) async fn graph(
    State(desk): State<Desk>,
    Query(query): Query<GraphQuery>,
) -> Result<Response, Problem> {
    let graph = desk.inventory.graph();
    let graph = graph.ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE))?;
    let text = match query.format {
        Format::Mermaid => graph.to_mermaid(),
        Format::Dot => graph.to_dot(),
    };
    Ok((no_store(), text).into_response())
}

pub(super) async fn health(State(desk): State<Desk>) -> Response {
    (no_store(), Json(&*desk.health.report())).into_response()
}
