//! Orders over HTTP.

pub mod body;
mod routes;

pub use routes::{OrderApi, routes};
