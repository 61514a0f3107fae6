//! Which deliveries have been handled.

use std::time::Duration;

use formwork_domain::{BoxFuture, Delivery, RepositoryError, TenantId, Timestamp};
use formwork_outbox::InboxStore;
use sqlx::sqlite::SqliteConnection;

use crate::Database;
use crate::database::Promise;
use crate::idempotency::column;
use crate::outbox::before;

/// Marks a delivery. Returns whether it was new.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    now: Timestamp,
    tenant: Option<&TenantId>,
    delivery: &Delivery,
) -> Result<bool, RepositoryError> {
    let inserted = sqlx::query(
        "INSERT INTO inbox (tenant, consumer, message, part, handled) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(column(tenant))
    .bind(&delivery.consumer)
    .bind(&delivery.message)
    .bind(delivery.part)
    .bind(now.as_micros())
    .execute(connection)
    .await
    .map_err(|error| RepositoryError::unavailable("mark a delivery as handled", error))?;
    Ok(inserted.rows_affected() == 1)
}

impl InboxStore for Database {
    fn mark<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let now = self.now();
            let new = insert(transaction.connection(), now, tenant, delivery).await?;
            transaction.commit().await?;
            Ok(new)
        })
    }

    fn handled<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>> {
        Box::pin(async move {
            sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM inbox \
                 WHERE tenant = ? AND consumer = ? AND message = ? AND part = ?)",
            )
            .bind(column(tenant))
            .bind(&delivery.consumer)
            .bind(&delivery.message)
            .bind(delivery.part)
            .fetch_one(&*self.reader())
            .await
            .map_err(|error| RepositoryError::unavailable("look a delivery up", error))
        })
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        Box::pin(async move {
            let before = before(self.now(), window);
            self.delete(
                "DELETE FROM inbox WHERE (tenant, consumer, message, part) IN \
                 (SELECT tenant, consumer, message, part FROM inbox WHERE handled < ? LIMIT 1000)",
                before,
            )
            .await
            .map_err(|error| RepositoryError::unavailable("purge the inbox", error))
        })
    }
}

impl Database {
    /// Deletes in portions, so that nobody waits long for the writer. The statement takes the
    /// instant before which rows go, and deletes at most a thousand.
    pub(crate) async fn delete(
        &self,
        statement: &'static str,
        before: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let mut total = 0;
        loop {
            let mut transaction = self.begin_with(Promise::Relaxed).await?;
            let deleted = sqlx::query(statement)
                .bind(before.as_micros())
                .execute(transaction.connection())
                .await?
                .rows_affected();
            transaction.finish().await?;
            total += deleted;
            if deleted < 1_000 {
                return Ok(total);
            }
        }
    }
}
