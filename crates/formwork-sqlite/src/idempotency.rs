//! What commands with an idempotency key led to.

use std::time::Duration;

use formwork_domain::{BoxFuture, IdempotencyKey, Outcome, RepositoryError, TenantId, Timestamp};
use formwork_outbox::IdempotencyStore;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use crate::Database;
use crate::outbox::before;

/// The outcome under a tenant's key.
pub(crate) async fn find(
    executor: impl sqlx::Executor<'_, Database = Sqlite>,
    tenant: Option<&TenantId>,
    key: &IdempotencyKey,
) -> Result<Option<Outcome>, RepositoryError> {
    let row: Option<(String, Vec<u8>, i64)> = sqlx::query_as(
        "SELECT fingerprint, id, version FROM idempotency \
         WHERE tenant = ? AND scope = ? AND key = ?",
    )
    .bind(column(tenant))
    .bind(&key.scope)
    .bind(&key.key)
    .fetch_optional(executor)
    .await
    .map_err(|error| RepositoryError::unavailable("look an idempotency key up", error))?;
    let Some((fingerprint, id, version)) = row else {
        return Ok(None);
    };
    if fingerprint != key.fingerprint {
        return Err(RepositoryError::Replayed { outcome: None });
    }
    let id = id
        .try_into()
        .map_err(|_| corrupt(key, "expected an identifier of 16 bytes"))?;
    let version =
        u64::try_from(version).map_err(|_| corrupt(key, "expected a version that is positive"))?;
    Ok(Some(Outcome { id, version }))
}

/// Keeps the outcome under a key that is new.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    now: Timestamp,
    tenant: Option<&TenantId>,
    key: &IdempotencyKey,
    outcome: &Outcome,
) -> Result<(), RepositoryError> {
    sqlx::query(
        "INSERT INTO idempotency (tenant, scope, key, fingerprint, id, version, used) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(column(tenant))
    .bind(&key.scope)
    .bind(&key.key)
    .bind(&key.fingerprint)
    .bind(&outcome.id[..])
    .bind(outcome.version.cast_signed())
    .bind(now.as_micros())
    .execute(connection)
    .await
    .map_err(|error| RepositoryError::unavailable("keep an idempotency key", error))?;
    Ok(())
}

/// How a tenant is stored: no tenant has an empty name.
pub(crate) fn column(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("", TenantId::as_str)
}

fn corrupt(key: &IdempotencyKey, why: &'static str) -> RepositoryError {
    RepositoryError::corrupt(format!("idempotency key `{}`", key.key), why)
}

impl IdempotencyStore for Database {
    fn find<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Outcome>, RepositoryError>> {
        Box::pin(async move { find(&*self.reader(), tenant, key).await })
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>> {
        Box::pin(async move {
            let before = before(self.now(), window);
            self.delete(
                "DELETE FROM idempotency WHERE (tenant, scope, key) IN \
                 (SELECT tenant, scope, key FROM idempotency WHERE used < ? LIMIT 1000)",
                before,
            )
            .await
            .map_err(|error| RepositoryError::unavailable("purge the idempotency keys", error))
        })
    }
}
