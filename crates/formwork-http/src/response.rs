//! Answers that tell the version of what they show.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use formwork_domain::Version;
use serde::Serialize;

use crate::Json;

/// The strong entity tag of a version: `"3"`.
pub fn etag(version: Version) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(format!("\"{version}\"")))
        .expect("digits between quotes are a header value")
}

/// 200: a body with the version it shows, in `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The version.
    pub version: Version,
    /// What is shown.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag(self.version))], Json(self.body)).into_response()
    }
}

/// 201: something was created; where it is, its version and what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<T> {
    /// The path it is found at, such as `/orders/0197…`.
    pub location: String,
    /// Its version.
    pub version: Version,
    /// What is shown of it.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let headers = [
            (header::LOCATION, location(&self.location)),
            (header::ETAG, etag(self.version)),
        ];
        (StatusCode::CREATED, headers, Json(self.body)).into_response()
    }
}

/// A path as a header value; what a URI cannot hold is percent-encoded.
fn location(path: &str) -> HeaderValue {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("visible ASCII is a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_always_a_header_value() {
        assert_eq!(location("/orders/1"), "/orders/1");
        assert_eq!(location("/a b/\r\nü"), "/a%20b/%0D%0A%C3%BC");
    }
}
