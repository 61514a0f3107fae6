//! What can happen to a stock item.

use formwork_domain::{DomainEvent, EventKind, Timestamp, Version};

use crate::order::OrderId;
use crate::shared::Sku;

use super::StockItemId;

/// Something that happened to a stock item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockItemEvent {
    /// An article was added to the range.
    Registered(StockItemRegistered),
    /// A delivery arrived.
    Received(StockItemReceived),
    /// Pieces were lost or broken.
    WrittenOff(StockItemWrittenOff),
    /// Pieces were promised to an order.
    Reserved(StockItemReserved),
    /// An order wants more than there is.
    Short(StockItemShort),
    /// Promised pieces are free again.
    Released(StockItemReleased),
    /// Pieces left the warehouse.
    Picked(StockItemPicked),
    /// It is time to buy more.
    RunningLow(StockItemRunningLow),
}

impl DomainEvent for StockItemEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Registered(_) => "stock-item.registered",
            Self::Received(_) => "stock-item.received",
            Self::WrittenOff(_) => "stock-item.written-off",
            Self::Reserved(_) => "stock-item.reserved",
            Self::Short(_) => "stock-item.short",
            Self::Released(_) => "stock-item.released",
            Self::Picked(_) => "stock-item.picked",
            Self::RunningLow(_) => "stock-item.running-low",
        }
    }

    fn version(&self) -> u16 {
        match self {
            Self::Registered(_) => 1,
            Self::Received(_) => 1,
            Self::WrittenOff(_) => 1,
            Self::Reserved(_) => 1,
            Self::Short(_) => 1,
            Self::Released(_) => 1,
            Self::Picked(_) => 1,
            Self::RunningLow(_) => 1,
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Self::Registered(_) => EventKind::Domain,
            Self::Received(_) => EventKind::Domain,
            Self::WrittenOff(_) => EventKind::Domain,
            Self::Reserved(_) => EventKind::Domain,
            Self::Short(_) => EventKind::Integration,
            Self::Released(_) => EventKind::Domain,
            Self::Picked(_) => EventKind::Domain,
            Self::RunningLow(_) => EventKind::Domain,
        }
    }
}

/// An article was added to the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemRegistered {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// What customers call it.
    pub title: String,
    /// Pieces in the warehouse.
    pub on_hand: i64,
}

/// A delivery arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemReceived {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The quantity.
    pub quantity: i64,
    /// Pieces in the warehouse.
    pub on_hand: i64,
}

/// Pieces were lost or broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemWrittenOff {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The quantity.
    pub quantity: i64,
    /// Pieces in the warehouse.
    pub on_hand: i64,
}

/// Pieces were promised to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemReserved {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The order.
    pub order: OrderId,
    /// The quantity.
    pub quantity: i64,
}

/// An order wants more than there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemShort {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The order.
    pub order: OrderId,
    /// The quantity.
    pub quantity: i64,
}

/// Promised pieces are free again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemReleased {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The quantity.
    pub quantity: i64,
}

/// Pieces left the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemPicked {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// The quantity.
    pub quantity: i64,
    /// Pieces in the warehouse.
    pub on_hand: i64,
}

/// It is time to buy more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemRunningLow {
    /// The stock item it happened to.
    pub id: StockItemId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Which article.
    pub sku: Sku,
    /// Pieces in the warehouse.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
}
