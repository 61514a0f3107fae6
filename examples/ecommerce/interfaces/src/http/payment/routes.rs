//! Routes of payments.

use std::sync::Arc;

use application::payment::{PaymentCommands, PaymentQueries, PaymentSort};
use axum::Router;
use axum::extract::State;
use axum::routing;
use domain::payment::Payment;
use formwork_domain::{Aggregate, Clock, UseCaseError};
use formwork_http::{
    IfMatch, Json, Listing, OperationContext, PageBody, PathId, Problem, Versioned,
};

use super::body::{CaptureBody, Filters, PaymentBody};
use crate::http::body::OutcomeBody;

/// What the routes need.
#[derive(Clone)]
pub struct PaymentApi {
    commands: PaymentCommands,
    queries: Arc<dyn PaymentQueries>,
    clock: Arc<dyn Clock>,
}

impl PaymentApi {
    /// Routes onto these use cases.
    pub fn new(
        commands: PaymentCommands,
        queries: Arc<dyn PaymentQueries>,
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
pub fn routes(api: PaymentApi) -> Router {
    Router::new()
        .route("/api/payments", routing::get(list))
        .route("/api/payments/{id}", routing::get(show))
        .route("/api/payments/{id}/capture", routing::post(capture))
        .route("/api/payments/{id}/decline", routing::post(decline))
        .with_state(api)
}

async fn list(
    State(api): State<PaymentApi>,
    Listing { filters, page }: Listing<Filters>,
) -> Result<Json<PageBody<PaymentBody>>, Problem> {
    let request = page.request(20, 100)?;
    let sort = match page.sort(&["created", "amount"])? {
        Some("amount") => PaymentSort::Amount,
        _ => PaymentSort::Created,
    };
    let filter = filters.parse()?;
    let found = api.queries.list(&filter, sort, &request).await?;
    Ok(Json(PageBody::new(found, PaymentBody::from)))
}

async fn show(
    State(api): State<PaymentApi>,
    PathId(id): PathId<Payment>,
) -> Result<Versioned<PaymentBody>, Problem> {
    let found = api.queries.get(id).await?;
    let payment = found.ok_or_else(|| UseCaseError::NotFound {
        aggregate: Payment::NAME,
        key: id.to_string(),
    })?;
    Ok(Versioned {
        version: payment.version,
        body: payment.into(),
    })
}

async fn capture(
    State(api): State<PaymentApi>,
    PathId(id): PathId<Payment>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
    Json(body): Json<CaptureBody>,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("payment.capture:{id}");
    let operation = context.operation(&scope, &body, api.clock.now());
    let input = body.parse()?;
    let changed = api.commands.capture(id, input, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}

async fn decline(
    State(api): State<PaymentApi>,
    PathId(id): PathId<Payment>,
    IfMatch(expected): IfMatch,
    context: OperationContext,
) -> Result<Versioned<OutcomeBody>, Problem> {
    let scope = format!("payment.decline:{id}");
    let operation = context.operation(&scope, &(), api.clock.now());
    let changed = api.commands.decline(id, expected, &operation);
    let (body, version) = OutcomeBody::of(&changed.await?);
    Ok(Versioned { version, body })
}
