//! Values that belong to a shipment.

use std::fmt;
use std::str::FromStr;

use formwork_domain::check::Run;
use formwork_domain::{Violations, check};

/// Who takes parcels to customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carrier {
    /// `dhl`.
    Dhl,
    /// `dpd`.
    Dpd,
    /// `ups`.
    Ups,
}

impl Carrier {
    /// Every one, in the order of the model.
    pub const ALL: [Self; 3] = [Self::Dhl, Self::Dpd, Self::Ups];

    /// The name in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dhl => "dhl",
            Self::Dpd => "dpd",
            Self::Ups => "ups",
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Carrier {
    type Err = Violations;

    fn from_str(text: &str) -> Result<Self, Violations> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Violations::one("", "unknown", format!("must be one of {names}"))
        })
    }
}

/// What a carrier calls a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackingCode(String);

impl TrackingCode {
    const PATTERN: &[Run] = &[Run {
        ranges: &[('0', '9'), ('A', 'Z')],
        min: 8,
        max: Some(30),
    }];

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(value: impl Into<String>) -> Result<Self, Violations> {
        let value = value.into();
        let mut violations = Violations::new();
        let matches = check::pattern(&value, "[A-Z0-9]{8,30}", Self::PATTERN);
        violations.check("", matches);
        violations.into_result()?;
        Ok(Self(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrackingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    tracking_code: TrackingCode,
    grams: i64,
}

impl Parcel {
    /// A value whose parts keep their constraints.
    ///
    /// # Errors
    /// Everything that is wrong, with the place.
    pub fn new(tracking_code: TrackingCode, grams: i64) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        violations.check("grams", Self::check_grams(grams));
        violations.into_result()?;
        Ok(Self {
            tracking_code,
            grams,
        })
    }

    /// Checks what is given as `grams`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_grams(value: i64) -> Result<(), Violations> {
        check::range(value, 1..=31500)
    }

    /// The tracking code.
    pub fn tracking_code(&self) -> &TrackingCode {
        &self.tracking_code
    }

    /// The grams.
    pub const fn grams(&self) -> i64 {
        self.grams
    }
}
