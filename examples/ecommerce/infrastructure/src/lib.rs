//! How E-commerce meets the outside: storage, messages and what else it needs.

pub mod cache;
pub mod codec;
pub mod messaging;
pub mod persistence;
