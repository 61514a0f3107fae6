//! Aggregates in memory: for tests, and gone with the process.

mod order;
mod payment;
mod shipment;
mod stock_item;

pub use order::MemoryOrders;
pub use payment::MemoryPayments;
pub use shipment::MemoryShipments;
pub use stock_item::MemoryStockItems;
