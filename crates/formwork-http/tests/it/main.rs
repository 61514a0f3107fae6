//! What the crate promises, shown at its boundary.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod admin;
mod conformance;
mod drain;
mod extract;
mod gates;
mod history;
mod limits;
mod logs;
mod probes;
mod problem;
mod reload;
mod requests;
mod support;
mod wiring;
