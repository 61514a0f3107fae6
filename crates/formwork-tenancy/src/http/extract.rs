//! What handlers take.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use formwork_app::PerTenant;
use formwork_http::Problem;

use super::gate::HowToName;
use super::problem::{missing, unavailable};
use crate::Tenant;

/// The tenant of the request. A request without one is answered with 400.
#[derive(Debug, Clone)]
pub struct CurrentTenant(pub Tenant);

impl<S: Sync> FromRequestParts<S> for CurrentTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        tenant(parts).cloned().map(Self)
    }
}

/// The request's tenant's own of what the router's state is for each tenant. A request without a
/// tenant is answered with 400.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use formwork_app::PerTenant;
/// use formwork_tenancy::http::OfTenant;
///
/// /// What orders can be asked about; one for each tenant.
/// struct Orders;
///
/// impl Orders {
///     fn count(&self) -> usize {
///         3
///     }
/// }
///
/// async fn count(OfTenant(orders): OfTenant<Orders>) -> String {
///     orders.count().to_string()
/// }
///
/// fn routes(orders: PerTenant<Orders>) -> Router {
///     Router::new().route("/orders/count", get(count)).with_state(orders)
/// }
/// ```
#[derive(Debug)]
pub struct OfTenant<T: ?Sized>(pub Arc<T>);

impl<T: ?Sized> Deref for OfTenant<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + Send + Sync + 'static> FromRequestParts<PerTenant<T>> for OfTenant<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        services: &PerTenant<T>,
    ) -> Result<Self, Problem> {
        let tenant = tenant(parts)?;
        tenant.service(services).map(Self).map_err(|error| {
            tracing::error!(
                tenant = %tenant.id(),
                error = &error as &dyn std::error::Error,
                "a service of a tenant could not be made"
            );
            unavailable().with_detail(format!(
                "something the request needs could not be made for the tenant `{}`; try again later",
                tenant.id()
            ))
        })
    }
}

fn tenant(parts: &Parts) -> Result<&Tenant, Problem> {
    let tenant = parts.extensions.get::<Tenant>();
    tenant.ok_or_else(|| {
        let needs = "the route needs a tenant, and the request names none";
        missing().with_detail(match parts.extensions.get::<HowToName>() {
            Some(how) => format!("{needs}: {}", how.0),
            None => needs.to_owned(),
        })
    })
}
