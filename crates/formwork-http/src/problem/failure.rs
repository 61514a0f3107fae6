//! How the failures of a domain and its use cases become problems.
//!
//! What the caller can act on is told to the caller. What only the owner of the service can act
//! on is logged here, once, with its causes, and the caller learns no more than the status.

use std::error::Error;
use std::fmt;

use axum::http::StatusCode;
use formwork_domain::{
    DomainError, ParseCursorError, ParseIdError, RepositoryError, UseCaseError, Violations,
};

use super::Problem;
use super::rejection::malformed;

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        invalid().with_violations(&violations)
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Invalid(violations) => violations.into(),
            DomainError::State { .. } => Self::new(StatusCode::CONFLICT)
                .with_type(
                    "urn:problem-type:state",
                    "Not possible in the present state",
                )
                .with_detail(error.to_string()),
            DomainError::Rule { rule, message } => Self::new(StatusCode::CONFLICT)
                .with_type("urn:problem-type:rule", "A rule forbids it")
                .with_detail(message)
                .with_violation("", rule, message),
            DomainError::Money(error) => invalid().with_violation("", "amount", error.to_string()),
            DomainError::Overflow => invalid().with_violation("", "overflow", error.to_string()),
            _ => internal(&error),
        }
    }
}

impl From<UseCaseError> for Problem {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::NotFound { .. } => {
                Self::new(StatusCode::NOT_FOUND).with_detail(error.to_string())
            }
            UseCaseError::VersionMismatch { .. } => version_mismatch(error.to_string()),
            UseCaseError::Domain(error) => error.into(),
            UseCaseError::Repository(error) => error.into(),
            _ => internal(&error),
        }
    }
}

impl From<RepositoryError> for Problem {
    fn from(error: RepositoryError) -> Self {
        match &error {
            RepositoryError::Conflict => Self::new(StatusCode::CONFLICT)
                .with_type("urn:problem-type:conflict", "Changed by someone else")
                .with_detail(error.to_string()),
            RepositoryError::Duplicate { field } => Self::new(StatusCode::CONFLICT)
                .with_type("urn:problem-type:duplicate", "Already taken")
                .with_detail(error.to_string())
                .with_violation(*field, "duplicate", "is already taken"),
            RepositoryError::AlreadyHandled | RepositoryError::Replayed { outcome: Some(_) } => {
                Self::new(StatusCode::CONFLICT)
                    .with_type("urn:problem-type:already-done", "Already done")
                    .with_detail(error.to_string())
            }
            RepositoryError::Replayed { outcome: None } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY)
                    .with_type(
                        "urn:problem-type:idempotency-key-reused",
                        "The idempotency key was used for a different request",
                    )
                    .with_detail("use a new key for a new request")
            }
            RepositoryError::Unavailable { .. } => {
                tracing::error!(error = %Chain(&error), "a dependency is not available");
                Self::new(StatusCode::SERVICE_UNAVAILABLE)
                    .with_type("urn:problem-type:unavailable", "Not available right now")
                    .with_retry_after(1)
            }
            _ => internal(&error),
        }
    }
}

impl From<ParseIdError> for Problem {
    fn from(error: ParseIdError) -> Self {
        malformed().with_detail(error.to_string())
    }
}

impl From<ParseCursorError> for Problem {
    fn from(error: ParseCursorError) -> Self {
        malformed().with_violation("cursor", "cursor", error.to_string())
    }
}

/// The request was understood, but its content is wrong.
pub(crate) fn invalid() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
        .with_type("urn:problem-type:invalid", "The request is not valid")
}

/// The caller acts on another version than the present one.
pub(crate) fn version_mismatch(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED)
        .with_type(
            "urn:problem-type:version-mismatch",
            "Changed since it was read",
        )
        .with_detail(detail)
}

/// A failure the caller can do nothing about.
fn internal(error: &dyn Error) -> Problem {
    tracing::error!(error = %Chain(error), "a request failed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error and its causes on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
