//! Which deliveries have been handled.

use std::time::Duration;

use formwork_domain::{BoxFuture, Delivery, RepositoryError, TenantId};

/// The inbox, for consumers that react without changing an aggregate. Those that change one let
/// the transaction record the delivery, by passing it in the operation; that is what makes the
/// effect happen once.
///
/// Deliveries for different tenants do not meet, nor do they meet those without a tenant.
pub trait InboxStore: Send + Sync {
    /// Marks a delivery as handled. Returns whether it was not marked before.
    fn mark<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>>;

    /// Whether a delivery has been handled.
    fn handled<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<bool, RepositoryError>>;

    /// Forgets deliveries that were handled longer than `window` ago. Returns how many. The window
    /// must exceed the longest time after which a broker may deliver again.
    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, RepositoryError>>;
}
