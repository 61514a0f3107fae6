//! What can be asked about shipments. Answers come straight from storage.

use domain::order::OrderId;
use domain::shipment::{ShipmentId, ShipmentSnapshot, ShipmentState};
use formwork_domain::{BoxFuture, Cursor, Page, PageRequest, RepositoryError, SortKey};

/// Reads shipments.
pub trait ShipmentQueries: Send + Sync {
    /// The shipment with this identifier, if there is one.
    fn get(
        &self,
        id: ShipmentId,
    ) -> BoxFuture<'_, Result<Option<ShipmentSnapshot>, RepositoryError>>;

    /// The shipments that `filter` lets through, a page at a time. Those with equal `sort` follow
    /// each other by identifier.
    fn list<'a>(
        &'a self,
        filter: &'a ShipmentFilter,
        sort: ShipmentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<ShipmentSnapshot>, RepositoryError>>;
}

/// Which shipments: those for which everything given is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShipmentFilter {
    /// Where it is in its life.
    pub state: Option<ShipmentState>,
    /// Whose goods these are.
    pub order: Option<OrderId>,
}

/// What shipments are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShipmentSort {
    /// When it was created.
    #[default]
    Created,
    /// When it last changed.
    Updated,
}

impl ShipmentSort {
    /// Where `shipment` stands in this order.
    pub fn cursor(self, shipment: &ShipmentSnapshot) -> Cursor {
        let key = match self {
            Self::Created => SortKey::Integer(shipment.created.as_micros()),
            Self::Updated => SortKey::Integer(shipment.updated.as_micros()),
        };
        Cursor {
            key,
            id: shipment.id.to_bytes(),
        }
    }
}
