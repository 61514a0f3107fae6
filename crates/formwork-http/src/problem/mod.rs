//! The one shape of every failed answer: problem details, RFC 9457.

pub(crate) mod failure;
pub(crate) mod rejection;

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formwork_domain::{Violation, Violations};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A failed answer, `application/problem+json`.
///
/// ```
/// use axum::http::StatusCode;
/// use formwork_http::Problem;
///
/// let problem = Problem::new(StatusCode::CONFLICT)
///     .with_type("urn:problem-type:sold-out", "Sold out")
///     .with_detail("there are 2 of `sku-1` left, 3 were asked for");
/// assert_eq!(
///     serde_json::to_string(&problem)?,
///     r#"{"type":"urn:problem-type:sold-out","title":"Sold out","status":409,"detail":"there are 2 of `sku-1` left, 3 were asked for"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    status: StatusCode,
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: Option<String>,
    instance: Option<String>,
    violations: Vec<Violation>,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem of which the status says all: type `about:blank`, the status's own phrase as title.
    pub fn new(status: StatusCode) -> Self {
        Self(Box::new(Content {
            status,
            kind: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Problem")),
            detail: None,
            instance: None,
            violations: Vec::new(),
            retry_after: None,
        }))
    }

    /// With a type of its own, a URI reference, and the title every problem of that type has.
    #[must_use]
    pub fn with_type(
        mut self,
        kind: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.kind = kind.into();
        self.0.title = title.into();
        self
    }

    /// With what is particular about this occurrence, for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// With a URI reference of this occurrence.
    #[must_use]
    pub fn with_instance(mut self, instance: impl Into<String>) -> Self {
        self.0.instance = Some(instance.into());
        self
    }

    /// With one more mistake in the request.
    #[must_use]
    pub fn with_violation(
        mut self,
        path: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        self.0.violations.push(Violation {
            path: path.into(),
            code,
            message: message.into(),
        });
        self
    }

    /// With more mistakes in the request.
    #[must_use]
    pub fn with_violations(mut self, violations: &Violations) -> Self {
        self.0.violations.extend(violations.iter().cloned());
        self
    }

    /// With a `Retry-After` header of so many seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The type: a URI reference, `about:blank` when the status says all.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What is particular about this occurrence.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The mistakes in the request.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.title)?;
        match &self.0.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let content = &*self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &content.kind)?;
        map.serialize_entry("title", &content.title)?;
        map.serialize_entry("status", &content.status.as_u16())?;
        if let Some(detail) = &content.detail {
            map.serialize_entry("detail", detail)?;
        }
        if let Some(instance) = &content.instance {
            map.serialize_entry("instance", instance)?;
        }
        if !content.violations.is_empty() {
            let entries: Vec<_> = content.violations.iter().map(Entry).collect();
            map.serialize_entry("violations", &entries)?;
        }
        map.end()
    }
}

/// A violation as it is written in a problem.
struct Entry<'a>(&'a Violation);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("path", &self.0.path)?;
        map.serialize_entry("code", self.0.code)?;
        map.serialize_entry("message", &self.0.message)?;
        map.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("a problem holds texts and a number only");
        let mut response = (
            self.0.status,
            [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))],
            body,
        )
            .into_response();
        if let Some(seconds) = self.0.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_it_carries_is_written_in_the_order_of_the_rfc() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
            .with_type("urn:problem-type:invalid", "The request is not valid")
            .with_detail("one mistake")
            .with_instance("/orders/1")
            .with_violation("lines[0].quantity", "too_small", "must be at least 1");
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            concat!(
                r#"{"type":"urn:problem-type:invalid","title":"The request is not valid","#,
                r#""status":422,"detail":"one mistake","instance":"/orders/1","violations":"#,
                r#"[{"path":"lines[0].quantity","code":"too_small","message":"must be at least 1"}]}"#,
            )
        );
        assert_eq!(
            problem.to_string(),
            "422 The request is not valid: one mistake"
        );
    }
}
