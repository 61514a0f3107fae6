//! Typed 128-bit identifiers in the textual form of a UUID.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

/// The identifier of a `T`: 128 bits, written as a UUID.
///
/// Identifiers of different types do not mix. The bytes come from outside the domain, usually
/// from a UUIDv7 generator behind [`Identifiers`], so that order by identifier is order by time.
///
/// ```
/// use formwork_domain::Id;
///
/// struct Order;
/// let id: Id<Order> = "0197a3c0-5b5e-7c3a-9a51-0242ac120002".parse()?;
/// assert_eq!(id.to_string(), "0197a3c0-5b5e-7c3a-9a51-0242ac120002");
/// # Ok::<(), formwork_domain::ParseIdError>(())
/// ```
pub struct Id<T: ?Sized> {
    bytes: [u8; 16],
    of: PhantomData<fn() -> T>,
}

impl<T: ?Sized> Id<T> {
    /// An identifier from its sixteen bytes, most significant first.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self {
            bytes,
            of: PhantomData,
        }
    }

    /// The sixteen bytes, most significant first.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.bytes
    }
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Id<T> {}

impl<T: ?Sized> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T: ?Sized> Eq for Id<T> {}

impl<T: ?Sized> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl<T: ?Sized> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: ?Sized> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A text that is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a UUID such as `0197a3c0-5b5e-7c3a-9a51-0242ac120002`")
    }
}

impl std::error::Error for ParseIdError {}

impl<T: ?Sized> FromStr for Id<T> {
    type Err = ParseIdError;

    /// Reads the hyphenated form, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.as_bytes();
        if text.len() != 36 {
            return Err(ParseIdError);
        }
        let mut bytes = [0; 16];
        let mut digits = 0;
        for (index, &symbol) in text.iter().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if symbol != b'-' {
                    return Err(ParseIdError);
                }
                continue;
            }
            let digit = (symbol as char).to_digit(16).ok_or(ParseIdError)? as u8;
            bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
            digits += 1;
        }
        Ok(Self::from_bytes(bytes))
    }
}

/// Where new identifiers come from.
///
/// Implementations return values that are unique and, for one caller, increasing. Tests pass a
/// counting one.
pub trait Identifiers: Send + Sync {
    /// Sixteen new bytes, most significant first.
    fn next(&self) -> [u8; 16];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_rejects_everything_else() {
        let id = Id::<()>::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for wrong in [
            "",
            "abababab",
            "abababab-abab-abab-abab-ababababababa",
            "abababab+abab-abab-abab-abababababab",
            "gbababab-abab-abab-abab-abababababab",
            "ébababab-abab-abab-abab-ababababab",
        ] {
            assert_eq!(wrong.parse::<Id<()>>(), Err(ParseIdError), "{wrong}");
        }
    }
}
