//! PostgreSQL against the real server, whose URL is in `FORMWORK_TEST_POSTGRES_URL`.

mod conformance;
mod errors;
mod listen;
mod migrations;
mod module;
mod outage;
mod outbox;
mod private;
mod reader;
mod reload;
mod support;
mod tenancy;
mod transaction;
