//! The form in which values and events leave the process: in storage and in messages.
//!
//! These types are a contract with what was written before. Add fields as optional ones; what
//! changes more than that is a new version of the event.

pub mod order;
pub mod payment;
pub mod shared;
pub mod shipment;
pub mod stock_item;

use std::fmt::Display;
use std::str::FromStr;

use formwork_domain::{Currency, Money, Violations};
use serde::{Deserialize, Serialize};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyData {
    /// Minor units, such as cents.
    pub minor: i64,
    /// The currency's code.
    pub currency: String,
}

impl From<Money> for MoneyData {
    fn from(money: Money) -> Self {
        Self {
            minor: money.minor(),
            currency: money.currency().to_string(),
        }
    }
}

impl MoneyData {
    /// The amount this describes.
    ///
    /// # Errors
    /// When the currency is none.
    pub fn parse(self) -> Result<Money, Violations> {
        let mut violations = Violations::new();
        let currency = violations.check("currency", parse_text::<Currency>(&self.currency));
        violations.build(|| Some(Ok(Money::new(self.minor, currency?))))
    }
}

/// Reads a value from its text.
///
/// # Errors
/// What the value's own reader says.
pub fn parse_text<T>(text: &str) -> Result<T, Violations>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse()
        .map_err(|error: T::Err| Violations::one("", "format", error.to_string()))
}
