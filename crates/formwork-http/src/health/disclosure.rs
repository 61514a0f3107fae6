//! Who is shown what is behind a status.

use axum::http::HeaderMap;
use formwork_config::Secret;

use super::{HealthConfig, HealthDetails};
use crate::extract::bearer;

/// Decides whether a caller is shown components. The probes provide it to what else names them.
#[derive(Debug)]
pub(super) struct Disclosure {
    details: HealthDetails,
    token: Option<Secret<String>>,
}

impl Disclosure {
    pub(super) fn of(config: HealthConfig) -> Self {
        Self {
            details: config.details,
            token: config.token,
        }
    }

    /// Whether there can be a caller who is shown components.
    pub(super) fn is_possible(&self) -> bool {
        match self.details {
            HealthDetails::Always => true,
            HealthDetails::Authorised => self.token.is_some(),
            HealthDetails::Never => false,
        }
    }

    /// Whether the caller with these headers is shown components.
    pub(super) fn shows(&self, headers: &HeaderMap) -> bool {
        match self.details {
            HealthDetails::Always => true,
            HealthDetails::Authorised => self.token.is_some() && bearer(headers) == self.token,
            HealthDetails::Never => false,
        }
    }
}
