//! Where stock items are kept.

use formwork_domain::{BoxFuture, Operation, RepositoryError, Version};

use crate::shared::Sku;

use super::{StockItem, StockItemId};

/// Keeps stock items, each with the events it recorded.
pub trait StockItemRepository: Send + Sync {
    /// The stock item with this identifier, if there is one.
    fn find(&self, id: StockItemId) -> BoxFuture<'_, Result<Option<StockItem>, RepositoryError>>;

    /// The stock item with this `sku`, if there is one.
    fn find_by_sku<'a>(
        &'a self,
        sku: &'a Sku,
    ) -> BoxFuture<'a, Result<Option<StockItem>, RepositoryError>>;

    /// Saves the stock item, the events it recorded and what `operation` carries, all or
    /// nothing, and returns the version saved.
    ///
    /// An implementation refuses with [`RepositoryError::Conflict`] when somebody else saved the
    /// stock item since it was loaded.
    fn save<'a>(
        &'a self,
        stock_item: &'a StockItem,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>>;
}
