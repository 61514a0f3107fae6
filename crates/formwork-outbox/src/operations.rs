//! Which operations were carried out before.

use std::fmt;
use std::sync::Arc;

use formwork_domain::{BoxFuture, Operation, OperationLog, RepositoryError};

use crate::{IdempotencyStore, InboxStore};

/// The operations of which an inbox and a store of idempotency keys know.
///
/// An operation with neither a delivery nor a key is answered without asking them.
#[derive(Clone)]
pub struct StoredOperations {
    inbox: Arc<dyn InboxStore>,
    idempotency: Arc<dyn IdempotencyStore>,
}

impl StoredOperations {
    /// The operations these two know of.
    pub fn new(inbox: Arc<dyn InboxStore>, idempotency: Arc<dyn IdempotencyStore>) -> Self {
        Self { inbox, idempotency }
    }
}

impl fmt::Debug for StoredOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredOperations").finish_non_exhaustive()
    }
}

impl OperationLog for StoredOperations {
    fn check<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Result<(), RepositoryError>> {
        Box::pin(async move {
            let tenant = operation.tenant.as_ref();
            if let Some(delivery) = &operation.delivery
                && self.inbox.handled(tenant, delivery).await?
            {
                return Err(RepositoryError::AlreadyHandled);
            }
            if let Some(key) = &operation.idempotency
                && let Some(outcome) = self.idempotency.find(tenant, key).await?
            {
                return Err(RepositoryError::Replayed {
                    outcome: Some(outcome),
                });
            }
            Ok(())
        })
    }
}
