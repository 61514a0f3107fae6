//! What the commands of a shipment take.

use formwork_domain::{Violations, check};

use crate::order::OrderId;
use crate::shared::{Address, Line};

use super::{Carrier, Parcel};

/// Plans to send the goods of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose goods these are.
    pub order: OrderId,
    /// Where they go.
    pub deliver_to: Address,
    /// What to pack.
    pub lines: Vec<Line>,
}

impl Plan {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("lines", Self::check_lines(self.lines.len()));
        violations.into_result()
    }

    /// Checks what is given as `lines`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_lines(value: usize) -> Result<(), Violations> {
        check::count(value, 1..=100)
    }
}

/// Hands the parcels over to a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// How they were packed.
    pub parcels: Vec<Parcel>,
    /// The by.
    pub by: Carrier,
}

impl Dispatch {
    /// Checks every input that its type alone does not.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::new();
        violations.check("parcels", Self::check_parcels(self.parcels.len()));
        violations.into_result()
    }

    /// Checks what is given as `parcels`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_parcels(value: usize) -> Result<(), Violations> {
        check::count(value, ..=50)
    }
}
