//! What stands in for the outside.

use std::sync::Arc;

use domain::samples::now;
use formwork_domain::{Clock, Identifiers, Timestamp};
use formwork_outbox::MemoryStore;
use uuid::Uuid;

/// Where events go when aggregates are in memory.
pub fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new("test", Arc::new(Now), Arc::new(Unique)))
}

/// Always the same instant.
pub struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// Never the same identifier.
pub struct Unique;

impl Identifiers for Unique {
    fn next(&self) -> [u8; 16] {
        Uuid::now_v7().into_bytes()
    }
}
