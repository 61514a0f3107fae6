//! What the commands of a stock item take.

use formwork_domain::{Violations, check};

use crate::order::OrderId;
use crate::shared::Sku;

/// Adds an article to the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Which article.
    pub sku: Sku,
    /// What customers call it.
    pub title: String,
    /// Pieces in the warehouse.
    pub on_hand: i64,
    /// Fewer free pieces than this are too few.
    pub reorder_level: i64,
}

impl Register {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("title", Self::check_title(&self.title));
        violations.check("on_hand", Self::check_on_hand(self.on_hand));
        violations.check(
            "reorder_level",
            Self::check_reorder_level(self.reorder_level),
        );
        violations.into_result()
    }

    /// Checks what is given as `title`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_title(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=120)
    }

    /// Checks what is given as `on_hand`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_on_hand(value: i64) -> Result<(), Violations> {
        check::range(value, 0..)
    }

    /// Checks what is given as `reorder_level`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_reorder_level(value: i64) -> Result<(), Violations> {
        check::range(value, 0..)
    }
}

/// Books a delivery from a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receive {
    /// The quantity.
    pub quantity: i64,
}

impl Receive {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(self.quantity));
        violations.into_result()
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=100000)
    }
}

/// Takes lost or broken pieces off the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOff {
    /// The quantity.
    pub quantity: i64,
}

impl WriteOff {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(self.quantity));
        violations.into_result()
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=100000)
    }
}

/// Promises pieces to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The order.
    pub order: OrderId,
    /// The quantity.
    pub quantity: i64,
}

impl Reserve {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(self.quantity));
        violations.into_result()
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=1000)
    }
}

/// Takes back the promise to an order that was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The quantity.
    pub quantity: i64,
}

impl Release {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(self.quantity));
        violations.into_result()
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=1000)
    }
}

/// Hands promised pieces over to the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The quantity.
    pub quantity: i64,
}

impl Pick {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Self::check_quantity(self.quantity));
        violations.into_result()
    }

    /// Checks what is given as `quantity`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_quantity(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=1000)
    }
}
