//! What a payment stores as JSON, and what it publishes.

use domain::payment::{Payment, PaymentCaptured, PaymentDeclined, PaymentEvent, PaymentRefunded};
use formwork_domain::{Aggregate, DomainEvent, Version, Violations};
use formwork_outbox::{Envelope, HandlerError};
use serde::{Deserialize, Serialize};

use super::{MoneyData, parse_text};

/// What `payment` has to publish: its integration events, in order.
///
/// # Errors
/// When an event has no JSON form.
pub fn envelopes(payment: &Payment) -> Result<Vec<Envelope>, serde_json::Error> {
    let mut envelopes = Vec::new();
    for event in payment.events() {
        let data = match event {
            PaymentEvent::Captured(event) => {
                serde_json::to_value(PaymentCapturedData::from(event))?
            }
            PaymentEvent::Declined(event) => {
                serde_json::to_value(PaymentDeclinedData::from(event))?
            }
            PaymentEvent::Refunded(event) => {
                serde_json::to_value(PaymentRefundedData::from(event))?
            }
            _ => continue,
        };
        envelopes.push(Envelope::new(
            event.name(),
            event.version(),
            Payment::NAME,
            payment.id_bytes(),
            payment.version().next().get(),
            data,
        ));
    }
    Ok(envelopes)
}

/// Version 1 of `payment.captured`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCapturedData {
    /// The payment it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// What is paid for.
    pub order: String,
    /// What is owed.
    pub amount: MoneyData,
    /// When the money arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
}

impl From<&PaymentCaptured> for PaymentCapturedData {
    fn from(event: &PaymentCaptured) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            order: event.order.to_string(),
            amount: MoneyData::from(event.amount),
            captured_at: event.captured_at.map(|value| value.to_string()),
        }
    }
}

impl PaymentCapturedData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<PaymentCaptured, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `payment.captured`, found {found}");
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
    pub fn parse(self) -> Result<PaymentCaptured, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let order = violations.check("order", parse_text(&self.order));
        let amount = violations.check("amount", self.amount.parse());
        let captured_at = match self.captured_at {
            Some(value) => violations
                .check("captured_at", parse_text(&value))
                .map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let event = PaymentCaptured {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                order: order?,
                amount: amount?,
                captured_at: captured_at?,
            };
            Some(Ok(event))
        })
    }
}

/// Version 1 of `payment.declined`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDeclinedData {
    /// The payment it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// What is paid for.
    pub order: String,
}

impl From<&PaymentDeclined> for PaymentDeclinedData {
    fn from(event: &PaymentDeclined) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            order: event.order.to_string(),
        }
    }
}

impl PaymentDeclinedData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<PaymentDeclined, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `payment.declined`, found {found}");
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
    pub fn parse(self) -> Result<PaymentDeclined, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let order = violations.check("order", parse_text(&self.order));
        violations.build(|| {
            let event = PaymentDeclined {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                order: order?,
            };
            Some(Ok(event))
        })
    }
}

/// Version 1 of `payment.refunded`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRefundedData {
    /// The payment it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// What is paid for.
    pub order: String,
    /// What is owed.
    pub amount: MoneyData,
}

impl From<&PaymentRefunded> for PaymentRefundedData {
    fn from(event: &PaymentRefunded) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            order: event.order.to_string(),
            amount: MoneyData::from(event.amount),
        }
    }
}

impl PaymentRefundedData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<PaymentRefunded, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `payment.refunded`, found {found}");
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
    pub fn parse(self) -> Result<PaymentRefunded, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let order = violations.check("order", parse_text(&self.order));
        let amount = violations.check("amount", self.amount.parse());
        violations.build(|| {
            let event = PaymentRefunded {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                order: order?,
                amount: amount?,
            };
            Some(Ok(event))
        })
    }
}
