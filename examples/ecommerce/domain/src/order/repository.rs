//! Where orders are kept.

use formwork_domain::{BoxFuture, Operation, RepositoryError, Version};

use super::{Order, OrderId};

/// Keeps orders, each with the events it recorded.
pub trait OrderRepository: Send + Sync {
    /// The order with this identifier, if there is one.
    fn find(&self, id: OrderId) -> BoxFuture<'_, Result<Option<Order>, RepositoryError>>;

    /// Saves the order, the events it recorded and what `operation` carries, all or
    /// nothing, and returns the version saved.
    ///
    /// An implementation refuses with [`RepositoryError::Conflict`] when somebody else saved the
    /// order since it was loaded.
    fn save<'a>(
        &'a self,
        order: &'a Order,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>>;
}
