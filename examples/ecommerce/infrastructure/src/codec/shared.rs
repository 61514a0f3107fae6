//! Values that several aggregates speak of.

use domain::shared::{Address, Country, Line, Sku};
use formwork_domain::Violations;
use serde::{Deserialize, Serialize};

use super::MoneyData;

/// Where goods are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressData {
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

impl From<&Address> for AddressData {
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

impl AddressData {
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
pub struct LineData {
    /// The sku.
    pub sku: String,
    /// The quantity.
    pub quantity: i64,
    /// The price.
    pub price: MoneyData,
}

impl From<&Line> for LineData {
    fn from(line: &Line) -> Self {
        Self {
            sku: line.sku().as_str().to_owned(),
            quantity: line.quantity(),
            price: MoneyData::from(line.price()),
        }
    }
}

impl LineData {
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
