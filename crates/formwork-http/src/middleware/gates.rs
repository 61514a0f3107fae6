//! Gates, around a route and around the choice of the route.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use tower::{Layer, Service};

use super::protect::panicked;
use crate::Gate;

/// The gates of all modules, in their order. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Gates(Arc<[Arc<dyn Gate>]>);

impl Gates {
    pub(crate) fn new(mut gates: Vec<Arc<dyn Gate>>) -> Self {
        gates.sort_by_key(|gate| gate.order());
        Self(gates.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks the gates for another address before the router chooses the route.
    pub(crate) fn around(&self, router: Router) -> Router {
        let routing: Vec<_> = self
            .0
            .iter()
            .filter(|gate| gate.routes())
            .cloned()
            .collect();
        if routing.is_empty() {
            return router;
        }
        Router::new().fallback_service(Routing {
            router,
            gates: routing.into(),
        })
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gates").field(&self.0.len()).finish()
    }
}

impl<S> Layer<S> for Gates {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            gates: self.clone(),
        }
    }
}

/// One endpoint behind the gates.
#[derive(Debug, Clone)]
pub(crate) struct Gated<S> {
    inner: S,
    gates: Gates,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        for gate in self.gates.0.iter() {
            if let Err(problem) = gate.admit(&mut parts) {
                return Either::Right(ready(Ok(problem.into_response())));
            }
        }
        Either::Left(self.inner.call(Request::from_parts(parts, body)))
    }
}

/// A router whose requests may have another address than they came with.
#[derive(Clone)]
struct Routing {
    router: Router,
    gates: Arc<[Arc<dyn Gate>]>,
}

impl Service<Request> for Routing {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<<Router as Service<Request>>::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let routed = catch_unwind(AssertUnwindSafe(|| {
            for gate in self.gates.iter() {
                if let Some(uri) = gate.route(&mut parts) {
                    parts.uri = uri;
                }
            }
        }));
        // Outside of what protects handlers: a panic would end the connection with all that is on it.
        if let Err(panic) = routed {
            return Either::Right(ready(Ok(panicked(&*panic).into_response())));
        }
        Either::Left(self.router.call(Request::from_parts(parts, body)))
    }
}
