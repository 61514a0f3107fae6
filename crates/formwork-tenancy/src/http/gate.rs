//! The gate that every request passes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::Uri;
use axum::http::request::Parts;
use formwork_domain::TenantId;
use formwork_http::{Gate, Problem};

use super::ResolutionConfig;
use super::problem::unknown;
use super::resolver::Resolver;
use crate::{Tenancy, Tenant};

/// Behind those that find out who calls, before those that ask what is allowed.
const ORDER: i32 = 100;

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
        let tenant = match self.resolver.load().resolve(parts)? {
            None => None,
            Some(name) => Some(
                TenantId::new(name).map_err(|error| unknown().with_detail(error.to_string()))?,
            ),
        };
        Ok(self.tenancy.enter(parts.uri.path(), tenant.as_ref())?)
    }
}

impl Gate for TenantGate {
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem> {
        if let Some(tenant) = self.tenant(parts)? {
            tracing::Span::current().record("tenant", tenant.id().as_str());
            parts.extensions.insert(tenant.id().clone());
            parts.extensions.insert(tenant);
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
