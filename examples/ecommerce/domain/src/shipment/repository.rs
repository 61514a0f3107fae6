//! Where shipments are kept.

use formwork_domain::{BoxFuture, Operation, RepositoryError, Version};

use crate::order::OrderId;

use super::{Shipment, ShipmentId};

/// Keeps shipments, each with the events it recorded.
pub trait ShipmentRepository: Send + Sync {
    /// The shipment with this identifier, if there is one.
    fn find(&self, id: ShipmentId) -> BoxFuture<'_, Result<Option<Shipment>, RepositoryError>>;

    /// The shipment with this `order`, if there is one.
    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Shipment>, RepositoryError>>;

    /// Saves the shipment, the events it recorded and what `operation` carries, all or
    /// nothing, and returns the version saved.
    ///
    /// An implementation refuses with [`RepositoryError::Conflict`] when somebody else saved the
    /// shipment since it was loaded.
    fn save<'a>(
        &'a self,
        shipment: &'a Shipment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>>;
}
