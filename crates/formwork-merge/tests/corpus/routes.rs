//! Routes of orders.

use std::sync::Arc;

use application::order::{OrderCommands, OrderQueries, OrderSort};
use axum::Router;
use axum::extract::State;
use axum::routing;
use domain::order::Order;
use formwork_domain::{Aggregate, Clock, UseCaseError};
use formwork_http::{
    Created, IfMatch, Json, Listing, OperationContext, PageBody, PathId, Problem, Versioned,
};

use super::body::{CancelBody, Filters, OrderBody, PlaceBody};
use crate::http::body::OutcomeBody;

/// What the routes need.
#[derive(Clone)]
pub struct OrderApi {
    commands: OrderCommands,
    queries: Arc<dyn OrderQueries>,
    clock: Arc<dyn Clock>,
}

impl OrderApi {
    /// Routes onto these use cases.
    pub fn new(
        commands: OrderCommands,
        queries: Arc<dyn OrderQueries>,
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
pub fn routes(api: OrderApi) -> Router {
    Router::new()
        .route("/api/orders", routing::get(list).post(place))
        .route("/api/orders/{id}", routing::get(show))
        .route("/api/orders/{id}/cancel", routing::post(cancel))
        .with_state(api)
}

async fn list(
    State(api): State<OrderApi>,
    Listing { filters, page }: Listing<Filters>,
) -> Result<Json<PageBody<OrderBody>>, Problem> {
    let request = page.request(20, 100)?;
    let sort = match page.sort(&["created", "total"])? {
        Some("total") => OrderSort::Total,
        _ => OrderSort::Created,
    };
    let filter = filters.parse()?;
    let found = api.queries.list(&filter, sort, &request).await?;
    Ok(Json(PageBody::new(found, OrderBody::from)))
}

async fn show(
    State(api): State<OrderApi>,
    PathId(id): PathId<Order>,
) -> Result<Versioned<OrderBody>, Problem> {
    let found = api.queries.get(id).await?;
    let order = found.ok_or_else(|| UseCaseError::NotFound {
        aggregate: Order::NAME,
        key: id.to_string(),
    })?;
    Ok(Versioned {
        version: order.version,
        body: order.into(),
    })
}

async fn place(
    State(api): State<OrderApi>,
    context: OperationContext,
    Json(body): Json<PlaceBody>,
) -> Result<Created<OutcomeBody>, Problem> {
    let now = api.clock.now();
    let operation = context.operation("order.place", &body, now);
    let input = body.parse()?;
    let outcome = api.commands.place(input, &operation).await?;
    let (body, version) = OutcomeBody::of(&outcome);
    Ok(Created {
        location: format!("/api/orders/{}", body.id),
        version,
        body,
    })
}

async fn cancel(
    State(api): State<OrderApi>,
    PathId(id): PathId<Order>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
    Json(body): Json<CancelBody>,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("order.cancel:{id}");
    let operation = context.operation(&scope, &body, api.clock.now());
    let input = body.parse()?;
    let changed = api.commands.cancel(id, input, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}
