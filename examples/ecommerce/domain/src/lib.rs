//! The domain of E-commerce: what the business is, free of technology.
//!
//! Nothing here reads a clock, a disk or the network. Every aggregate keeps its own rules, and
//! says what happened by recording events.

pub mod order;
pub mod payment;
pub mod shared;
pub mod shipment;
pub mod stock_item;

#[cfg(feature = "samples")]
pub mod samples;
