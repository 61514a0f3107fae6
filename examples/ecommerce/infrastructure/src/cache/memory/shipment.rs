//! Shipments from memory, where they are known.

use std::sync::Arc;
use std::time::Duration;

use application::shipment::{ShipmentFilter, ShipmentQueries, ShipmentSort};
use domain::order::OrderId;
use domain::shipment::{Shipment, ShipmentId, ShipmentRepository, ShipmentSnapshot};
use formwork_domain::{BoxFuture, Operation, Page, PageRequest, RepositoryError, Version};

use super::Entries;

/// Answers reads by identifier from memory, and leaves everything else to what it wraps.
pub struct CachedShipments {
    repository: Arc<dyn ShipmentRepository>,
    queries: Arc<dyn ShipmentQueries>,
    entries: Entries<ShipmentId, ShipmentSnapshot>,
}

impl CachedShipments {
    /// In front of `repository` and `queries`, at most `capacity` entries, each for
    /// `time_to_live`.
    pub fn new(
        repository: Arc<dyn ShipmentRepository>,
        queries: Arc<dyn ShipmentQueries>,
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

impl ShipmentRepository for CachedShipments {
    fn find(&self, id: ShipmentId) -> BoxFuture<'_, Result<Option<Shipment>, RepositoryError>> {
        self.repository.find(id)
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Shipment>, RepositoryError>> {
        self.repository.find_by_order(order)
    }

    fn save<'a>(
        &'a self,
        shipment: &'a Shipment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move {
            let version = self.repository.save(shipment, operation).await?;
            self.entries.saved(shipment.id(), version);
            Ok(version)
        })
    }
}

impl ShipmentQueries for CachedShipments {
    fn get(
        &self,
        id: ShipmentId,
    ) -> BoxFuture<'_, Result<Option<ShipmentSnapshot>, RepositoryError>> {
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
        filter: &'a ShipmentFilter,
        sort: ShipmentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<ShipmentSnapshot>, RepositoryError>> {
        self.queries.list(filter, sort, page)
    }
}
