//! What can be done to payments, and what can be asked about them.

mod commands;
mod queries;

pub use commands::PaymentCommands;
pub use queries::{PaymentFilter, PaymentQueries, PaymentSort};
