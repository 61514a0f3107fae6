//! Why there is no tenant.

use formwork_app::{Class, Error};
use formwork_domain::TenantId;

/// Why something cannot be done for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// Nobody said whom it is for.
    #[error("`{what}` needs a tenant, and none was named")]
    Missing {
        /// What was to be done: the path of a request, the name of an operation.
        what: String,
    },
    /// There is no such tenant.
    #[error("there is no tenant `{tenant}`")]
    Unknown {
        /// The tenant.
        tenant: TenantId,
    },
    /// The tenant is not served at present.
    #[error("the tenant `{tenant}` is suspended")]
    Suspended {
        /// The tenant.
        tenant: TenantId,
    },
    /// The tenant's configuration is not valid, and never was since the service started.
    #[error("the configuration of the tenant `{tenant}` is not valid")]
    Misconfigured {
        /// The tenant.
        tenant: TenantId,
    },
}

impl From<TenantError> for Error {
    fn from(error: TenantError) -> Self {
        let class = match error {
            TenantError::Missing { .. } | TenantError::Unknown { .. } => Class::Validation,
            TenantError::Suspended { .. } => Class::Security,
            TenantError::Misconfigured { .. } => Class::Config,
        };
        Self::new(class, error.to_string())
    }
}
