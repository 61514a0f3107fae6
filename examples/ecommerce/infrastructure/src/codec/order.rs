//! What an order stores as JSON, and what it publishes.

use domain::order::{Order, OrderCancelled, OrderEvent, OrderPaid, OrderPlaced};
use formwork_domain::{Aggregate, DomainEvent, Version, Violations};
use formwork_outbox::{Envelope, HandlerError};
use serde::{Deserialize, Serialize};

use super::shared::{AddressData, LineData};
use super::{MoneyData, parse_text};

/// What `order` has to publish: its integration events, in order.
///
/// # Errors
/// When an event has no JSON form.
pub fn envelopes(order: &Order) -> Result<Vec<Envelope>, serde_json::Error> {
    let mut envelopes = Vec::new();
    for event in order.events() {
        let data = match event {
            OrderEvent::Placed(event) => serde_json::to_value(OrderPlacedData::from(event))?,
            OrderEvent::Paid(event) => serde_json::to_value(OrderPaidData::from(event))?,
            OrderEvent::Cancelled(event) => serde_json::to_value(OrderCancelledData::from(event))?,
            _ => continue,
        };
        envelopes.push(Envelope::new(
            event.name(),
            event.version(),
            Order::NAME,
            order.id_bytes(),
            order.version().next().get(),
            data,
        ));
    }
    Ok(envelopes)
}

/// Version 1 of `order.placed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlacedData {
    /// The order it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: AddressData,
    /// What was ordered.
    pub lines: Vec<LineData>,
    /// What the customer owes.
    pub total: MoneyData,
}

impl From<&OrderPlaced> for OrderPlacedData {
    fn from(event: &OrderPlaced) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            customer: event.customer.clone(),
            deliver_to: AddressData::from(&event.deliver_to),
            lines: event.lines.iter().map(LineData::from).collect(),
            total: MoneyData::from(event.total),
        }
    }
}

impl OrderPlacedData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<OrderPlaced, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `order.placed`, found {found}");
            return Err(HandlerError::Poison(reason.into()));
        }
        let data: Self = envelope.read()?;
        data.parse()
            .map_err(|violations| HandlerError::Poison(violations.into()))
    }

    /// The event this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<OrderPlaced, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let deliver_to = violations.check("deliver_to", self.deliver_to.parse());
        let lines = violations.check("lines", Violations::collect(self.lines, LineData::parse));
        let total = violations.check("total", self.total.parse());
        violations.build(|| {
            let event = OrderPlaced {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                customer: self.customer,
                deliver_to: deliver_to?,
                lines: lines?,
                total: total?,
            };
            Some(Ok(event))
        })
    }
}

/// Version 1 of `order.paid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPaidData {
    /// The order it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// Who ordered.
    pub customer: String,
}

impl From<&OrderPaid> for OrderPaidData {
    fn from(event: &OrderPaid) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            customer: event.customer.clone(),
        }
    }
}

impl OrderPaidData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<OrderPaid, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `order.paid`, found {found}");
            return Err(HandlerError::Poison(reason.into()));
        }
        let data: Self = envelope.read()?;
        data.parse()
            .map_err(|violations| HandlerError::Poison(violations.into()))
    }

    /// The event this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<OrderPaid, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        violations.build(|| {
            let event = OrderPaid {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                customer: self.customer,
            };
            Some(Ok(event))
        })
    }
}

/// Version 1 of `order.cancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelledData {
    /// The order it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// What was ordered.
    pub lines: Vec<LineData>,
    /// What the customer owes.
    pub total: MoneyData,
    /// The reason.
    pub reason: String,
}

impl From<&OrderCancelled> for OrderCancelledData {
    fn from(event: &OrderCancelled) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            lines: event.lines.iter().map(LineData::from).collect(),
            total: MoneyData::from(event.total),
            reason: event.reason.clone(),
        }
    }
}

impl OrderCancelledData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<OrderCancelled, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `order.cancelled`, found {found}");
            return Err(HandlerError::Poison(reason.into()));
        }
        let data: Self = envelope.read()?;
        data.parse()
            .map_err(|violations| HandlerError::Poison(violations.into()))
    }

    /// The event this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<OrderCancelled, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let lines = violations.check("lines", Violations::collect(self.lines, LineData::parse));
        let total = violations.check("total", self.total.parse());
        violations.build(|| {
            let event = OrderCancelled {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                lines: lines?,
                total: total?,
                reason: self.reason,
            };
            Some(Ok(event))
        })
    }
}
