//! What the outside is told of the application's health, when modules for it are chosen.

mod config;
mod disclosure;
mod history;
mod probes;

use axum::http::header::{CACHE_CONTROL, HeaderName};

pub use config::{HealthConfig, HealthDetails, HealthHistoryConfig};
pub use history::HealthHistoryModule;
pub use probes::ProbesModule;

use disclosure::Disclosure;

/// An answer is true only now.
pub(crate) fn no_store() -> [(HeaderName, &'static str); 1] {
    [(CACHE_CONTROL, "no-store")]
}
