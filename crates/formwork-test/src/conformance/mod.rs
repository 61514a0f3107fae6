//! The contracts of modules and ports, as checks that any of them can run.
//!
//! A suite takes a function that makes a fresh, empty subject, and panics with the part of the
//! contract that does not hold. Suites use real time, because most adapters take theirs from a
//! server; they wait for conditions and never longer than five seconds each.

mod broker;
mod idempotency;
mod inbox;
mod module;
mod notifier;
mod outbox;
mod storage;

use std::time::Duration;

pub use broker::broker;
pub use idempotency::idempotency;
pub use inbox::inbox;
pub use module::{ModuleSuite, module};
pub use notifier::notifier;
pub use outbox::outbox_store;
pub use storage::Storage;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(5);
