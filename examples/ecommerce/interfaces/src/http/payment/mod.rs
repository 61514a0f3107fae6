//! Payments over HTTP.

pub mod body;
mod routes;

pub use routes::{PaymentApi, routes};
