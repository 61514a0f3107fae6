//! Stock items in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use application::stock_item::{StockItemFilter, StockItemQueries, StockItemSort};
use domain::shared::Sku;
use domain::stock_item::{StockItem, StockItemId, StockItemRepository, StockItemSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, Version,
};
use formwork_outbox::MemoryStore;

use crate::codec::stock_item::envelopes;

/// Keeps stock items in memory.
pub struct MemoryStockItems {
    rows: Mutex<BTreeMap<StockItemId, StockItemSnapshot>>,
    store: Arc<MemoryStore>,
}

impl MemoryStockItems {
    /// None yet. What is saved leaves its events in `store`.
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            rows: Mutex::default(),
            store,
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<StockItemId, StockItemSnapshot>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_where(
        &self,
        wanted: impl Fn(&StockItemSnapshot) -> bool,
    ) -> Result<Option<StockItem>, RepositoryError> {
        let found = self.rows().values().find(|row| wanted(row)).cloned();
        found
            .map(StockItem::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("stock-item", error))
    }

    fn save_now(
        &self,
        stock_item: &StockItem,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let mut rows = self.rows();
        let stored = rows.get(&stock_item.id()).map(|row| row.version);
        if stored.unwrap_or_default() != stock_item.version() {
            return Err(RepositoryError::Conflict);
        }
        let mut row = stock_item.snapshot();
        row.version = row.version.next();
        let taken = rows
            .values()
            .any(|other| other.id != row.id && other.sku == row.sku);
        if taken {
            return Err(RepositoryError::Duplicate { field: "sku" });
        }
        let envelopes = envelopes(stock_item)
            .map_err(|error| RepositoryError::unavailable("encode the events", error))?;
        let outcome = Outcome {
            id: stock_item.id_bytes(),
            version: row.version.get(),
        };
        self.store.record(operation, envelopes, outcome)?;
        let version = row.version;
        rows.insert(row.id, row);
        Ok(version)
    }
}

impl StockItemRepository for MemoryStockItems {
    fn find(&self, id: StockItemId) -> BoxFuture<'_, Result<Option<StockItem>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.id == id) })
    }

    fn find_by_sku<'a>(
        &'a self,
        sku: &'a Sku,
    ) -> BoxFuture<'a, Result<Option<StockItem>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.sku == *sku) })
    }

    fn save<'a>(
        &'a self,
        stock_item: &'a StockItem,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move { self.save_now(stock_item, operation) })
    }
}

impl StockItemQueries for MemoryStockItems {
    fn get(
        &self,
        id: StockItemId,
    ) -> BoxFuture<'_, Result<Option<StockItemSnapshot>, RepositoryError>> {
        Box::pin(async move { Ok(self.rows().get(&id).cloned()) })
    }

    fn list<'a>(
        &'a self,
        filter: &'a StockItemFilter,
        sort: StockItemSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<StockItemSnapshot>, RepositoryError>> {
        let place = move |row: &StockItemSnapshot| {
            let cursor = sort.cursor(row);
            (cursor.key, cursor.id)
        };
        Box::pin(async move {
            let mut found: Vec<_> = self
                .rows()
                .values()
                .filter(|row| matches(row, filter))
                .cloned()
                .collect();
            found.sort_by_key(place);
            if page.descending {
                found.reverse();
            }
            if let Some(after) = &page.after {
                let after = (after.key.clone(), after.id);
                found.retain(|row| {
                    if page.descending {
                        place(row) < after
                    } else {
                        place(row) > after
                    }
                });
            }
            found.truncate(page.limit as usize + 1);
            Ok(Page::cut(found, page.limit, |row| sort.cursor(row)))
        })
    }
}

fn matches(row: &StockItemSnapshot, filter: &StockItemFilter) -> bool {
    if let Some(wanted) = &filter.sku
        && row.sku != *wanted
    {
        return false;
    }
    true
}
