//! What a stock item stores as JSON, and what it publishes.

use domain::shared::Sku;
use domain::stock_item::{StockItem, StockItemEvent, StockItemShort};
use formwork_domain::{Aggregate, DomainEvent, Version, Violations};
use formwork_outbox::{Envelope, HandlerError};
use serde::{Deserialize, Serialize};

use super::parse_text;

/// What `stock_item` has to publish: its integration events, in order.
///
/// # Errors
/// When an event has no JSON form.
pub fn envelopes(stock_item: &StockItem) -> Result<Vec<Envelope>, serde_json::Error> {
    let mut envelopes = Vec::new();
    for event in stock_item.events() {
        let data = match event {
            StockItemEvent::Short(event) => serde_json::to_value(StockItemShortData::from(event))?,
            _ => continue,
        };
        envelopes.push(Envelope::new(
            event.name(),
            event.version(),
            StockItem::NAME,
            stock_item.id_bytes(),
            stock_item.version().next().get(),
            data,
        ));
    }
    Ok(envelopes)
}

/// Version 1 of `stock-item.short`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockItemShortData {
    /// The stock item it happened to.
    pub id: String,
    /// The version it led to.
    pub version: u64,
    /// When it happened.
    pub at: String,
    /// Which article.
    pub sku: String,
    /// The order.
    pub order: String,
    /// The quantity.
    pub quantity: i64,
}

impl From<&StockItemShort> for StockItemShortData {
    fn from(event: &StockItemShort) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.get(),
            at: event.at.to_string(),
            sku: event.sku.as_str().to_owned(),
            order: event.order.to_string(),
            quantity: event.quantity,
        }
    }
}

impl StockItemShortData {
    /// The event in a message.
    ///
    /// # Errors
    /// When it is another version, or not what this version looks like.
    pub fn read(envelope: &Envelope) -> Result<StockItemShort, HandlerError> {
        if envelope.version != 1 {
            let found = envelope.version;
            let reason = format!("expected version 1 of `stock-item.short`, found {found}");
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
    pub fn parse(self) -> Result<StockItemShort, Violations> {
        let mut violations = Violations::new();
        let id = violations.check("id", parse_text(&self.id));
        let at = violations.check("at", parse_text(&self.at));
        let sku = violations.check("sku", Sku::new(self.sku));
        let order = violations.check("order", parse_text(&self.order));
        violations.build(|| {
            let event = StockItemShort {
                id: id?,
                version: Version::new(self.version),
                at: at?,
                sku: sku?,
                order: order?,
                quantity: self.quantity,
            };
            Some(Ok(event))
        })
    }
}
