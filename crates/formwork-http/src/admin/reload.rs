//! Reloading on request.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formwork_app::{Attempt, Outcome, ReloadError, Trigger};
use formwork_config::{Errors, Snapshot, ViolationKind};
use serde::Serialize;

use super::Desk;
use super::views::tag;
use crate::health::no_store;
use crate::problem::rejection::malformed;
use crate::{Json, Problem};

pub(super) async fn reload(
    State(desk): State<Desk>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let present = desk.reloads.current();
    let outcome = match expected(&headers, &tag(&present))? {
        Expected::Any => desk.reloads.reload(Trigger::Admin).await,
        Expected::Present => {
            // Another one may be put in force before it is this one's turn.
            let generation = present.generation();
            desk.reloads.reload_if(generation, Trigger::Admin).await
        }
        Expected::Other => return Err(superseded(&present)),
    };
    let ended = Ended::of(&outcome);
    if let Outcome::Failed(error) = &outcome {
        return Err(match &**error {
            ReloadError::Superseded { .. } => superseded(&desk.reloads.current()),
            _ => refusal(error),
        });
    }
    let tag = [(header::ETAG, tag(&desk.reloads.current()))];
    Ok((tag, no_store(), Json(ended)).into_response())
}

/// The generation that is to be in force.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// Whichever is.
    Any,
    /// The one that is.
    Present,
    /// Another one.
    Other,
}

fn superseded(present: &Snapshot) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED)
        .with_detail(format!("the generation in force is {}", tag(present)))
}

/// Whether `If-Match` lists the entity tag, or is not there. The comparison is the strong one: weak
/// tags match nothing.
fn expected(headers: &HeaderMap, present: &str) -> Result<Expected, Problem> {
    let mut wanted = headers.get_all(header::IF_MATCH).iter().peekable();
    let mut found = match wanted.peek() {
        None => Expected::Any,
        Some(_) => Expected::Other,
    };
    for value in wanted {
        let tags = value.to_str().map_err(|_| unreadable())?;
        // A tag with a comma in it is none of ours, and refused as unreadable.
        for tag in tags.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = opaque.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            if tag != "*" && opaque.is_none_or(|it| it.contains('"')) {
                return Err(unreadable());
            }
            if tag == "*" {
                found = Expected::Any;
            } else if tag == present && found == Expected::Other {
                found = Expected::Present;
            }
        }
    }
    Ok(found)
}

fn unreadable() -> Problem {
    malformed().with_detail("expected `If-Match` to be entity tags such as `\"3-0f1e\"`, or `*`")
}

pub(super) async fn status(State(desk): State<Desk>) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        generation: u64,
        busy: bool,
        last: Option<Last<'a>>,
    }
    #[derive(Serialize)]
    struct Last<'a> {
        trigger: &'static str,
        at: String,
        took_ms: f64,
        #[serde(flatten)]
        ended: Ended<'a>,
    }
    let status = desk.reloads.status();
    let last = status.last.as_deref();
    let last = last.map(|attempt: &Attempt| Last {
        trigger: attempt.trigger.as_str(),
        at: attempt.at.to_string(),
        took_ms: attempt.took.as_micros() as f64 / 1_000.0,
        ended: Ended::of(&attempt.outcome),
    });
    let body = Body {
        generation: status.generation,
        busy: status.busy,
        last,
    };
    (no_store(), Json(body)).into_response()
}

/// How a reload ended.
#[derive(Serialize)]
struct Ended<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    /// What was taken over.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    paths: &'a [String],
    /// What waits for a restart.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    held: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'a> Ended<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let mut ended = Self {
            outcome: outcome.as_str(),
            generation: None,
            paths: &[],
            held: &[],
            reason: None,
        };
        match outcome {
            Outcome::Applied(applied) => {
                ended.generation = Some(applied.generation);
                ended.paths = &applied.paths;
                ended.held = &applied.held;
            }
            Outcome::Unchanged { generation, held } => {
                ended.generation = Some(*generation);
                ended.held = held;
            }
            Outcome::Failed(error) => ended.reason = Some(error.reason()),
            _ => {}
        }
        ended
    }
}

fn refusal(error: &Arc<ReloadError>) -> Problem {
    match &**error {
        ReloadError::Again(before) => refusal(before),
        ReloadError::Invalid(errors) => invalid(errors),
        ReloadError::Static { paths } => {
            let problem = Problem::new(StatusCode::CONFLICT)
                .with_type(
                    "urn:problem-type:static-values",
                    "Only a restart takes it over",
                )
                .with_detail("restart, or set `app.static-changes = \"apply-dynamic\"`");
            paths.iter().fold(problem, |problem, path| {
                problem.with_violation(path, "static", "has changed")
            })
        }
        ReloadError::Prepare(failure) => Problem::new(StatusCode::CONFLICT)
            .with_type(
                "urn:problem-type:not-prepared",
                "A module could not prepare for it",
            )
            .with_detail(failure.to_string()),
        other => Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_detail(other.to_string()),
    }
}

fn invalid(errors: &Errors) -> Problem {
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY).with_type(
        "urn:problem-type:invalid-configuration",
        "The configuration is not valid",
    );
    errors.iter().fold(problem, |problem, violation| {
        let mut message = violation.message.clone();
        if let Some(origin) = &violation.origin {
            message = format!("{origin}: {message}");
        }
        if let Some(hint) = &violation.hint {
            message = format!("{message}; {hint}");
        }
        problem.with_violation(&violation.path, code(violation.kind), message)
    })
}

fn code(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Source => "source",
        ViolationKind::Syntax => "syntax",
        ViolationKind::Unknown => "unknown",
        ViolationKind::Conflict => "conflict",
        ViolationKind::Exposed => "exposed",
        ViolationKind::Missing => "missing",
        ViolationKind::Type => "type",
        ViolationKind::Range => "range",
        ViolationKind::Check => "check",
        _ => "invalid",
    }
}
