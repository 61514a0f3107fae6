//! Payments from memory, where they are known.

use std::sync::Arc;
use std::time::Duration;

use application::payment::{PaymentFilter, PaymentQueries, PaymentSort};
use domain::order::OrderId;
use domain::payment::{Payment, PaymentId, PaymentRepository, PaymentSnapshot};
use formwork_domain::{BoxFuture, Operation, Page, PageRequest, RepositoryError, Version};

use super::Entries;

/// Answers reads by identifier from memory, and leaves everything else to what it wraps.
pub struct CachedPayments {
    repository: Arc<dyn PaymentRepository>,
    queries: Arc<dyn PaymentQueries>,
    entries: Entries<PaymentId, PaymentSnapshot>,
}

impl CachedPayments {
    /// In front of `repository` and `queries`, at most `capacity` entries, each for
    /// `time_to_live`.
    pub fn new(
        repository: Arc<dyn PaymentRepository>,
        queries: Arc<dyn PaymentQueries>,
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

impl PaymentRepository for CachedPayments {
    fn find(&self, id: PaymentId) -> BoxFuture<'_, Result<Option<Payment>, RepositoryError>> {
        self.repository.find(id)
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Payment>, RepositoryError>> {
        self.repository.find_by_order(order)
    }

    fn save<'a>(
        &'a self,
        payment: &'a Payment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(async move {
            let version = self.repository.save(payment, operation).await?;
            self.entries.saved(payment.id(), version);
            Ok(version)
        })
    }
}

impl PaymentQueries for CachedPayments {
    fn get(
        &self,
        id: PaymentId,
    ) -> BoxFuture<'_, Result<Option<PaymentSnapshot>, RepositoryError>> {
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
        filter: &'a PaymentFilter,
        sort: PaymentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<PaymentSnapshot>, RepositoryError>> {
        self.queries.list(filter, sort, page)
    }
}
