//! Reads answered without asking the database.

pub mod memory;
