//! What the outbox promises, in process.

mod clock;
mod conformance;
mod consumers;
mod envelope;
mod event_publisher;
mod faults;
mod health_events;
mod in_process;
mod ledger;
mod measurements;
mod modules;
mod relay;
