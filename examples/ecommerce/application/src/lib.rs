//! What E-commerce can do: commands that change one aggregate each, queries that read, and
//! reactions to what other aggregates reported.
//!
//! This layer knows the domain and nothing else: everything outside comes through ports.

pub mod events;
pub mod order;
pub mod payment;
pub mod shipment;
pub mod stock_item;
