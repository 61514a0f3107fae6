//! What can be done to shipments, and what can be asked about them.

mod commands;
mod queries;

pub use commands::ShipmentCommands;
pub use queries::{ShipmentFilter, ShipmentQueries, ShipmentSort};
