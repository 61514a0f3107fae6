//! Checks for the constraints of a field, each returning what is wrong with the value.
//!
//! ```
//! use formwork_domain::{check, Violations};
//!
//! let mut violations = Violations::new();
//! violations.check("quantity", check::range(0, 1..=100));
//! violations.check("name", check::length("", 1..));
//! assert_eq!(
//!     violations.to_string(),
//!     "`quantity`: must be from 1 to 100; `name`: must have at least 1 character"
//! );
//! ```

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use crate::{Money, Violations};

/// Checks how many characters (Unicode scalar values) a text has.
///
/// # Errors
/// A violation `length` when they are too few or too many.
pub fn length(text: &str, bounds: impl RangeBounds<usize>) -> Result<(), Violations> {
    let length = text.chars().count();
    within(length, &bounds, "length", |limit| {
        format!("must have {}", limit.describe("character"))
    })
}

/// Checks how many items a list has.
///
/// # Errors
/// A violation `count` when they are too few or too many.
pub fn count(items: usize, bounds: impl RangeBounds<usize>) -> Result<(), Violations> {
    within(items, &bounds, "count", |limit| {
        format!("must have {}", limit.describe("item"))
    })
}

/// Checks that a number lies within bounds.
///
/// # Errors
/// A violation `range` when it does not.
pub fn range(number: i64, bounds: impl RangeBounds<i64>) -> Result<(), Violations> {
    within(number, &bounds, "range", |limit| format!("must be {limit}"))
}

/// Checks that an amount lies within bounds given in minor units of its own currency.
///
/// # Errors
/// A violation `range` when it does not.
pub fn amount(amount: Money, bounds: impl RangeBounds<i64>) -> Result<(), Violations> {
    within(amount.minor(), &bounds, "range", |limit| {
        let currency = amount.currency();
        limit
            .map(|minor| Money::new(minor, currency))
            .to_sentence("must be")
    })
}

/// A run of characters out of some ranges.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// First and last character of each range.
    pub ranges: &'static [(char, char)],
    /// At least so many.
    pub min: u32,
    /// At most so many; `None` for no limit.
    pub max: Option<u32>,
}

/// Checks that a text is made of the given runs, each matched as long as possible. `source` is
/// how the pattern is shown to people.
///
/// # Errors
/// A violation `pattern` when it is not.
pub fn pattern(text: &str, source: &str, runs: &[Run]) -> Result<(), Violations> {
    let mut rest = text.chars().peekable();
    for run in runs {
        let mut taken = 0;
        while run.max.is_none_or(|max| taken < max)
            && rest
                .next_if(|symbol| run.ranges.iter().any(|(a, z)| (a..=z).contains(&symbol)))
                .is_some()
        {
            taken += 1;
        }
        if taken < run.min {
            return Err(mismatch(source));
        }
    }
    if rest.next().is_some() {
        return Err(mismatch(source));
    }
    Ok(())
}

fn mismatch(source: &str) -> Violations {
    Violations::one("", "pattern", format!("must match `{source}`"))
}

/// Inclusive limits of a range.
enum Limit<T> {
    Between(T, T),
    AtLeast(T),
    AtMost(T),
}

impl<T> Limit<T> {
    fn map<U>(self, f: impl Fn(T) -> U) -> Limit<U> {
        match self {
            Self::Between(min, max) => Limit::Between(f(min), f(max)),
            Self::AtLeast(min) => Limit::AtLeast(f(min)),
            Self::AtMost(max) => Limit::AtMost(f(max)),
        }
    }
}

impl<T: Display> Limit<T> {
    fn to_sentence(&self, start: &str) -> String {
        format!("{start} {self}")
    }
}

impl<T: Display> Display for Limit<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Between(min, max) => write!(f, "from {min} to {max}"),
            Self::AtLeast(min) => write!(f, "at least {min}"),
            Self::AtMost(max) => write!(f, "at most {max}"),
        }
    }
}

impl Limit<usize> {
    fn describe(&self, noun: &str) -> String {
        match self {
            Self::Between(min, max) if min == max => format!("exactly {max} {noun}{}", s(*max)),
            Self::Between(min, max) => format!("{min} to {max} {noun}{}", s(*max)),
            Self::AtLeast(min) => format!("at least {min} {noun}{}", s(*min)),
            Self::AtMost(max) => format!("at most {max} {noun}{}", s(*max)),
        }
    }
}

fn s(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn within<T: Copy + PartialOrd>(
    value: T,
    bounds: &impl RangeBounds<T>,
    code: &'static str,
    message: impl FnOnce(Limit<T>) -> String,
) -> Result<(), Violations> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let limit = match (bounds.start_bound(), bounds.end_bound()) {
        (Bound::Included(&min), Bound::Unbounded) => Limit::AtLeast(min),
        (Bound::Unbounded, Bound::Included(&max)) => Limit::AtMost(max),
        (Bound::Included(&min), Bound::Included(&max)) => Limit::Between(min, max),
        _ => return Err(Violations::one("", code, "is out of bounds")),
    };
    Err(Violations::one("", code, message(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<(), Violations>) -> String {
        result.map_or_else(|violations| violations.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn says_what_is_expected() {
        assert_eq!(message(length("äöü", 1..=3)), "fine");
        assert_eq!(
            message(length("äöü", ..=1)),
            "must have at most 1 character"
        );
        assert_eq!(
            message(length("äöü", 2..=2)),
            "must have exactly 2 characters"
        );
        assert_eq!(message(count(0, 1..=100)), "must have 1 to 100 items");
        assert_eq!(message(range(7, ..=6)), "must be at most 6");
        assert_eq!(message(range(i64::MIN, 0..)), "must be at least 0");
        let euro = "EUR".parse().expect("a currency");
        assert_eq!(
            message(amount(Money::new(-1, euro), 0..)),
            "must be at least 0.00 EUR"
        );
    }

    #[test]
    fn patterns_match_the_whole_text() {
        const CODE: &[Run] = &[
            Run {
                ranges: &[('A', 'Z')],
                min: 2,
                max: Some(3),
            },
            Run {
                ranges: &[('-', '-')],
                min: 0,
                max: Some(1),
            },
            Run {
                ranges: &[('0', '9')],
                min: 1,
                max: None,
            },
        ];
        for fine in ["AB1", "ABC-123", "ABC99999"] {
            assert_eq!(message(pattern(fine, "", CODE)), "fine", "{fine}");
        }
        for wrong in ["", "A1", "ABCD1", "ABC-", "AB1x", "äB1"] {
            assert_ne!(message(pattern(wrong, "", CODE)), "fine", "{wrong}");
        }
    }
}
