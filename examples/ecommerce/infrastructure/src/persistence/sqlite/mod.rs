//! Aggregates in SQLite.

mod order;
mod payment;
mod shipment;
mod stock_item;

pub use order::SqliteOrders;
pub use payment::SqlitePayments;
pub use shipment::SqliteShipments;
pub use stock_item::SqliteStockItems;

use std::error::Error;

/// The tables of this service, in the order they came.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "0001_initial.sql",
    include_str!("../../../../migrations/0001_initial.sql"),
)];

/// Why a row makes no aggregate.
type RowError = Box<dyn Error + Send + Sync>;
