//! Shipments over HTTP.

pub mod body;
mod routes;

pub use routes::{ShipmentApi, routes};
