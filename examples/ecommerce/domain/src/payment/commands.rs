//! What the commands of a payment take.

use formwork_domain::{Money, Violations, check};

use crate::order::OrderId;

/// Asks the customer to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
}

impl Request {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("amount", Self::check_amount(self.amount));
        violations.into_result()
    }

    /// Checks what is given as `amount`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_amount(value: Money) -> Result<(), Violations> {
        check::amount(value, 0..)
    }
}

/// Notes the money a payment provider reports; too little is reported, not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The paid.
    pub paid: Money,
}

impl Capture {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("paid", Self::check_paid(self.paid));
        violations.into_result()
    }

    /// Checks what is given as `paid`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_paid(value: Money) -> Result<(), Violations> {
        check::amount(value, 0..)
    }
}
