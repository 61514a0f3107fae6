//! What the health of components was before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use formwork_app::{Change, Context, Declaration, Error, Module, Policy, WireError, Wiring};
use formwork_domain::BoxFuture;
use serde::Serialize;

use super::{Disclosure, HealthHistoryConfig, no_store};
use crate::{Json, Problem, Routes};

/// Keeps every change of a component's health in memory, the latest ones, and serves them under
/// `/health-history`, newest first.
///
/// A change names its component, so it is served to those who are shown components in `/health`;
/// the others are refused. There is no such path when nobody can be shown them.
#[derive(Debug, Default)]
pub struct HealthHistoryModule {
    history: Option<Arc<History>>,
}

impl HealthHistoryModule {
    /// The module, to be configured under `health-history`.
    pub const fn new() -> Self {
        Self { history: None }
    }
}

impl Module for HealthHistoryModule {
    fn declare(&self) -> Declaration {
        Declaration::new("health-history")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<HealthHistoryConfig>("health-history")
            .wants::<Disclosure>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let keep = wiring.config::<HealthHistoryConfig>()?.keep as usize;
        let history = Arc::new(History::new(keep));
        self.history = Some(Arc::clone(&history));
        let disclosure = wiring.find::<Disclosure>();
        if disclosure
            .as_ref()
            .is_some_and(|disclosure| !disclosure.is_possible())
        {
            return Ok(());
        }
        let router = Router::new().route("/health-history", get(answer));
        let router = router.with_state(Served {
            history,
            disclosure,
        });
        wiring.contribute(Arc::new(
            Routes::new("health-history", router).operational(),
        ))
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let Some(history) = self.history.clone() else {
                return Err(Error::lifecycle(
                    "the history of health was started before it was wired",
                ));
            };
            let health = context.health().clone();
            let stopping = context.stopping();
            // Followed from here, so that not even the first result is missed.
            let mut first = Some(health.changes());
            let keep = move || {
                let mut changes = first.take().unwrap_or_else(|| health.changes());
                let (history, stopping) = (Arc::clone(&history), stopping.clone());
                async move {
                    while let Some(Some(change)) =
                        stopping.run_until_cancelled(changes.next()).await
                    {
                        history.push(change, changes.missed());
                    }
                    Ok(())
                }
            };
            context.tasks().spawn("keep", Policy::restart(), keep);
            Ok(())
        })
    }
}

#[derive(Clone)]
struct Served {
    history: Arc<History>,
    /// `None` without the probes, which have the configuration for it.
    disclosure: Option<Arc<Disclosure>>,
}

async fn answer(State(served): State<Served>, headers: HeaderMap) -> Response {
    let mut disclosure = served.disclosure.iter();
    if disclosure.any(|disclosure| !disclosure.shows(&headers)) {
        let problem = Problem::new(StatusCode::UNAUTHORIZED)
            .with_detail("send `authorization: Bearer` with the value of `health.token`");
        return ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response();
    }
    let kept = served.history.lock().clone();
    let body = Body {
        changes: kept.changes.iter().map(|change| &**change).collect(),
        missed: kept.missed,
    };
    (no_store(), Json(body)).into_response()
}

#[derive(Serialize)]
struct Body<'a> {
    /// Newest first.
    changes: Vec<&'a Change>,
    /// How many came faster than they could be kept.
    missed: u64,
}

/// The latest changes.
#[derive(Debug)]
struct History {
    keep: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    changes: VecDeque<Arc<Change>>,
    missed: u64,
}

impl History {
    fn new(keep: usize) -> Self {
        Self {
            keep,
            kept: Mutex::default(),
        }
    }

    fn push(&self, change: Arc<Change>, missed: u64) {
        let mut kept = self.lock();
        kept.changes.push_front(change);
        kept.changes.truncate(self.keep);
        kept.missed = missed;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
