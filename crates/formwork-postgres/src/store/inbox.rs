//! Which deliveries have been handled.

use std::time::Duration;

use formwork_domain::{BoxFuture, Delivery, RepositoryError, TenantId};
use formwork_outbox::InboxStore;

use super::{PostgresStore, column, micros};
use crate::store_error;

const MARK: &str = "INSERT INTO formwork_inbox (tenant, consumer, message, part) \
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const HANDLED: &str = "SELECT 1 FROM formwork_inbox \
     WHERE tenant = $1 AND consumer = $2 AND message = $3 AND part = $4";

const PURGE: &str = "DELETE FROM formwork_inbox \
     WHERE at < clock_timestamp() - interval '1 microsecond' * $1::bigint";

impl InboxStore for PostgresStore {
    fn mark<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        const ATTEMPTED: &str = "mark a delivery as handled";
        Box::pin(async move {
            let part = delivery.part as i32;
            let mut transaction = self.database.begin().await?;
            let new = transaction
                .execute(
                    MARK,
                    &[
                        &column(tenant),
                        &delivery.consumer,
                        &delivery.message,
                        &part,
                    ],
                )
                .await
                .map_err(|error| store_error(ATTEMPTED, error))?;
            transaction.commit().await?;
            Ok(new > 0)
        })
    }

    fn handled<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        const ATTEMPTED: &str = "look up a delivery";
        Box::pin(async move {
            let part = delivery.part as i32;
            let row = self
                .database
                .reader()
                .query_opt(
                    HANDLED,
                    &[
                        &column(tenant),
                        &delivery.consumer,
                        &delivery.message,
                        &part,
                    ],
                )
                .await
                .map_err(|error| store_error(ATTEMPTED, error))?;
            Ok(row.is_some())
        })
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        const ATTEMPTED: &str = "forget old deliveries";
        Box::pin(async move {
            let mut transaction = self.database.begin().await?;
            let count = transaction
                .execute(PURGE, &[&micros(window)])
                .await
                .map_err(|error| store_error(ATTEMPTED, error))?;
            transaction.commit().await?;
            Ok(count)
        })
    }
}
