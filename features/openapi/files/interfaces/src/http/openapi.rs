//! The API, described.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

/// The OpenAPI 3.1 document.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

const PAGE: &str = include_str!("docs.html");

/// Serves the document at `/openapi.json` and a page for people at `/docs`.
pub fn routes() -> Router {
    Router::new()
        .route("/openapi.json", get(document))
        .route("/docs", get(|| async { Html(PAGE) }))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
