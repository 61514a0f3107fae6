//! What can be configured, under `tenancy`.

use std::collections::BTreeMap;
use std::time::Duration;

use formwork_config::{Checks, Config};
use formwork_domain::TenantId;

use crate::{GuardMode, TenantStatus};

/// The tenants, and what is done without one.
#[derive(Debug, Clone, Config)]
#[config(check = "TenancyConfig::check")]
pub struct TenancyConfig {
    /// What becomes of requests and operations that need a tenant and have none.
    #[config(default = "strict", dynamic)]
    pub guard: GuardMode,
    /// What needs no tenant: paths such as `/docs`, with all below as `/docs/*`, and names of
    /// operations such as `order.expire`.
    #[config(default = [], dynamic)]
    pub allow: Vec<String>,
    /// How often the tenants and their files are looked at again. A reload does so at once.
    #[config(default = "30s", range(min = "100ms", max = "1d"), dynamic)]
    pub refresh: Duration,
    /// For how many tenants services are kept at a time. Whoever was served longest ago makes room
    /// for another, and theirs are made anew when they come back.
    #[config(default = 1000, range(min = 1, max = 1000000), dynamic)]
    pub active_tenants: usize,
    /// The tenants by name, such as `acme = { status = "active" }`, besides those of a source the
    /// service has of its own.
    #[config(dynamic)]
    pub tenants: Option<BTreeMap<String, TenantConfig>>,
}

/// A tenant.
#[derive(Debug, Clone, Config)]
pub struct TenantConfig {
    /// Whether it is served.
    #[config(default = "active", dynamic)]
    pub status: TenantStatus,
}

impl TenancyConfig {
    fn check(&self, checks: &mut Checks) {
        for name in self.tenants.iter().flatten().map(|(name, _)| name) {
            if let Err(error) = TenantId::new(name) {
                checks.refuse("tenants", format!("{error}; found `{name}`"));
            }
        }
        for pattern in &self.allow {
            if pattern.trim_end_matches("/*").is_empty()
                || pattern.trim_end_matches("/*").contains('*')
            {
                checks.refuse(
                    "allow",
                    format!(
                        "expected a path, a path that ends in `/*`, or the name of an operation; \
                         found `{pattern}`"
                    ),
                );
            }
        }
    }
}
