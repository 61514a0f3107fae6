//! What can happen to a payment.

use formwork_domain::{DomainEvent, EventKind, Money, Timestamp, Version};

use crate::order::OrderId;

use super::PaymentId;

/// Something that happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The customer was asked to pay.
    Requested(PaymentRequested),
    /// The money for an order is there.
    Captured(PaymentCaptured),
    /// Somebody tried to pay less than is owed.
    Underpaid(PaymentUnderpaid),
    /// The money for an order will not come.
    Declined(PaymentDeclined),
    /// The money is no longer owed.
    Cancelled(PaymentCancelled),
    /// Money that was paid goes back to the customer.
    Refunded(PaymentRefunded),
}

impl DomainEvent for PaymentEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Requested(_) => "payment.requested",
            Self::Captured(_) => "payment.captured",
            Self::Underpaid(_) => "payment.underpaid",
            Self::Declined(_) => "payment.declined",
            Self::Cancelled(_) => "payment.cancelled",
            Self::Refunded(_) => "payment.refunded",
        }
    }

    fn version(&self) -> u16 {
        match self {
            Self::Requested(_) => 1,
            Self::Captured(_) => 1,
            Self::Underpaid(_) => 1,
            Self::Declined(_) => 1,
            Self::Cancelled(_) => 1,
            Self::Refunded(_) => 1,
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Self::Requested(_) => EventKind::Domain,
            Self::Captured(_) => EventKind::Integration,
            Self::Underpaid(_) => EventKind::Domain,
            Self::Declined(_) => EventKind::Integration,
            Self::Cancelled(_) => EventKind::Domain,
            Self::Refunded(_) => EventKind::Integration,
        }
    }
}

/// The customer was asked to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequested {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
}

/// The money for an order is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentCaptured {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
    /// When the money arrived.
    pub captured_at: Option<Timestamp>,
}

/// Somebody tried to pay less than is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentUnderpaid {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
    /// The paid.
    pub paid: Money,
}

/// The money for an order will not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentDeclined {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
}

/// The money is no longer owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentCancelled {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
}

/// Money that was paid goes back to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRefunded {
    /// The payment it happened to.
    pub id: PaymentId,
    /// The version it led to.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
}
