//! What a caller is told.

use axum::http::StatusCode;
use formwork_http::Problem;

use crate::TenantError;

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        let problem = match error {
            TenantError::Missing { .. } => missing(),
            TenantError::Unknown { .. } => unknown(),
            TenantError::Suspended { .. } => Self::new(StatusCode::FORBIDDEN).with_type(
                "urn:problem-type:tenant-suspended",
                "The tenant is suspended",
            ),
            // What is wrong was logged when it was found, and is no matter of the caller's.
            TenantError::Misconfigured { .. } => unavailable(),
        };
        problem.with_detail(error.to_string())
    }
}

pub(super) fn unavailable() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_type(
        "urn:problem-type:tenant-unavailable",
        "The tenant is not available",
    )
}

pub(super) fn missing() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST)
        .with_type("urn:problem-type:tenant-missing", "No tenant is named")
}

/// A text that cannot be a tenant names one that does not exist.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND)
        .with_type("urn:problem-type:tenant-unknown", "There is no such tenant")
}

pub(super) fn mismatch() -> Problem {
    Problem::new(StatusCode::FORBIDDEN)
        .with_type(
            "urn:problem-type:tenant-mismatch",
            "The credentials are for another tenant",
        )
        .with_detail("the request names another tenant than its credentials are for")
}
