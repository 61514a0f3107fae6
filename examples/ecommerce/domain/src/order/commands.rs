//! What the commands of an order take.

use formwork_domain::{Violations, check};

use crate::shared::{Address, Line};

/// Orders goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: Address,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What the customer wants us to know.
    pub note: Option<String>,
}

impl Place {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("customer", Self::check_customer(&self.customer));
        violations.check("lines", Self::check_lines(self.lines.len()));
        if let Some(value) = &self.note {
            violations.check("note", Self::check_note(value));
        }
        violations.into_result()
    }

    /// Checks what is given as `customer`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_customer(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=64)
    }

    /// Checks what is given as `lines`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_lines(value: usize) -> Result<(), Violations> {
        check::count(value, 1..=100)
    }

    /// Checks what is given as `note`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_note(value: &str) -> Result<(), Violations> {
        check::length(value, ..=500)
    }
}

/// Calls the order off, as long as nothing has been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// The reason.
    pub reason: String,
}

impl Cancel {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("reason", Self::check_reason(&self.reason));
        violations.into_result()
    }

    /// Checks what is given as `reason`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_reason(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=200)
    }
}
