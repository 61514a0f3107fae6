//! Panics, the limits of rate and concurrency, the timeout and the body limit.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;
use pin_project_lite::pin_project;
use tokio::time::Timeout;
use tower::{Layer, Service};

use super::admission::{Admission, Ticket};
use super::rate::Rate;
use crate::Problem;
use crate::problem::rejection::too_large;

/// What axum's own extractors read at most, unless they are told otherwise.
const AXUM_BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Keeps a handler from taking the server down or being flooded.
#[derive(Debug, Clone)]
pub(crate) struct Protect {
    /// The places there are for requests; `None` where there is no limit.
    pub(crate) admission: Option<Arc<Admission>>,
    /// How many requests per second there may be; `None` where there is no limit.
    pub(crate) rate: Option<Arc<Rate>>,
    /// How long a handler may take until the head of its answer.
    pub(crate) timeout: Duration,
    /// The largest request body, in bytes.
    pub(crate) body_limit: usize,
}

impl<S> Layer<S> for Protect {
    type Service = Protected<S>;

    fn layer(&self, inner: S) -> Protected<S> {
        Protected {
            inner,
            limits: self.clone(),
        }
    }
}

/// One endpoint, protected.
#[derive(Debug, Clone)]
pub(crate) struct Protected<S> {
    inner: S,
    limits: Protect,
}

impl<S> Service<Request> for Protected<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Protecting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if let Some(rate) = &self.limits.rate
            && let Err(wait) = rate.take()
        {
            return Protecting::refused(too_many(wait));
        }
        let ticket = match &self.limits.admission {
            None => None,
            Some(admission) => match admission.enter() {
                Some(ticket) => Some(ticket),
                None => return Protecting::refused(overloaded()),
            },
        };
        match limited(request, self.limits.body_limit) {
            Ok(request) => Protecting::Running {
                inner: tokio::time::timeout(self.limits.timeout, self.inner.call(request)),
                ticket,
            },
            Err(problem) => Protecting::refused(problem),
        }
    }
}

pin_project! {
    /// A request that was let in, or not.
    #[project = Projected]
    pub(crate) enum Protecting<F> {
        Refused { problem: Option<Problem> },
        Running {
            #[pin]
            inner: Timeout<F>,
            ticket: Option<Ticket>,
        },
    }
}

impl<F> Protecting<F> {
    fn refused(problem: Problem) -> Self {
        Self::Refused {
            problem: Some(problem),
        }
    }
}

impl<F> Future for Protecting<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let problem = match self.project() {
            Projected::Refused { problem } => problem
                .take()
                .expect("a future is not polled after it is ready"),
            Projected::Running { inner, ticket } => {
                let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(context)));
                let ended = match polled {
                    Ok(polled) => ready!(polled).map_err(|_| timed_out()),
                    Err(panic) => Err(panicked(&*panic)),
                };
                ticket.take();
                match ended {
                    Ok(answered) => return Poll::Ready(answered),
                    Err(problem) => problem,
                }
            }
        };
        Poll::Ready(Ok(problem.into_response()))
    }
}

/// The request, unable to send a body over the limit. One that says its length beforehand costs
/// nothing: the connection reads no more than was announced.
fn limited(mut request: Request, limit: usize) -> Result<Request, Problem> {
    let announced = request.body().size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large());
    }
    if announced.upper() == Some(0) {
        return Ok(request);
    }
    if limit > AXUM_BODY_LIMIT {
        DefaultBodyLimit::disable().apply(&mut request);
    }
    match announced.upper() {
        Some(upper) if upper <= limit as u64 => Ok(request),
        _ => Ok(request.map(|body| Body::new(Limited::new(body, limit)))),
    }
}

fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS)
        .with_type("urn:problem-type:rate-limited", "Too many requests")
        .with_retry_after(seconds as u32)
}

fn overloaded() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_type("urn:problem-type:overloaded", "Too many requests at once")
        .with_retry_after(1)
}

fn timed_out() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT)
        .with_type("urn:problem-type:timeout", "The request took too long")
        .with_detail("it may have taken effect nevertheless")
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of no text");
    tracing::error!(panic = message, "a handler or a gate panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
}
