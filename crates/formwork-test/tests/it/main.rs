//! The suites fail where they must.

mod canary;
mod modules;
mod wrong_broker;
mod wrong_module;
mod wrong_store;
