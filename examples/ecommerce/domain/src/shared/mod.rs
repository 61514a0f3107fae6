//! Values that several aggregates speak of.

use std::fmt;

use formwork_domain::check::Run;
use formwork_domain::{Money, Violations, check};

/// An article number, such as `MUG-0042`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sku(String);

impl Sku {
    const PATTERN: &[Run] = &[
        Run {
            ranges: &[('A', 'Z')],
            min: 2,
            max: Some(4),
        },
        Run {
            ranges: &[('-', '-')],
            min: 1,
            max: Some(1),
        },
        Run {
            ranges: &[('0', '9')],
            min: 4,
            max: Some(6),
        },
    ];

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(value: impl Into<String>) -> Result<Self, Violations> {
        let value = value.into();
        let mut violations = Violations::new();
        let matches = check::pattern(&value, "[A-Z]{2,4}-[0-9]{4,6}", Self::PATTERN);
        violations.check("", matches);
        violations.into_result()?;
        Ok(Self(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A country, as two letters of ISO 3166.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(String);

impl Country {
    const PATTERN: &[Run] = &[Run {
        ranges: &[('A', 'Z')],
        min: 2,
        max: Some(2),
    }];

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(value: impl Into<String>) -> Result<Self, Violations> {
        let value = value.into();
        let mut violations = Violations::new();
        let matches = check::pattern(&value, "[A-Z]{2}", Self::PATTERN);
        violations.check("", matches);
        violations.into_result()?;
        Ok(Self(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where goods are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    recipient: String,
    street: String,
    postcode: String,
    city: String,
    country: Country,
}

impl Address {
    /// A value whose parts keep their constraints.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn new(
        recipient: String,
        street: String,
        postcode: String,
        city: String,
        country: Country,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        violations.check("recipient", Self::check_recipient(&recipient));
        violations.check("street", Self::check_street(&street));
        violations.check("postcode", Self::check_postcode(&postcode));
        violations.check("city", Self::check_city(&city));
        violations.into_result()?;
        Ok(Self {
            recipient,
            street,
            postcode,
            city,
            country,
        })
    }

    /// Checks what is given as `recipient`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_recipient(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=100)
    }

    /// Checks what is given as `street`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_street(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=200)
    }

    /// Checks what is given as `postcode`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_postcode(value: &str) -> Result<(), Violations> {
        check::length(value, 3..=12)
    }

    /// Checks what is given as `city`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_city(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=100)
    }

    /// The recipient.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The street.
    pub fn street(&self) -> &str {
        &self.street
    }

    /// The postcode.
    pub fn postcode(&self) -> &str {
        &self.postcode
    }

    /// The city.
    pub fn city(&self) -> &str {
        &self.city
    }

    /// The country.
    pub fn country(&self) -> &Country {
        &self.country
    }
}

/// So many pieces of one article, at the price agreed for a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    sku: Sku,
    quantity: i64,
    price: Money,
}

impl Line {
    /// A value whose parts keep their constraints.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn new(sku: Sku, quantity: i64, price: Money) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(quantity));
        violations.check("price", Self::check_price(price));
        violations.into_result()?;
        Ok(Self {
            sku,
            quantity,
            price,
        })
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=1000)
    }

    /// Checks what is given as `price`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_price(value: Money) -> Result<(), Violations> {
        check::amount(value, 0..)
    }

    /// The sku.
    pub fn sku(&self) -> &Sku {
        &self.sku
    }

    /// The quantity.
    pub const fn quantity(&self) -> i64 {
        self.quantity
    }

    /// The price.
    pub const fn price(&self) -> Money {
        self.price
    }
}
