//! Routes of stock items.

use std::sync::Arc;

use application::stock_item::{StockItemCommands, StockItemQueries, StockItemSort};
use axum::Router;
use axum::extract::State;
use axum::routing;
use domain::stock_item::StockItem;
use formwork_domain::{Aggregate, Clock, UseCaseError};
use formwork_http::{
    Created, IfMatch, Json, Listing, OperationContext, PageBody, PathId, Problem, Versioned,
};

use super::body::{Filters, ReceiveBody, RegisterBody, StockItemBody, WriteOffBody};
use crate::http::body::OutcomeBody;

/// What the routes need.
#[derive(Clone)]
pub struct StockItemApi {
    commands: StockItemCommands,
    queries: Arc<dyn StockItemQueries>,
    clock: Arc<dyn Clock>,
}

impl StockItemApi {
    /// Routes onto these use cases.
    pub fn new(
        commands: StockItemCommands,
        queries: Arc<dyn StockItemQueries>,
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
pub fn routes(api: StockItemApi) -> Router {
    Router::new()
        .route("/api/stock-items", routing::get(list).post(register))
        .route("/api/stock-items/{id}", routing::get(show))
        .route("/api/stock-items/{id}/receive", routing::post(receive))
        .route("/api/stock-items/{id}/write-off", routing::post(write_off))
        .with_state(api)
}

async fn list(
    State(api): State<StockItemApi>,
    Listing { filters, page }: Listing<Filters>,
) -> Result<Json<PageBody<StockItemBody>>, Problem> {
    let request = page.request(20, 100)?;
    let sort = match page.sort(&["sku", "on_hand", "created"])? {
        Some("sku") => StockItemSort::Sku,
        Some("on_hand") => StockItemSort::OnHand,
        _ => StockItemSort::Created,
    };
    let filter = filters.parse()?;
    let found = api.queries.list(&filter, sort, &request).await?;
    Ok(Json(PageBody::new(found, StockItemBody::from)))
}

async fn show(
    State(api): State<StockItemApi>,
    PathId(id): PathId<StockItem>,
) -> Result<Versioned<StockItemBody>, Problem> {
    let found = api.queries.get(id).await?;
    let stock_item = found.ok_or_else(|| UseCaseError::NotFound {
        aggregate: StockItem::NAME,
        key: id.to_string(),
    })?;
    Ok(Versioned {
        version: stock_item.version,
        body: stock_item.into(),
    })
}

async fn register(
    State(api): State<StockItemApi>,
    context: OperationContext,
    Json(body): Json<RegisterBody>,
) -> Result<Created<OutcomeBody>, Problem> {
    let now = api.clock.now();
    let operation = context.operation("stock-item.register", &body, now);
    let input = body.parse()?;
    let outcome = api.commands.register(input, &operation).await?;
    let (body, version) = OutcomeBody::of(&outcome);
    Ok(Created {
        location: format!("/api/stock-items/{}", body.id),
        version,
        body,
    })
}

async fn receive(
    State(api): State<StockItemApi>,
    PathId(id): PathId<StockItem>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
    Json(body): Json<ReceiveBody>,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("stock-item.receive:{id}");
    let operation = context.operation(&scope, &body, api.clock.now());
    let input = body.parse()?;
    let changed = api.commands.receive(id, input, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}

async fn write_off(
    State(api): State<StockItemApi>,
    PathId(id): PathId<StockItem>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
    Json(body): Json<WriteOffBody>,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("stock-item.write-off:{id}");
    let operation = context.operation(&scope, &body, api.clock.now());
    let input = body.parse()?;
    let changed = api.commands.write_off(id, input, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}
