//! Telling requests apart: `x-request-id`, and `x-correlation-id` across services.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::extract::visible;

/// The header that tells requests apart; every answer carries it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The longest identifier that is taken over from a caller.
const LENGTH: usize = 128;

/// The request's identifier: the caller's when it is short and visible, else a new one, which is
/// put into the headers for everyone behind.
pub(crate) fn ensure(headers: &mut HeaderMap) -> HeaderValue {
    if let Some(value) = headers.get(&REQUEST_ID)
        && visible(value, LENGTH).is_some()
    {
        return value.clone();
    }
    let value = next();
    headers.insert(REQUEST_ID, value.clone());
    value
}

/// The request's identifier, when it is short and visible.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    visible(headers.get(REQUEST_ID)?, LENGTH)
}

/// What ties the request to others: the correlation identifier, else the request's own.
pub(crate) fn correlation(headers: &HeaderMap) -> Option<&str> {
    [CORRELATION_ID, REQUEST_ID]
        .iter()
        .find_map(|name| visible(headers.get(name)?, LENGTH))
}

/// A new identifier: 64 random bits of this process, then a number, in hexadecimal.
fn next() -> HeaderValue {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static NUMBER: AtomicU64 = AtomicU64::new(1);

    let process = PROCESS.get_or_init(|| uuid::Uuid::new_v4().as_u64_pair().0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut text = [b'-'; 27];
    hex(&mut text[..16], *process);
    hex(&mut text[17..], number);
    HeaderValue::from_bytes(&text).expect("hexadecimal digits are a header value")
}

/// Fills `digits` with the last digits of a number.
fn hex(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_hexadecimal_and_differ() {
        let mut digits = [0; 4];
        hex(&mut digits, 0xab_cdef);
        assert_eq!(&digits, b"cdef");
        let (one, two) = (next(), next());
        assert_ne!(one, two);
        let (process, number) = one.to_str().unwrap().split_once('-').unwrap();
        assert!(u64::from_str_radix(process, 16).is_ok(), "{process}");
        assert!(u64::from_str_radix(number, 16).is_ok(), "{number}");
    }
}
