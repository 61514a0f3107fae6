//! What can be done to shipments.

use std::sync::Arc;

use domain::order::OrderId;
use domain::shipment::{Dispatch, Plan, Shipment, ShipmentId, ShipmentRepository};
use formwork_domain::{
    Aggregate, Identifiers, Operation, OperationLog, Outcome, UseCaseError, Version,
};

/// The commands on shipments. Each changes one shipment in one unit of work.
#[derive(Clone)]
pub struct ShipmentCommands {
    repository: Arc<dyn ShipmentRepository>,
    log: Arc<dyn OperationLog>,
    identifiers: Arc<dyn Identifiers>,
}

impl ShipmentCommands {
    /// Commands that keep their shipments in `repository`.
    pub fn new(
        repository: Arc<dyn ShipmentRepository>,
        log: Arc<dyn OperationLog>,
        identifiers: Arc<dyn Identifiers>,
    ) -> Self {
        Self {
            repository,
            log,
            identifiers,
        }
    }

    /// Plans to send the goods of an order.
    ///
    /// # Errors
    /// Why there is no new shipment.
    pub async fn plan(&self, input: Plan, operation: &Operation) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of([0; 16], Err(repeated));
        }
        let id = ShipmentId::from_bytes(self.identifiers.next());
        let shipment = Shipment::plan(id, input, operation.at)?;
        self.save(&shipment, operation).await
    }

    /// Gives the goods free for packing.
    ///
    /// # Errors
    /// Why the shipment did not change. With `expected`, also when it is at another version.
    pub async fn prepare(
        &self,
        id: ShipmentId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut shipment = self.load(id, expected).await?;
        shipment.prepare(operation.at)?;
        self.save(&shipment, operation).await
    }

    /// Hands the parcels over to a carrier.
    ///
    /// # Errors
    /// Why the shipment did not change. With `expected`, also when it is at another version.
    pub async fn dispatch(
        &self,
        id: ShipmentId,
        input: Dispatch,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut shipment = self.load(id, expected).await?;
        shipment.dispatch(input, operation.at)?;
        self.save(&shipment, operation).await
    }

    /// Notes that the customer has the goods.
    ///
    /// # Errors
    /// Why the shipment did not change. With `expected`, also when it is at another version.
    pub async fn deliver(
        &self,
        id: ShipmentId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut shipment = self.load(id, expected).await?;
        shipment.deliver(operation.at)?;
        self.save(&shipment, operation).await
    }

    /// Puts the goods back on the shelf.
    ///
    /// # Errors
    /// Why the shipment did not change. With `expected`, also when it is at another version.
    pub async fn cancel(
        &self,
        id: ShipmentId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut shipment = self.load(id, expected).await?;
        shipment.cancel(operation.at)?;
        self.save(&shipment, operation).await
    }

    /// The identifier of the shipment with this `order`.
    ///
    /// # Errors
    /// When there is none, or the repository cannot say.
    pub async fn id_by_order(&self, order: &OrderId) -> Result<ShipmentId, UseCaseError> {
        let lookup = self.repository.find_by_order(order);
        let found = lookup.await?;
        let shipment = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: Shipment::NAME,
            key: order.to_string(),
        })?;
        Ok(shipment.id())
    }

    async fn load(
        &self,
        id: ShipmentId,
        expected: Option<Version>,
    ) -> Result<Shipment, UseCaseError> {
        let found = self.repository.find(id).await?;
        let shipment = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: Shipment::NAME,
            key: id.to_string(),
        })?;
        let actual = shipment.version();
        match expected {
            Some(expected) if expected != actual => {
                Err(UseCaseError::VersionMismatch { expected, actual })
            }
            _ => Ok(shipment),
        }
    }

    async fn save(
        &self,
        shipment: &Shipment,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        let saved = self.repository.save(shipment, operation).await;
        Outcome::of(shipment.id_bytes(), saved)
    }
}
