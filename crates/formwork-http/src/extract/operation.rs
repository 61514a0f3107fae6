//! The circumstances of a request, as a change made for it records them.

use std::io;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use formwork_domain::{IdempotencyKey, Operation, TenantId, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::trace_parent::TraceParent;
use crate::Problem;
use crate::middleware::request_id;
use crate::problem::rejection::malformed;

/// The longest idempotency key.
const KEY_LENGTH: usize = 255;

/// Who makes the request. Whatever authenticates callers puts it into the request's extensions;
/// no header can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

/// The tenant the caller's credentials are for. Whatever authenticates callers puts it into the
/// request's extensions; no header can. It beats every header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantClaim(pub String);

/// What the headers of a request say about the change it asks for.
///
/// - `x-correlation-id`, else `x-request-id`: what ties together everything that follows. Texts
///   that are not short and visible are ignored.
/// - `traceparent`: the W3C trace context; a broken one is ignored, as its specification asks.
/// - `idempotency-key`: at most 255 visible characters; anything else is refused with 400.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationContext {
    /// Ties together everything that follows from the request.
    pub correlation: Option<String>,
    /// Who makes the request, once [`Actor`] says so.
    pub actor: Option<String>,
    /// Whom the request is for, once a [`Gate`](crate::Gate) has put a [`TenantId`] into its
    /// extensions.
    pub tenant: Option<TenantId>,
    /// The W3C trace context.
    pub trace_parent: Option<String>,
    /// The key under which the client may repeat the request.
    pub idempotency: Option<String>,
}

impl OperationContext {
    /// The operation a change is made under.
    ///
    /// `scope` names the command, such as `order.place`. `request` is everything the command is
    /// told: the same idempotency key with another request is refused later. It is read only when
    /// the request carries a key.
    pub fn operation<T>(&self, scope: &str, request: &T, at: Timestamp) -> Operation
    where
        T: Serialize + ?Sized,
    {
        Operation {
            tenant: self.tenant.clone(),
            actor: self.actor.clone(),
            correlation: self.correlation.clone(),
            trace_parent: self.trace_parent.clone(),
            idempotency: self.idempotency.as_ref().map(|key| IdempotencyKey {
                scope: scope.to_owned(),
                key: key.clone(),
                fingerprint: fingerprint(request),
            }),
            ..Operation::new(at)
        }
    }
}

impl<S: Sync> FromRequestParts<S> for OperationContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self {
            correlation: request_id::correlation(&parts.headers).map(str::to_owned),
            actor: parts.extensions.get::<Actor>().map(|actor| actor.0.clone()),
            tenant: parts.extensions.get::<TenantId>().cloned(),
            trace_parent: trace_parent(&parts.headers).map(|parent| parent.as_str().to_owned()),
            idempotency: idempotency_key(&parts.headers)?,
        })
    }
}

/// The trace context of the headers.
pub(crate) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent<'_>> {
    TraceParent::parse(headers.get("traceparent")?.to_str().ok()?)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (visible(value, KEY_LENGTH), values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(malformed().with_detail(
            "expected `Idempotency-Key` to be one key of 1 to 255 visible ASCII characters",
        )),
    }
}

/// The text of a header, when it is 1 to `length` visible ASCII characters.
pub(crate) fn visible(value: &HeaderValue, length: usize) -> Option<&str> {
    let bytes = value.as_bytes();
    let fits = (1..=length).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if fits { value.to_str().ok() } else { None }
}

/// A digest of a request. A part that has no JSON ends it: the same request still has the same
/// digest.
fn fingerprint<T: Serialize + ?Sized>(request: &T) -> String {
    struct Sink(Sha256);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut sink = Sink(Sha256::new());
    let _ = serde_json::to_writer(&mut sink, request);
    let mut text = String::with_capacity(64);
    for byte in sink.0.finalize() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
