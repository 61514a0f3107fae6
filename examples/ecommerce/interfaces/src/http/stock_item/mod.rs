//! Stock items over HTTP.

pub mod body;
mod routes;

pub use routes::{StockItemApi, routes};
