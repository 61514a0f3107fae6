//! What can be done to stock items, and what can be asked about them.

mod commands;
mod queries;

pub use commands::StockItemCommands;
pub use queries::{StockItemFilter, StockItemQueries, StockItemSort};
