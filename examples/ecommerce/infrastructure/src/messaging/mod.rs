//! What comes in from the broker, and which reaction it leads to.

pub mod order;
pub mod payment;
pub mod shipment;
pub mod stock_item;
