//! What can happen to a shipment.

use formwork_domain::{DomainEvent, EventKind, Timestamp, Version};

use crate::order::OrderId;
use crate::shared::Line;

use super::{Carrier, ShipmentId};

/// Something that happened to a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShipmentEvent {
    /// Goods are going to be sent.
    Planned(ShipmentPlanned),
    /// Goods may be packed.
    Prepared(ShipmentPrepared),
    /// Parcels are with the carrier.
    Dispatched(ShipmentDispatched),
    /// Parcels are with the customer.
    Delivered(ShipmentDelivered),
    /// Goods stay where they are.
    Cancelled(ShipmentCancelled),
}

impl DomainEvent for ShipmentEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Planned(_) => "shipment.planned",
            Self::Prepared(_) => "shipment.prepared",
            Self::Dispatched(_) => "shipment.dispatched",
            Self::Delivered(_) => "shipment.delivered",
            Self::Cancelled(_) => "shipment.cancelled",
        }
    }

    fn version(&self) -> u16 {
        match self {
            Self::Planned(_) => 1,
            Self::Prepared(_) => 1,
            Self::Dispatched(_) => 1,
            Self::Delivered(_) => 1,
            Self::Cancelled(_) => 1,
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Self::Planned(_) => EventKind::Domain,
            Self::Prepared(_) => EventKind::Domain,
            Self::Dispatched(_) => EventKind::Integration,
            Self::Delivered(_) => EventKind::Integration,
            Self::Cancelled(_) => EventKind::Domain,
        }
    }
}

/// Goods are going to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentPlanned {
    /// The shipment it happened to.
    pub id: ShipmentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Whose goods these are.
    pub order: OrderId,
}

/// Goods may be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentPrepared {
    /// The shipment it happened to.
    pub id: ShipmentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Whose goods these are.
    pub order: OrderId,
}

/// Parcels are with the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentDispatched {
    /// The shipment it happened to.
    pub id: ShipmentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Whose goods these are.
    pub order: OrderId,
    /// What to pack.
    pub lines: Vec<Line>,
    /// Who takes them there.
    pub carrier: Option<Carrier>,
    /// What they weigh.
    pub grams: i64,
}

/// Parcels are with the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentDelivered {
    /// The shipment it happened to.
    pub id: ShipmentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Whose goods these are.
    pub order: OrderId,
    /// When they arrived.
    pub delivered_at: Option<Timestamp>,
}

/// Goods stay where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentCancelled {
    /// The shipment it happened to.
    pub id: ShipmentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// Whose goods these are.
    pub order: OrderId,
}
