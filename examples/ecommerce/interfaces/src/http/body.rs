//! Bodies that several resources share.

use std::fmt::Display;
use std::str::FromStr;

use domain::shared::{Address, Country, Line, Sku};
use formwork_domain::{Currency, Money, Outcome, Version, Violations};
use serde::{Deserialize, Serialize};

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeBody {
    /// The identifier of what changed.
    pub id: String,
    /// The version it led to.
    pub version: u64,
}

impl OutcomeBody {
    /// The body and the version of an outcome.
    pub fn of(outcome: &Outcome) -> (Self, Version) {
        let body = Self {
            id: formwork_domain::Id::<()>::from_bytes(outcome.id).to_string(),
            version: outcome.version,
        };
        (body, Version::new(outcome.version))
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct MoneyBody {
    /// Minor units, such as cents.
    pub minor: i64,
    /// The currency's code.
    pub currency: String,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self {
            minor: money.minor(),
            currency: money.currency().to_string(),
        }
    }
}

impl MoneyBody {
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

/// Where goods are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct AddressBody {
    /// The recipient.
    pub recipient: String,
    /// The street.
    pub street: String,
    /// The postcode.
    pub postcode: String,
    /// The city.
    pub city: String,
    /// The country.
    pub country: String,
}

impl From<&Address> for AddressBody {
    fn from(address: &Address) -> Self {
        Self {
            recipient: address.recipient().to_owned(),
            street: address.street().to_owned(),
            postcode: address.postcode().to_owned(),
            city: address.city().to_owned(),
            country: address.country().as_str().to_owned(),
        }
    }
}

impl AddressBody {
    /// The value this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Address, Violations> {
        let mut violations = Violations::new();
        violations.check("recipient", Address::check_recipient(&self.recipient));
        violations.check("street", Address::check_street(&self.street));
        violations.check("postcode", Address::check_postcode(&self.postcode));
        violations.check("city", Address::check_city(&self.city));
        let country = violations.check("country", Country::new(self.country));
        violations.build(|| {
            let address = Address::new(
                self.recipient,
                self.street,
                self.postcode,
                self.city,
                country?,
            );
            Some(address)
        })
    }
}

/// So many pieces of one article, at the price agreed for a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct LineBody {
    /// The sku.
    pub sku: String,
    /// The quantity.
    pub quantity: i64,
    /// The price.
    pub price: MoneyBody,
}

impl From<&Line> for LineBody {
    fn from(line: &Line) -> Self {
        Self {
            sku: line.sku().as_str().to_owned(),
            quantity: line.quantity(),
            price: MoneyBody::from(line.price()),
        }
    }
}

impl LineBody {
    /// The value this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Line, Violations> {
        let mut violations = Violations::new();
        let sku = violations.check("sku", Sku::new(self.sku));
        violations.check("quantity", Line::check_quantity(self.quantity));
        let price = violations.check("price", self.price.parse());
        violations.build(|| {
            let line = Line::new(sku?, self.quantity, price?);
            Some(line)
        })
    }
}
