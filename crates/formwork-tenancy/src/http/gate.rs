//! The gate that every request passes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::Uri;
use axum::http::request::Parts;
use formwork_domain::TenantId;
use formwork_http::{Gate, Problem};

use super::ResolutionConfig;
use super::problem::{missing, unknown};
use super::resolver::Resolver;
use crate::{Tenancy, Tenant, TenantError};

/// Behind those that find out who calls, before those that ask what is allowed.
const ORDER: i32 = 100;

/// What a request has to do to name its tenant, for one that passed without.
#[derive(Debug, Clone)]
pub(super) struct HowToName(pub(super) Arc<str>);

pub(super) struct TenantGate {
    tenancy: Tenancy,
    resolver: ArcSwap<Resolver>,
}

impl TenantGate {
    pub(super) fn new(tenancy: Tenancy, config: &ResolutionConfig) -> Self {
        Self {
            tenancy,
            resolver: ArcSwap::from_pointee(Resolver::new(config)),
        }
    }

    pub(super) fn configure(&self, config: &ResolutionConfig) {
        self.resolver.store(Arc::new(Resolver::new(config)));
    }

    fn tenant(&self, parts: &Parts) -> Result<Option<Tenant>, Problem> {
        let resolver = self.resolver.load();
        let tenant = match resolver.resolve(parts)? {
            None => None,
            Some(name) => Some(
                TenantId::new(name).map_err(|error| unknown().with_detail(error.to_string()))?,
            ),
        };
        let entered = self.tenancy.enter(parts.uri.path(), tenant.as_ref());
        entered.map_err(|error| match error {
            TenantError::Missing { .. } => {
                missing().with_detail(format!("{error}: {}", resolver.how_to_name()))
            }
            error => error.into(),
        })
    }
}

impl Gate for TenantGate {
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem> {
        match self.tenant(parts)? {
            Some(tenant) => {
                tracing::Span::current().record("tenant", tenant.id().as_str());
                parts.extensions.insert(tenant.id().clone());
                parts.extensions.insert(tenant);
            }
            // The handler may need one all the same.
            None => {
                let how = self.resolver.load().how_to_name();
                parts.extensions.insert(HowToName(how));
            }
        }
        Ok(())
    }

    fn order(&self) -> i32 {
        ORDER
    }

    fn routes(&self) -> bool {
        true
    }

    fn route(&self, parts: &mut Parts) -> Option<Uri> {
        self.resolver.load().reroute(parts)
    }
}
