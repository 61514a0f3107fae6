//! Amounts of money in minor units, with checked arithmetic.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An ISO 4217 style currency code: three upper-case ASCII letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The code as text.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency holds ASCII letters only")
    }

    /// Digits after the decimal point: how many minor units make one of the currency, as a power
    /// of ten. Two for all but the currencies ISO 4217 lists otherwise.
    pub fn exponent(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text that is no currency code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseCurrencyError;

impl fmt::Display for ParseCurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a currency code of three upper-case letters such as `EUR`")
    }
}

impl std::error::Error for ParseCurrencyError {}

impl FromStr for Currency {
    type Err = ParseCurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(ParseCurrencyError),
        }
    }
}

/// An amount in the minor units of a currency (cents, for euros).
///
/// Amounts of different currencies neither add nor compare: arithmetic returns an error,
/// comparison returns `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Arithmetic that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two amounts of different currencies were combined.
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    Overflow,
    /// The sum of no amounts has no currency.
    EmptySum,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrencyMismatch { left, right } => {
                write!(f, "amounts in `{left}` and `{right}` cannot be combined")
            }
            Self::Overflow => f.write_str("the amount is too large"),
            Self::EmptySum => f.write_str("the sum of no amounts has no currency"),
        }
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// An amount of minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// When the currencies differ or the sum does not fit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// This amount less another.
    ///
    /// # Errors
    /// When the currencies differ or the difference does not fit.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// This amount, so many times.
    ///
    /// # Errors
    /// When the product does not fit.
    pub fn times(self, factor: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(factor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of amounts that may themselves have failed; the first failure wins.
    ///
    /// # Errors
    /// When a part failed, currencies differ, the sum does not fit, or there is nothing to add.
    pub fn sum(
        parts: impl IntoIterator<Item = Result<Self, MoneyError>>,
    ) -> Result<Self, MoneyError> {
        parts
            .into_iter()
            .reduce(|total, part| total?.plus(part?))
            .unwrap_or(Err(MoneyError::EmptySum))
    }

    fn combine(
        self,
        other: Self,
        operation: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            });
        }
        let minor = operation(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }
}

impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        if exponent == 0 {
            return write!(f, "{} {}", self.minor, self.currency);
        }
        let unit = 10_u64.pow(exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:0width$} {}",
            minor / unit,
            minor % unit,
            self.currency,
            width = exponent as usize
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, currency: &str) -> Money {
        Money::new(minor, currency.parse().expect("a currency code"))
    }

    #[test]
    fn displays_minor_units_of_each_currency() {
        assert_eq!(money(-5, "EUR").to_string(), "-0.05 EUR");
        assert_eq!(
            money(i64::MIN, "EUR").to_string(),
            "-92233720368547758.08 EUR"
        );
        assert_eq!(money(500, "JPY").to_string(), "500 JPY");
        assert_eq!(money(1_005, "KWD").to_string(), "1.005 KWD");
    }

    #[test]
    fn arithmetic_is_checked() {
        let max = money(i64::MAX, "EUR");
        assert_eq!(max.plus(money(1, "EUR")), Err(MoneyError::Overflow));
        assert_eq!(max.times(2), Err(MoneyError::Overflow));
        assert!(matches!(
            money(1, "EUR").minus(money(1, "USD")),
            Err(MoneyError::CurrencyMismatch { .. })
        ));
        assert_eq!(Money::sum([]), Err(MoneyError::EmptySum));
        let parts = [Ok(money(1, "EUR")), Ok(money(2, "EUR"))];
        assert_eq!(Money::sum(parts), Ok(money(3, "EUR")));
        assert_eq!(money(1, "EUR").partial_cmp(&money(1, "USD")), None);
    }

    #[test]
    fn codes_are_three_upper_case_letters() {
        for wrong in ["", "eur", "EU", "EURO", "E1R", "ÉR"] {
            assert_eq!(
                wrong.parse::<Currency>(),
                Err(ParseCurrencyError),
                "{wrong}"
            );
        }
    }
}
