//! Routes of shipments.

use std::sync::Arc;

use application::shipment::{ShipmentCommands, ShipmentQueries, ShipmentSort};
use axum::Router;
use axum::extract::State;
use axum::routing;
use domain::shipment::Shipment;
use formwork_domain::{Aggregate, Clock, UseCaseError};
use formwork_http::{
    IfMatch, Json, Listing, OperationContext, PageBody, PathId, Problem, Versioned,
};

use super::body::{DispatchBody, Filters, ShipmentBody};
use crate::http::body::OutcomeBody;

/// What the routes need.
#[derive(Clone)]
pub struct ShipmentApi {
    commands: ShipmentCommands,
    queries: Arc<dyn ShipmentQueries>,
    clock: Arc<dyn Clock>,
}

impl ShipmentApi {
    /// Routes onto these use cases.
    pub fn new(
        commands: ShipmentCommands,
        queries: Arc<dyn ShipmentQueries>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            commands,
            queries,
            clock,
        }
    }
}

/// The routes.
pub fn routes(api: ShipmentApi) -> Router {
    Router::new()
        .route("/api/shipments", routing::get(list))
        .route("/api/shipments/{id}", routing::get(show))
        .route("/api/shipments/{id}/dispatch", routing::post(dispatch))
        .route("/api/shipments/{id}/deliver", routing::post(deliver))
        .with_state(api)
}

async fn list(
    State(api): State<ShipmentApi>,
    Listing { filters, page }: Listing<Filters>,
) -> Result<Json<PageBody<ShipmentBody>>, Problem> {
    let request = page.request(20, 100)?;
    page.sort(&["created"])?;
    let sort = ShipmentSort::Created;
    let filter = filters.parse()?;
    let found = api.queries.list(&filter, sort, &request).await?;
    Ok(Json(PageBody::new(found, ShipmentBody::from)))
}

async fn show(
    State(api): State<ShipmentApi>,
    PathId(id): PathId<Shipment>,
) -> Result<Versioned<ShipmentBody>, Problem> {
    let found = api.queries.get(id).await?;
    let shipment = found.ok_or_else(|| UseCaseError::NotFound {
        aggregate: Shipment::NAME,
        key: id.to_string(),
    })?;
    Ok(Versioned {
        version: shipment.version,
        body: shipment.into(),
    })
}

async fn dispatch(
    State(api): State<ShipmentApi>,
    PathId(id): PathId<Shipment>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
    Json(body): Json<DispatchBody>,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("shipment.dispatch:{id}");
    let operation = context.operation(&scope, &body, api.clock.now());
    let input = body.parse()?;
    let changed = api.commands.dispatch(id, input, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}

async fn deliver(
    State(api): State<ShipmentApi>,
    PathId(id): PathId<Shipment>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("shipment.deliver:{id}");
    let operation = context.operation(&scope, &(), api.clock.now());
    let changed = api.commands.deliver(id, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}
