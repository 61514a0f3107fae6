//! Orders from memory, where they are known.

use std::sync::Arc;
use std::time::Duration;

use application::order::{OrderFilter, OrderQueries, OrderSort};
use domain::order::{Order, OrderId, OrderRepository, OrderSnapshot};
use formwork_domain::{BoxFuture, Operation, Page, PageRequest, RepositoryError, Version};

use super::Entries;

/// Answers reads by identifier from memory, and leaves everything else to what it wraps.
pub struct CachedOrders {
    repository: Arc<dyn OrderRepository>,
    queries: Arc<dyn OrderQueries>,
    entries: Entries<OrderId, OrderSnapshot>,
}

impl CachedOrders {
    /// In front of `repository` and `queries`, at most `capacity` entries, each for
    /// `time_to_live`.
    pub fn new(
        repository: Arc<dyn OrderRepository>,
        queries: Arc<dyn OrderQueries>,
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

impl OrderRepository for CachedOrders {
    fn find(&self, id: OrderId) -> BoxFuture<'_, Result<Option<Order>, RepositoryError>> {
        self.repository.find(id)
    }

    fn save<'a>(
        &'a self,
        order: &'a Order,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move {
            let version = self.repository.save(order, operation).await?;
            self.entries.saved(order.id(), version);
            Ok(version)
        })
    }
}

impl OrderQueries for CachedOrders {
    fn get(&self, id: OrderId) -> BoxFuture<'_, Result<Option<OrderSnapshot>, RepositoryError>> {
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
        filter: &'a OrderFilter,
        sort: OrderSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<OrderSnapshot>, RepositoryError>> {
        self.queries.list(filter, sort, page)
    }
}
