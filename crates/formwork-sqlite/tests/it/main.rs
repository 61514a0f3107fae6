//! What the SQLite adapter promises, against real files.

mod cancellation;
mod conformance;
mod crash;
mod migrations;
mod reload;
mod service;
mod support;
mod transactions;
