//! Modules that connect the layers of this service.

mod api;
mod cache;
mod docs;
mod persistence;
mod reactions;
mod use_cases;

pub use api::Api;
pub use cache::Cache;
pub use docs::Docs;
pub use persistence::Persistence;
pub use reactions::Reactions;
pub use use_cases::UseCases;
