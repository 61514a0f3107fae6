//! Bodies of orders.

use application::order::OrderFilter;
use domain::order::{Cancel, OrderSnapshot, Place};
use formwork_domain::Violations;
use serde::{Deserialize, Serialize};

use crate::http::body::{AddressBody, LineBody, MoneyBody};

/// An order as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderBody {
    /// The identifier.
    pub id: String,
    /// How often it was saved; the entity tag.
    pub version: u64,
    /// Where it is in its life.
    pub state: &'static str,
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: AddressBody,
    /// What was ordered.
    pub lines: Vec<LineBody>,
    /// What the customer owes.
    pub total: MoneyBody,
    /// What the customer wants us to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

impl From<OrderSnapshot> for OrderBody {
    fn from(order: OrderSnapshot) -> Self {
        Self {
            id: order.id.to_string(),
            version: order.version.get(),
            state: order.state.as_str(),
            customer: order.customer,
            deliver_to: AddressBody::from(&order.deliver_to),
            lines: order.lines.iter().map(LineBody::from).collect(),
            total: MoneyBody::from(order.total),
            note: order.note,
            cancel_reason: order.cancel_reason,
            created: order.created.to_string(),
            updated: order.updated.to_string(),
        }
    }
}

/// Which orders a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Filters {
    /// Where it is in its life.
    pub state: Option<String>,
    /// Who ordered.
    pub customer: Option<String>,
}

impl Filters {
    /// The filter this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<OrderFilter, Violations> {
        let mut violations = Violations::new();
        let state = match self.state {
            Some(value) => violations.check("state", value.parse()).map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let filter = OrderFilter {
                state: state?,
                customer: self.customer,
            };
            Some(Ok(filter))
        })
    }
}

/// Orders goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct PlaceBody {
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: AddressBody,
    /// What was ordered.
    pub lines: Vec<LineBody>,
    /// What the customer wants us to know.
    pub note: Option<String>,
}

impl PlaceBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Place, Violations> {
        let mut violations = Violations::new();
        violations.check("customer", Place::check_customer(&self.customer));
        let deliver_to = violations.check("deliver_to", self.deliver_to.parse());
        violations.check("lines", Place::check_lines(self.lines.len()));
        let lines = violations.check("lines", Violations::collect(self.lines, LineBody::parse));
        if let Some(value) = &self.note {
            violations.check("note", Place::check_note(value));
        }
        violations.build(|| {
            let place = Place {
                customer: self.customer,
                deliver_to: deliver_to?,
                lines: lines?,
                note: self.note,
            };
            Some(Ok(place))
        })
    }
}

/// Calls the order off, as long as nothing has been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct CancelBody {
    /// The reason.
    pub reason: String,
}

impl CancelBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Cancel, Violations> {
        let mut violations = Violations::new();
        violations.check("reason", Cancel::check_reason(&self.reason));
        violations.build(|| {
            let cancel = Cancel {
                reason: self.reason,
            };
            Some(Ok(cancel))
        })
    }
}
