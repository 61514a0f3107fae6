//! How axum's own rejections become problems.
//!
//! With these, an extractor of axum's that this crate does not wrap can be given the same failure:
//!
//! ```
//! use axum::extract::FromRequest;
//! use formwork_http::Problem;
//!
//! #[derive(FromRequest)]
//! #[from_request(via(axum::Json), rejection(Problem))]
//! struct Body<T>(T);
//! ```

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{
    BytesRejection, ExtensionRejection, FormRejection, JsonRejection, MatchedPathRejection,
    PathRejection, QueryRejection, RawFormRejection, RawPathParamsRejection, StringRejection,
};
use axum::http::StatusCode;

use super::Problem;

/// Converts by what every rejection of axum's knows: its status and a text.
macro_rules! from_rejections {
    ($($rejection:ty),+ $(,)?) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                from_text(rejection.status(), rejection.body_text())
            }
        }
    )+};
}

from_rejections!(
    BytesRejection,
    ExtensionRejection,
    FormRejection,
    JsonRejection,
    MatchedPathRejection,
    QueryRejection,
    RawFormRejection,
    RawPathParamsRejection,
    StringRejection,
);

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        let (status, text) = (rejection.status(), rejection.body_text());
        let PathRejection::FailedToDeserializePathParams(error) = rejection else {
            return from_text(status, text);
        };
        match error.into_kind() {
            ErrorKind::ParseErrorAtKey {
                key, expected_type, ..
            } => malformed().with_violation(key, "type", format!("expected `{expected_type}`")),
            ErrorKind::ParseError { expected_type, .. } => {
                malformed().with_violation("", "type", format!("expected `{expected_type}`"))
            }
            ErrorKind::DeserializeError { key, message, .. } => {
                malformed().with_violation(key, "invalid", message)
            }
            ErrorKind::InvalidUtf8InPathParam { key } => {
                malformed().with_violation(key, "encoding", "must be UTF-8")
            }
            _ => from_text(status, text),
        }
    }
}

/// The request cannot be read.
pub(crate) fn malformed() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST)
        .with_type("urn:problem-type:malformed", "The request is malformed")
}

/// The body is larger than allowed.
pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE).with_detail("the request body is too large")
}

fn from_text(status: StatusCode, text: String) -> Problem {
    match status {
        StatusCode::BAD_REQUEST => malformed().with_detail(text),
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::UNPROCESSABLE_ENTITY => super::failure::invalid().with_detail(text),
        status if status.is_server_error() => {
            tracing::error!(error = text, "a handler cannot be called");
            Problem::new(status)
        }
        status => Problem::new(status).with_detail(text),
    }
}
