//! What can happen to an order.

use formwork_domain::{DomainEvent, EventKind, Money, Timestamp, Version};

use crate::shared::{Address, Line};

use super::OrderId;

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEvent {
    /// A customer ordered goods.
    Placed(OrderPlaced),
    /// The order is paid for and may be sent.
    Paid(OrderPaid),
    /// The goods have left the warehouse.
    Shipped(OrderShipped),
    /// The customer has the goods.
    Completed(OrderCompleted),
    /// The order was called off.
    Cancelled(OrderCancelled),
}

impl DomainEvent for OrderEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Placed(_) => "order.placed",
            Self::Paid(_) => "order.paid",
            Self::Shipped(_) => "order.shipped",
            Self::Completed(_) => "order.completed",
            Self::Cancelled(_) => "order.cancelled",
        }
    }

    fn version(&self) -> u16 {
        match self {
            Self::Placed(_) => 1,
            Self::Paid(_) => 1,
            Self::Shipped(_) => 1,
            Self::Completed(_) => 1,
            Self::Cancelled(_) => 1,
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Self::Placed(_) => EventKind::Integration,
            Self::Paid(_) => EventKind::Integration,
            Self::Shipped(_) => EventKind::Domain,
            Self::Completed(_) => EventKind::Domain,
            Self::Cancelled(_) => EventKind::Integration,
        }
    }
}

/// A customer ordered goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlaced {
    /// The order it happened to.
    pub id: OrderId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: Address,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What the customer owes.
    pub total: Money,
}

/// The order is paid for and may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPaid {
    /// The order it happened to.
    pub id: OrderId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Who ordered.
    pub customer: String,
}

/// The goods have left the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderShipped {
    /// The order it happened to.
    pub id: OrderId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
}

/// The customer has the goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCompleted {
    /// The order it happened to.
    pub id: OrderId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
}

/// The order was called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCancelled {
    /// The order it happened to.
    pub id: OrderId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What the customer owes.
    pub total: Money,
    /// The reason.
    pub reason: String,
}
