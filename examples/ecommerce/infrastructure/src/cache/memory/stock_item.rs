//! Stock items from memory, where they are known.

use std::sync::Arc;
use std::time::Duration;

use application::stock_item::{StockItemFilter, StockItemQueries, StockItemSort};
use domain::shared::Sku;
use domain::stock_item::{StockItem, StockItemId, StockItemRepository, StockItemSnapshot};
use formwork_domain::{BoxFuture, Operation, Page, PageRequest, RepositoryError, Version};

use super::Entries;

/// Answers reads by identifier from memory, and leaves everything else to what it wraps.
pub struct CachedStockItems {
    repository: Arc<dyn StockItemRepository>,
    queries: Arc<dyn StockItemQueries>,
    entries: Entries<StockItemId, StockItemSnapshot>,
}

impl CachedStockItems {
    /// In front of `repository` and `queries`, at most `capacity` entries, each for
    /// `time_to_live`.
    pub fn new(
        repository: Arc<dyn StockItemRepository>,
        queries: Arc<dyn StockItemQueries>,
        capacity: u64,
        time_to_live: Duration,
    ) -> Self {
        Self {
            repository,
            queries,
            entries: Entries::new(capacity, time_to_live),
        }
    }
}

impl StockItemRepository for CachedStockItems {
    fn find(&self, id: StockItemId) -> BoxFuture<'_, Result<Option<StockItem>, RepositoryError>> {
        self.repository.find(id)
    }

    fn find_by_sku<'a>(
        &'a self,
        sku: &'a Sku,
    ) -> BoxFuture<'a, Result<Option<StockItem>, RepositoryError>> {
        self.repository.find_by_sku(sku)
    }

    fn save<'a>(
        &'a self,
        stock_item: &'a StockItem,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move {
            let version = self.repository.save(stock_item, operation).await?;
            self.entries.saved(stock_item.id(), version);
            Ok(version)
        })
    }
}

impl StockItemQueries for CachedStockItems {
    fn get(
        &self,
        id: StockItemId,
    ) -> BoxFuture<'_, Result<Option<StockItemSnapshot>, RepositoryError>> {
        Box::pin(async move {
            if let Some(known) = self.entries.get(&id) {
                return Ok(Some(known));
            }
            let found = self.queries.get(id).await?;
            if let Some(snapshot) = &found {
                self.entries.read(id, snapshot.version, snapshot.clone());
            }
            Ok(found)
        })
    }

    fn list<'a>(
        &'a self,
        filter: &'a StockItemFilter,
        sort: StockItemSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<StockItemSnapshot>, RepositoryError>> {
        self.queries.list(filter, sort, page)
    }
}
