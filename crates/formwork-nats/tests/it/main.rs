//! NATS JetStream against the real server, whose URL is in `FORMWORK_TEST_NATS_URL`.

mod broker;
mod login;
mod module;
mod outage;
mod private;
mod reload;
mod support;
mod tenants;
