//! What the tests of several adapters need.

use std::sync::Arc;

use domain::samples::now;
use formwork_domain::{Clock, Identifiers, Timestamp};
use formwork_outbox::MemoryStore;
use uuid::Uuid;

pub mod sqlite;

/// The bytes of an identifier that nothing else has; later ones are greater.
pub fn unique() -> [u8; 16] {
    Uuid::now_v7().into_bytes()
}

/// Where events go when aggregates are in memory.
pub fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new("test", Arc::new(Now), Arc::new(Unique)))
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        now()
    }
}

struct Unique;

impl Identifiers for Unique {
    fn next(&self) -> [u8; 16] {
        unique()
    }
}
