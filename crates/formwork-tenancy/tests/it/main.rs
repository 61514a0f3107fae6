//! Tenants in an application.

mod carried;
mod configuration;
mod conformance;
mod database;
mod guard;
mod keys;
mod logs;
mod requests;
mod services;
mod sources;
mod support;
