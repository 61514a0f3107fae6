//! Shipments in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use application::shipment::{ShipmentFilter, ShipmentQueries, ShipmentSort};
use domain::order::OrderId;
use domain::shipment::{Shipment, ShipmentId, ShipmentRepository, ShipmentSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, Version,
};
use formwork_outbox::MemoryStore;

use crate::codec::shipment::envelopes;

/// Keeps shipments in memory.
pub struct MemoryShipments {
    rows: Mutex<BTreeMap<ShipmentId, ShipmentSnapshot>>,
    store: Arc<MemoryStore>,
}

impl MemoryShipments {
    /// None yet. What is saved leaves its events in `store`.
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            rows: Mutex::default(),
            store,
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<ShipmentId, ShipmentSnapshot>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_where(
        &self,
        wanted: impl Fn(&ShipmentSnapshot) -> bool,
    ) -> Result<Option<Shipment>, RepositoryError> {
        let found = self.rows().values().find(|row| wanted(row)).cloned();
        found
            .map(Shipment::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("shipment", error))
    }

    fn save_now(
        &self,
        shipment: &Shipment,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let mut rows = self.rows();
        let stored = rows.get(&shipment.id()).map(|row| row.version);
        if stored.unwrap_or_default() != shipment.version() {
            return Err(RepositoryError::Conflict);
        }
        let mut row = shipment.snapshot();
        row.version = row.version.next();
        let taken = rows
            .values()
            .any(|other| other.id != row.id && other.order == row.order);
        if taken {
            return Err(RepositoryError::Duplicate { field: "order" });
        }
        let envelopes = envelopes(shipment)
            .map_err(|error| RepositoryError::unavailable("encode the events", error))?;
        let outcome = Outcome {
            id: shipment.id_bytes(),
            version: row.version.get(),
        };
        self.store.record(operation, envelopes, outcome)?;
        let version = row.version;
        rows.insert(row.id, row);
        Ok(version)
    }
}

impl ShipmentRepository for MemoryShipments {
    fn find(&self, id: ShipmentId) -> BoxFuture<'_, Result<Option<Shipment>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.id == id) })
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Shipment>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.order == *order) })
    }

    fn save<'a>(
        &'a self,
        shipment: &'a Shipment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move { self.save_now(shipment, operation) })
    }
}

impl ShipmentQueries for MemoryShipments {
    fn get(
        &self,
        id: ShipmentId,
    ) -> BoxFuture<'_, Result<Option<ShipmentSnapshot>, RepositoryError>> {
        Box::pin(async move { Ok(self.rows().get(&id).cloned()) })
    }

    fn list<'a>(
        &'a self,
        filter: &'a ShipmentFilter,
        sort: ShipmentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<ShipmentSnapshot>, RepositoryError>> {
        let place = move |row: &ShipmentSnapshot| {
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

fn matches(row: &ShipmentSnapshot, filter: &ShipmentFilter) -> bool {
    if let Some(wanted) = &filter.state
        && row.state != *wanted
    {
        return false;
    }
    if let Some(wanted) = &filter.order
        && row.order != *wanted
    {
        return false;
    }
    true
}
