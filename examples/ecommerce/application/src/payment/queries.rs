//! What can be asked about payments. Answers come straight from storage.

use domain::order::OrderId;
use domain::payment::{PaymentId, PaymentSnapshot, PaymentState};
use formwork_domain::{BoxFuture, Cursor, Page, PageRequest, RepositoryError, SortKey};

/// Reads payments.
pub trait PaymentQueries: Send + Sync {
    /// The payment with this identifier, if there is one.
    fn get(&self, id: PaymentId)
    -> BoxFuture<'_, Result<Option<PaymentSnapshot>, RepositoryError>>;

    /// The payments that `filter` lets through, a page at a time. Those with equal `sort` follow
    /// each other by identifier.
    fn list<'a>(
        &'a self,
        filter: &'a PaymentFilter,
        sort: PaymentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<PaymentSnapshot>, RepositoryError>>;
}

/// Which payments: those for which everything given is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Where it is in its life.
    pub state: Option<PaymentState>,
    /// What is paid for.
    pub order: Option<OrderId>,
}

/// What payments are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PaymentSort {
    /// When it was created.
    #[default]
    Created,
    /// When it last changed.
    Updated,
    /// `amount`.
    Amount,
}

impl PaymentSort {
    /// Where `payment` stands in this order.
    pub fn cursor(self, payment: &PaymentSnapshot) -> Cursor {
        let key = match self {
            Self::Created => SortKey::Integer(payment.created.as_micros()),
            Self::Updated => SortKey::Integer(payment.updated.as_micros()),
            Self::Amount => SortKey::Integer(payment.amount.minor()),
        };
        Cursor {
            key,
            id: payment.id.to_bytes(),
        }
    }
}
