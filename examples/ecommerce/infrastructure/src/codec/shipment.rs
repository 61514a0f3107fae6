//! What a shipment stores as JSON, and what it publishes.

use domain::shipment::{
    Parcel, Shipment, ShipmentDelivered, ShipmentDispatched, ShipmentEvent, TrackingCode,
};
use formwork_domain::{Aggregate, DomainEvent, Version, Violations};
use formwork_outbox::{Envelope, HandlerError};
use serde::{Deserialize, Serialize};

use super::parse_text;
use super::shared::LineData;

/// One box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelData {
    /// The tracking code.
    pub tracking_code: String,
    /// The grams.
    pub grams: i64,
}

impl From<&Parcel> for ParcelData {
    fn from(parcel: &Parcel) -> Self {
        Self {
            tracking_code: parcel.tracking_code().as_str().to_owned(),
            grams: parcel.grams(),
        }
    }
}

impl ParcelData {
    /// The value this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Parcel, Violations> {
        let mut violations = Violations::new();
        let tracking_code =
            violations.check("tracking_code", TrackingCode::new(self.tracking_code));
        violations.check("grams", Parcel::check_grams(self.grams));
        violations.build(|| {
            let parcel = Parcel::new(tracking_code?, self.grams);
            Some(parcel)
        })
    }
}

/// What `shipment` has to publish: its integration events, in order.
///
/// # Errors
/// When an event has no JSON form.
pub fn envelopes(shipment: &Shipment) -> Result<Vec<Envelope>, serde_json::Error> {
    let mut envelopes = Vec::new();
    for event in shipment.events() {
        let data = match event {
            ShipmentEvent::Dispatched(event) => {
                serde_json::to_value(ShipmentDispatchedData::from(event))?
            }
            ShipmentEvent::Delivered(event) => {
                serde_json::to_value(ShipmentDeliveredData::from(event))?
            }
            _ => continue,
        };
        envelopes.push(Envelope::new(
            event.name(),
            event.version(),
            Shipment::NAME,
            shipment.id_bytes(),
            shipment.version().next().get(),
            data,
        ));
    }
    Ok(envelopes)
}

/// Version 1 of `shipment.dispatched`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentDispatchedData {
    /// The shipment it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// Whose goods these are.
    pub order: String,
    /// What to pack.
    pub lines: Vec<LineData>,
    /// Who takes them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// What they weigh.
    pub grams: i64,
}

impl From<&ShipmentDispatched> for ShipmentDispatchedData {
    fn from(event: &ShipmentDispatched) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            order: event.order.to_string(),
            lines: event.lines.iter().map(LineData::from).collect(),
            carrier: event.carrier.map(|value| value.as_str().to_owned()),
            grams: event.grams,
        }
    }
}

impl ShipmentDispatchedData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<ShipmentDispatched, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `shipment.dispatched`, found {found}");
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
    pub fn parse(self) -> Result<ShipmentDispatched, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let order = violations.check("order", parse_text(&self.order));
        let lines = violations.check("lines", Violations::collect(self.lines, LineData::parse));
        let carrier = match self.carrier {
            Some(value) => violations.check("carrier", value.parse()).map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let event = ShipmentDispatched {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                order: order?,
                lines: lines?,
                carrier: carrier?,
                grams: self.grams,
            };
            Some(Ok(event))
        })
    }
}

/// Version 1 of `shipment.delivered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentDeliveredData {
    /// The shipment it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// Whose goods these are.
    pub order: String,
    /// When they arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
}

impl From<&ShipmentDelivered> for ShipmentDeliveredData {
    fn from(event: &ShipmentDelivered) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            order: event.order.to_string(),
            delivered_at: event.delivered_at.map(|value| value.to_string()),
        }
    }
}

impl ShipmentDeliveredData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<ShipmentDelivered, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `shipment.delivered`, found {found}");
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
    pub fn parse(self) -> Result<ShipmentDelivered, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let order = violations.check("order", parse_text(&self.order));
        let delivered_at = match self.delivered_at {
            Some(value) => violations
                .check("delivered_at", parse_text(&value))
                .map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let event = ShipmentDelivered {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                order: order?,
                delivered_at: delivered_at?,
            };
            Some(Ok(event))
        })
    }
}
