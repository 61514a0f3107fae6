//! What commands with an idempotency key led to.

use std::time::Duration;

use formwork_domain::{BoxFuture, IdempotencyKey, Outcome, RepositoryError, TenantId};

/// The outcomes of commands, by idempotency key. They are written by the transaction of the
/// command; this port looks them up.
pub trait IdempotencyStore: Send + Sync {
    /// What the first use of the key by the tenant led to, or `None` when it is new. Keys of
    /// different tenants do not meet, nor do they meet those used without a tenant.
    ///
    /// A key that was used for another request (its fingerprint differs) is the error
    /// [`RepositoryError::Replayed`] without an outcome.
    fn find<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Outcome>, RepositoryError>>;

    /// Forgets keys that were used longer than `window` ago. Returns how many.
    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>>;
}
