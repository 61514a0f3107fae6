//! What can be done to orders, and what can be asked about them.

mod commands;
mod queries;

pub use commands::OrderCommands;
pub use queries::{OrderFilter, OrderQueries, OrderSort};
