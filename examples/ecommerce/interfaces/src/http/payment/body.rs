//! Bodies of payments.

use application::payment::PaymentFilter;
use domain::payment::{Capture, PaymentSnapshot};
use formwork_domain::Violations;
use serde::{Deserialize, Serialize};

use crate::http::body::{MoneyBody, parse_text};

/// A payment as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentBody {
    /// The identifier.
    pub id: String,
    /// How often it was saved; the entity tag.
    pub version: u64,
    /// Where it is in its life.
    pub state: &'static str,
    /// What is paid for.
    pub order: String,
    /// What is owed.
    pub amount: MoneyBody,
    /// When the money arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

impl From<PaymentSnapshot> for PaymentBody {
    fn from(payment: PaymentSnapshot) -> Self {
        Self {
            id: payment.id.to_string(),
            version: payment.version.get(),
            state: payment.state.as_str(),
            order: payment.order.to_string(),
            amount: MoneyBody::from(payment.amount),
            captured_at: payment.captured_at.map(|value| value.to_string()),
            created: payment.created.to_string(),
            updated: payment.updated.to_string(),
        }
    }
}

/// Which payments a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Filters {
    /// Where it is in its life.
    pub state: Option<String>,
    /// What is paid for.
    pub order: Option<String>,
}

impl Filters {
    /// The filter this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<PaymentFilter, Violations> {
        let mut violations = Violations::new();
        let state = match self.state {
            Some(value) => violations.check("state", value.parse()).map(Some),
            None => Some(None),
        };
        let order = match self.order {
            Some(value) => violations.check("order", parse_text(&value)).map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let filter = PaymentFilter {
                state: state?,
                order: order?,
            };
            Some(Ok(filter))
        })
    }
}

/// Notes the money a payment provider reports; too little is reported, not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct CaptureBody {
    /// The paid.
    pub paid: MoneyBody,
}

impl CaptureBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Capture, Violations> {
        let mut violations = Violations::new();
        let paid = violations.check("paid", self.paid.parse());
        violations.build(|| {
            let capture = Capture { paid: paid? };
            Some(Ok(capture))
        })
    }
}
