//! Where payments are kept.

use formwork_domain::{BoxFuture, Operation, RepositoryError, Version};

use crate::order::OrderId;

use super::{Payment, PaymentId};

/// Keeps payments, each with the events it recorded.
pub trait PaymentRepository: Send + Sync {
    /// The payment with this identifier, if there is one.
    fn find(&self, id: PaymentId) -> BoxFuture<'_, Result<Option<Payment>, RepositoryError>>;

    /// The payment with this `order`, if there is one.
    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Payment>, RepositoryError>>;

    /// Saves the payment, the events it recorded and what `operation` carries, all or
    /// nothing, and returns the version saved.
    ///
    /// An implementation refuses with [`RepositoryError::Conflict`] when somebody else saved the
    /// payment since it was loaded.
    fn save<'a>(
        &'a self,
        payment: &'a Payment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>>;
}
