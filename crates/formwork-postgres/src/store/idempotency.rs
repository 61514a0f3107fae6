//! What commands with an idempotency key led to.

use std::time::Duration;

use formwork_domain::{BoxFuture, IdempotencyKey, Outcome, RepositoryError, TenantId};
use formwork_outbox::IdempotencyStore;

use super::{PostgresStore, micros};
use crate::store_error;

const PURGE: &str = "DELETE FROM formwork_idempotency \
     WHERE at < clock_timestamp() - interval '1 microsecond' * $1::bigint";

impl IdempotencyStore for PostgresStore {
    fn find<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Outcome>, RepositoryError>> {
        Box::pin(self.database.outcome(tenant, key))
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        const ATTEMPTED: &str = "forget old idempotency keys";
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
