//! Where aggregates are kept: an adapter for each technology, and one in memory for tests.

pub mod memory;
pub mod sqlite;
