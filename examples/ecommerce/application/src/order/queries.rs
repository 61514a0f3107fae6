//! What can be asked about orders. Answers come straight from storage.

use domain::order::{OrderId, OrderSnapshot, OrderState};
use formwork_domain::{BoxFuture, Cursor, Page, PageRequest, RepositoryError, SortKey};

/// Reads orders.
pub trait OrderQueries: Send + Sync {
    /// The order with this identifier, if there is one.
    fn get(&self, id: OrderId) -> BoxFuture<'_, Result<Option<OrderSnapshot>, RepositoryError>>;

    /// The orders that `filter` lets through, a page at a time. Those with equal `sort` follow
    /// each other by identifier.
    fn list<'a>(
        &'a self,
        filter: &'a OrderFilter,
        sort: OrderSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<OrderSnapshot>, RepositoryError>>;
}

/// Which orders: those for which everything given is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Where it is in its life.
    pub state: Option<OrderState>,
    /// Who ordered.
    pub customer: Option<String>,
}

/// What orders are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrderSort {
    /// When it was created.
    #[default]
    Created,
    /// When it last changed.
    Updated,
    /// `total`.
    Total,
}

impl OrderSort {
    /// Where `order` stands in this order.
    pub fn cursor(self, order: &OrderSnapshot) -> Cursor {
        let key = match self {
            Self::Created => SortKey::Integer(order.created.as_micros()),
            Self::Updated => SortKey::Integer(order.updated.as_micros()),
            Self::Total => SortKey::Integer(order.total.minor()),
        };
        Cursor {
            key,
            id: order.id.to_bytes(),
        }
    }
}
