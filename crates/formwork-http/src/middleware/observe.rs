//! Request id, span, metrics and the headers of every answer.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use metrics::Gauge;
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Span;

use super::active::Active;
use super::durations::{Durations, method_label};
use super::request_id::{self, REQUEST_ID};
use crate::extract::trace_parent::TraceParent;

/// The gauge of requests in flight.
pub(crate) const ACTIVE: &str = "http_server_active_requests";

/// Headers of every answer that does not set its own.
const SECURITY: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("frame-ancestors 'none'"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// Watches requests from the outside; changes nothing but headers.
#[derive(Clone)]
pub(crate) struct Observe {
    active: Gauge,
}

impl Observe {
    pub(crate) fn new() -> Self {
        Self {
            active: metrics::gauge!(ACTIVE),
        }
    }
}

impl fmt::Debug for Observe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observe").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed {
            inner,
            active: self.active.clone(),
            durations: Arc::default(),
        }
    }
}

/// One endpoint, watched.
#[derive(Clone)]
pub(crate) struct Observed<S> {
    inner: S,
    active: Gauge,
    durations: Arc<Durations>,
}

impl<S, B> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = Instant::now();
        let request_id = request_id::ensure(request.headers_mut());
        let method = method_label(request.method());
        let route = self.durations.route(|| {
            let matched = request.extensions().get::<MatchedPath>()?;
            Some(matched.as_str().to_owned())
        });
        let span = span(request.headers(), method, route);
        let active = Active::enter(&self.active);
        let inner = span.in_scope(|| self.inner.call(request));
        Observing {
            inner,
            span,
            active,
            durations: Arc::clone(&self.durations),
            method,
            started,
            request_id,
        }
    }
}

/// The span of a request. Its level is `error` so that no filter which lets a line through takes
/// away what ties the line to its request.
fn span(headers: &HeaderMap, method: &'static str, route: &str) -> Span {
    let trace = headers
        .get("traceparent")
        .and_then(|value| TraceParent::parse(value.to_str().ok()?));
    tracing::error_span!(
        "request",
        method,
        route,
        request_id = request_id::request_id(headers),
        correlation = request_id::correlation(headers),
        trace_id = trace.map(TraceParent::trace_id),
        tenant = tracing::field::Empty,
    )
}

pin_project! {
    /// A watched request.
    pub(crate) struct Observing<F> {
        #[pin]
        inner: F,
        span: Span,
        active: Active,
        durations: Arc<Durations>,
        method: &'static str,
        started: Instant,
        request_id: HeaderValue,
    }
}

impl<F, B> Future for Observing<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let mut response = match ready!(this.inner.poll(context)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, this.request_id.clone());
        for (name, value) in &SECURITY {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        let duration = this.started.elapsed();
        this.durations
            .record(this.method, response.status(), duration);
        log(response.status().as_u16(), duration);
        Poll::Ready(Ok(response))
    }
}

/// One line for each request.
fn log(status: u16, duration: Duration) {
    let duration_ms = duration.as_micros() as f64 / 1_000.0;
    if status >= 500 {
        tracing::warn!(status, duration_ms, "request failed");
    } else {
        tracing::debug!(status, duration_ms, "request");
    }
}
