//! Time spans and byte sizes as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An amount of bytes, written `512`, `64KiB`, `1MiB`, `10MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// How many bytes.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// How many bytes, or the most this machine can address.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseQuantityError {
    expected: &'static str,
}

impl FromStr for ByteSize {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units: &[(&str, u128)] = &[
            ("", 1),
            ("B", 1),
            ("kB", 1_000),
            ("KB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
        ];
        amount(text, units)
            .and_then(|bytes| u64::try_from(bytes).ok())
            .map(Self)
            .ok_or(ParseQuantityError {
                expected: "an amount of bytes such as `512KiB` or `1MiB`",
            })
    }
}

impl fmt::Display for ByteSize {
    /// In the largest binary unit that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [
            ("TiB", 1_u64 << 40),
            ("GiB", 1 << 30),
            ("MiB", 1 << 20),
            ("KiB", 1 << 10),
        ] {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return write!(f, "{}{unit}", self.0 / size);
            }
        }
        write!(f, "{}B", self.0)
    }
}

/// Reads a time span: a number and one of `ns`, `us`, `ms`, `s`, `m`, `h`, `d`; also `0`.
///
/// # Errors
/// When the text is anything else, or longer than a `u64` of nanoseconds (584 years).
pub fn parse_duration(text: &str) -> Result<Duration, ParseQuantityError> {
    let units: &[(&str, u128)] = &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ];
    let nanos = if text == "0" {
        Some(0)
    } else {
        amount(text, units)
    };
    nanos
        .and_then(|nanos| u64::try_from(nanos).ok())
        .map(Duration::from_nanos)
        .ok_or(ParseQuantityError {
            expected: "a time span such as `250ms`, `30s` or `5m`",
        })
}

/// Writes a time span as [`parse_duration`] reads it, in the largest unit that leaves a whole
/// number.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    for (unit, size) in [
        ("d", 86_400_000_000_000_u128),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ] {
        if nanos >= size && nanos.is_multiple_of(size) {
            return format!("{}{unit}", nanos / size);
        }
    }
    if nanos == 0 {
        return "0s".to_owned();
    }
    format!("{nanos}ns")
}

/// A number with at most nine decimals, times its unit; `None` when it is none, or no whole number
/// of the smallest unit.
fn amount(text: &str, units: &[(&str, u128)]) -> Option<u128> {
    let digits_end = text
        .find(|symbol: char| !symbol.is_ascii_digit() && symbol != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits_end);
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && decimals.is_empty()) || decimals.len() > 9 {
        return None;
    }
    let scale = 10_u128.pow(decimals.len() as u32);
    let decimals: u128 = if decimals.is_empty() {
        0
    } else {
        decimals.parse().ok()?
    };
    let scaled = whole
        .parse::<u64>()
        .ok()
        .map(u128::from)?
        .checked_mul(scale)?
        .checked_add(decimals)?
        .checked_mul(*size)?;
    scaled.is_multiple_of(scale).then(|| scaled / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("250ms", Some(250_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("30 s", Some(30_000_000_000)),
            ("5m", Some(300_000_000_000)),
            ("2h", Some(7_200_000_000_000)),
            ("1d", Some(86_400_000_000_000)),
            ("30", None),
            ("", None),
            ("s", None),
            ("1.s", None),
            ("-1s", None),
            ("1.5ns", None),
            ("1y", None),
            ("999999999999d", None),
        ] {
            let read = parse_duration(text).ok().map(|d| d.as_nanos());
            assert_eq!(read, nanos, "{text}");
            if let Some(nanos) = nanos {
                let duration = Duration::from_nanos(nanos as u64);
                assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
            }
        }
    }

    #[test]
    fn byte_sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("512", Some(512)),
            ("1KiB", Some(1024)),
            ("1.5MiB", Some(1_572_864)),
            ("10MB", Some(10_000_000)),
            ("1mib", None),
            ("1.5", None),
            ("MiB", None),
        ] {
            let read: Option<ByteSize> = text.parse().ok();
            assert_eq!(read.map(ByteSize::as_u64), bytes, "{text}");
            if let Some(size) = read {
                assert_eq!(size.to_string().parse(), Ok(size));
            }
        }
    }
}
