//! Time spans as log lines and events tell them.

use std::time::Duration;

/// Milliseconds, to the whole microsecond: what is beyond is noise, and would be printed with all the
/// digits a binary fraction has.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos().div_ceil(1_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_three_digits_are_told() {
        for nanos in (0..3_000_000).step_by(997) {
            let told = milliseconds(Duration::from_nanos(nanos));
            let text = serde_json::json!(told).to_string();
            let digits = text.split_once('.').map_or("", |(_, digits)| digits);
            assert!(digits.len() <= 3, "{nanos}: {text}");
            let off = (told * 1e6 - nanos as f64).abs();
            assert!(off < 1_001.0, "{nanos}: {text}");
        }
        assert_eq!(milliseconds(Duration::ZERO), 0.0);
        // Whatever took time is not told as nothing.
        assert_eq!(milliseconds(Duration::from_nanos(1)), 0.001);
    }
}
