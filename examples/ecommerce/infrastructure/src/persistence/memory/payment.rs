//! Payments in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use application::payment::{PaymentFilter, PaymentQueries, PaymentSort};
use domain::order::OrderId;
use domain::payment::{Payment, PaymentId, PaymentRepository, PaymentSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, Version,
};
use formwork_outbox::MemoryStore;

use crate::codec::payment::envelopes;

/// Keeps payments in memory.
pub struct MemoryPayments {
    rows: Mutex<BTreeMap<PaymentId, PaymentSnapshot>>,
    store: Arc<MemoryStore>,
}

impl MemoryPayments {
    /// None yet. What is saved leaves its events in `store`.
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            rows: Mutex::default(),
            store,
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<PaymentId, PaymentSnapshot>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_where(
        &self,
        wanted: impl Fn(&PaymentSnapshot) -> bool,
    ) -> Result<Option<Payment>, RepositoryError> {
        let found = self.rows().values().find(|row| wanted(row)).cloned();
        found
            .map(Payment::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("payment", error))
    }

    fn save_now(
        &self,
        payment: &Payment,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let mut rows = self.rows();
        let stored = rows.get(&payment.id()).map(|row| row.version);
        if stored.unwrap_or_default() != payment.version() {
            return Err(RepositoryError::Conflict);
        }
        let mut row = payment.snapshot();
        row.version = row.version.next();
        let taken = rows
            .values()
            .any(|other| other.id != row.id && other.order == row.order);
        if taken {
            return Err(RepositoryError::Duplicate { field: "order" });
        }
        let envelopes = envelopes(payment)
            .map_err(|error| RepositoryError::unavailable("encode the events", error))?;
        let outcome = Outcome {
            id: payment.id_bytes(),
            version: row.version.get(),
        };
        self.store.record(operation, envelopes, outcome)?;
        let version = row.version;
        rows.insert(row.id, row);
        Ok(version)
    }
}

impl PaymentRepository for MemoryPayments {
    fn find(&self, id: PaymentId) -> BoxFuture<'_, Result<Option<Payment>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.id == id) })
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Payment>, RepositoryError>> {
        Box::pin(async move { self.find_where(|row| row.order == *order) })
    }

    fn save<'a>(
        &'a self,
        payment: &'a Payment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move { self.save_now(payment, operation) })
    }
}

impl PaymentQueries for MemoryPayments {
    fn get(
        &self,
        id: PaymentId,
    ) -> BoxFuture<'_, Result<Option<PaymentSnapshot>, RepositoryError>> {
        Box::pin(async move { Ok(self.rows().get(&id).cloned()) })
    }

    fn list<'a>(
        &'a self,
        filter: &'a PaymentFilter,
        sort: PaymentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<PaymentSnapshot>, RepositoryError>> {
        let place = move |row: &PaymentSnapshot| {
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

fn matches(row: &PaymentSnapshot, filter: &PaymentFilter) -> bool {
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
