//! The HTTP side of a service: problem details, typed requests, limits, probes and a server that
//! stops without dropping anyone, over axum.
//!
//! Modules contribute [`Routes`]; [`HttpModule`] serves them all at one address. [`ProbesModule`]
//! contributes what orchestrators ask, [`HealthHistoryModule`] what the answers were before.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use axum::routing::post;
//! use formwork_app::{App, Declaration, Module, ServiceInfo, WireError, Wiring};
//! use formwork_domain::{DomainError, Version};
//! use formwork_http::{Created, HttpModule, Json, Problem, Routes, ServerAddress};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! async fn greet(Json(greeting): Json<Greeting>) -> Result<Created<Greeting>, Problem> {
//!     if greeting.text.is_empty() {
//!         return Err(DomainError::Rule { rule: "polite", message: "say something" }.into());
//!     }
//!     Ok(Created { location: "/greetings/1".to_owned(), version: Version::new(1), body: greeting })
//! }
//!
//! struct Greetings;
//!
//! impl Module for Greetings {
//!     fn declare(&self) -> Declaration {
//!         Declaration::new("greetings").contributes::<Routes>()
//!     }
//!
//!     fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
//!         let router = Router::new().route("/greetings", post(greet));
//!         wiring.contribute(Arc::new(Routes::new("greetings", router)))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let running = App::new(ServiceInfo::new("greeter", "1.0.0"))
//!     .map_config(|loader| loader.with_value("http.listen", "127.0.0.1:0"))
//!     .module(HttpModule::new())
//!     .module(Greetings)
//!     .start()
//!     .await?;
//! let address = running.get::<ServerAddress>()?.get();
//! # assert!(address.is_some());
//! running.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When something goes wrong
//! Whatever is refused, by an extractor, a limit, a handler or a panic, is answered with a
//! [`Problem`]. What the caller cannot help is logged once, with its causes, and not told.
//!
//! # What every request passes
//! From the outside in: request id, span, metrics, security headers, CORS, compression, panics,
//! concurrency limit, timeout, body limit, and every [`Gate`] that modules contribute.
//! [`Routes::operational`] ones are not under the concurrency limit, and pass no gate.
//!
//! # Stopping
//! The readiness probe says no while the server still accepts; then the port is closed, idle
//! connections are closed, requests in flight are finished. What outlasts the application's
//! deadline is cut off, and counted.
//!
//! # What is not promised
//! HTTP/2, TLS and WebSockets are left to what stands in front. The timeout ends with the head of
//! an answer: a body may stream as long as it likes.
#![warn(missing_docs)]

mod address;
mod admin;
mod assembly;
mod config;
mod extract;
mod gate;
mod health;
mod middleware;
mod module;
mod page;
mod problem;
mod response;
mod routes;
mod server;

pub use address::{Peer, ServerAddress};
pub use admin::{AdminConfig, AdminModule};
pub use config::HttpConfig;
pub use extract::{
    Actor, IfMatch, Json, Listing, OperationContext, Path, PathId, Query, TenantClaim,
};
pub use gate::Gate;
pub use health::{
    HealthConfig, HealthDetails, HealthHistoryConfig, HealthHistoryModule, ProbesModule,
};
pub use module::HttpModule;
pub use page::{PageBody, PageQuery};
pub use problem::{PROBLEM_JSON, Problem};
pub use response::{Created, Versioned, etag};
pub use routes::Routes;
