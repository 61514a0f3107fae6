//! How much of one article is in the warehouse, and how much of it is promised.

mod aggregate;
mod commands;
mod events;
mod repository;

pub use aggregate::{StockItem, StockItemId, StockItemSnapshot};
pub use commands::{Pick, Receive, Register, Release, Reserve, WriteOff};
pub use events::{
    StockItemEvent, StockItemPicked, StockItemReceived, StockItemRegistered, StockItemReleased,
    StockItemReserved, StockItemRunningLow, StockItemShort, StockItemWrittenOff,
};
pub use repository::StockItemRepository;
