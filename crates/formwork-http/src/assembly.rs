//! One router from the routes of all modules, within the middleware.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::http::StatusCode;

use crate::config::HttpConfig;
use crate::middleware::{self, Admission, Gates, Observe, Protect, Rate};
use crate::{Problem, Routes};

/// Two modules claim the same route.
#[derive(Debug, thiserror::Error)]
#[error("the routes `{name}` do not go together with those of {others}: {reason}")]
pub(crate) struct Clash {
    name: &'static str,
    others: String,
    reason: String,
}

/// Whether all routes fit into one router.
pub(crate) fn check(routes: &[Arc<Routes>]) -> Result<(), Clash> {
    let mut router = Router::new();
    for (index, part) in routes.iter().enumerate() {
        let both = (router, part.router().clone());
        // axum can only be asked by trying: it panics on a route that is there already.
        let merged = catch_unwind(AssertUnwindSafe(|| both.0.merge(both.1)));
        router = merged.map_err(|panic| Clash {
            name: part.name(),
            others: routes[..index]
                .iter()
                .map(|part| format!("`{}`", part.name()))
                .collect::<Vec<_>>()
                .join(", "),
            reason: text_of(&*panic),
        })?;
    }
    Ok(())
}

/// What one router takes over from the one before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried {
    /// How many requests are being worked on.
    pub(crate) taken: Arc<AtomicUsize>,
    /// How many there have been lately.
    pub(crate) rate: Option<Arc<Rate>>,
}

impl Carried {
    /// With the bucket of these settings, the present one if it is of them.
    pub(crate) fn with_rate_of(mut self, config: &HttpConfig) -> Self {
        self.rate = config.rate_limit.map(|limit| match self.rate {
            Some(rate) if rate.is(limit, config.rate_burst) => rate,
            _ => Arc::new(Rate::new(limit, config.rate_burst)),
        });
        self
    }
}

/// All routes, which [`check`] has found to fit, and an answer for every other path and method.
pub(crate) fn assemble(
    routes: &[Arc<Routes>],
    gates: &Gates,
    config: &HttpConfig,
    carried: &Carried,
) -> Router {
    let observe = Observe::new();
    let unlimited = Protect {
        admission: None,
        rate: None,
        timeout: config.request_timeout,
        body_limit: config.body_limit.as_usize(),
    };
    let limited = Protect {
        admission: Some(Admission::new(
            config.max_concurrency as usize,
            Arc::clone(&carried.taken),
        )),
        rate: carried.rate.clone(),
        ..unlimited.clone()
    };
    let callers = merged(routes, false)
        .fallback(async || Problem::new(StatusCode::NOT_FOUND).with_detail("there is no such path"))
        .method_not_allowed_fallback(method_not_allowed);
    let callers = match gates.is_empty() {
        true => callers,
        false => callers.layer(gates.clone()),
    };
    let operators = merged(routes, true).method_not_allowed_fallback(method_not_allowed);
    let origins = &config.cors_origins;
    let router = middleware::around(
        callers,
        observe.clone(),
        limited,
        origins,
        config.compression,
    )
    .merge(middleware::around(
        operators,
        observe,
        unlimited,
        &[],
        config.compression,
    ));
    gates.around(router)
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED).with_detail("the path has no such method")
}

fn merged(routes: &[Arc<Routes>], operational: bool) -> Router {
    routes
        .iter()
        .filter(|part| part.is_operational() == operational)
        .fold(Router::new(), |router, part| {
            router.merge(part.router().clone())
        })
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "the same route twice".to_owned())
}
