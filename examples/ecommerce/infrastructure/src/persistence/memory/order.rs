//! Orders in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use application::order::{OrderFilter, OrderQueries, OrderSort};
use domain::order::{Order, OrderId, OrderRepository, OrderSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, Version,
};
use formwork_outbox::MemoryStore;

use crate::codec::order::envelopes;

/// Keeps orders in memory.
pub struct MemoryOrders {
    rows: Mutex<BTreeMap<OrderId, OrderSnapshot>>,
    store: Arc<MemoryStore>,
}

impl MemoryOrders {
    /// None yet. What is saved leaves its events in `store`.
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            rows: Mutex::default(),
            store,
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<OrderId, OrderSnapshot>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_where(
        &self,
        wanted: impl Fn(&OrderSnapshot) -> bool,
    ) -> Result<Option<Order>, RepositoryError> {
        let found = self.rows().values().find(|row| wanted(row)).cloned();
        found
            .map(Order::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("order", error))
    }

    fn save_now(&self, order: &Order, operation: &Operation) -> Result<Version, RepositoryError> {
        let mut rows = self.rows();
        let stored = rows.get(&order.id()).map(|row| row.version);
        if stored.unwrap_or_default() != order.version() {
            return Err(RepositoryError::Conflict);
        }
        let mut row = order.snapshot();
        row.version = row.version.next();
        let envelopes = envelopes(order)
            .map_err(|error| RepositoryError::unavailable("encode the events", error))?;
        let outcome = Outcome {
            id: order.id_bytes(),
            version: row.version.get(),
        };
        self.store.record(operation, envelopes, outcome)?;
        let version = row.version;
        rows.insert(row.id, row);
        Ok(version)
    }
}

impl OrderRepository for MemoryOrders {
    fn find(&self, id: OrderId) -> BoxFuture<'_, Result<Option<Order>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.id == id) })
    }

    fn save<'a>(
        &'a self,
        order: &'a Order,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move { self.save_now(order, operation) })
    }
}

impl OrderQueries for MemoryOrders {
    fn get(&self, id: OrderId) -> BoxFuture<'_, Result<Option<OrderSnapshot>, RepositoryError>> {
        Box::pin(async move { Ok(self.rows().get(&id).cloned()) })
    }

    fn list<'a>(
        &'a self,
        filter: &'a OrderFilter,
        sort: OrderSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<OrderSnapshot>, RepositoryError>> {
        let place = move |row: &OrderSnapshot| {
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

fn matches(row: &OrderSnapshot, filter: &OrderFilter) -> bool {
    if let Some(wanted) = &filter.state
        && row.state != *wanted
    {
        return false;
    }
    if let Some(wanted) = &filter.customer
        && row.customer != *wanted
    {
        return false;
    }
    true
}
