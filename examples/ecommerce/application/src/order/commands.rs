//! What can be done to orders.

use std::sync::Arc;

use domain::order::{Cancel, Order, OrderId, OrderRepository, Place};
use formwork_domain::{
    Aggregate, Identifiers, Operation, OperationLog, Outcome, UseCaseError, Version,
};

/// The commands on orders. Each changes one order in one unit of work.
#[derive(Clone)]
pub struct OrderCommands {
    repository: Arc<dyn OrderRepository>,
    log: Arc<dyn OperationLog>,
    identifiers: Arc<dyn Identifiers>,
}

impl OrderCommands {
    /// Commands that keep their orders in `repository`.
    pub fn new(
        repository: Arc<dyn OrderRepository>,
        log: Arc<dyn OperationLog>,
        identifiers: Arc<dyn Identifiers>,
    ) -> Self {
        Self {
            repository,
            log,
            identifiers,
        }
    }

    /// Orders goods.
    ///
    /// # Errors
    /// Why there is no new order.
    pub async fn place(
        &self,
        input: Place,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of([0; 16], Err(repeated));
        }
        let id = OrderId::from_bytes(self.identifiers.next());
        let order = Order::place(id, input, operation.at)?;
        self.save(&order, operation).await
    }

    /// Notes that the money is there.
    ///
    /// # Errors
    /// Why the order did not change. With `expected`, also when it is at another version.
    pub async fn mark_paid(
        &self,
        id: OrderId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut order = self.load(id, expected).await?;
        order.mark_paid(operation.at)?;
        self.save(&order, operation).await
    }

    /// Notes that the goods have left the warehouse.
    ///
    /// # Errors
    /// Why the order did not change. With `expected`, also when it is at another version.
    pub async fn ship(
        &self,
        id: OrderId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut order = self.load(id, expected).await?;
        order.ship(operation.at)?;
        self.save(&order, operation).await
    }

    /// Notes that the customer has the goods.
    ///
    /// # Errors
    /// Why the order did not change. With `expected`, also when it is at another version.
    pub async fn complete(
        &self,
        id: OrderId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut order = self.load(id, expected).await?;
        order.complete(operation.at)?;
        self.save(&order, operation).await
    }

    /// Calls the order off, as long as nothing has been sent.
    ///
    /// # Errors
    /// Why the order did not change. With `expected`, also when it is at another version.
    pub async fn cancel(
        &self,
        id: OrderId,
        input: Cancel,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut order = self.load(id, expected).await?;
        order.cancel(input, operation.at)?;
        self.save(&order, operation).await
    }

    async fn load(&self, id: OrderId, expected: Option<Version>) -> Result<Order, UseCaseError> {
        let found = self.repository.find(id).await?;
        let order = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: Order::NAME,
            key: id.to_string(),
        })?;
        let actual = order.version();
        match expected {
            Some(expected) if expected != actual => {
                Err(UseCaseError::VersionMismatch { expected, actual })
            }
            _ => Ok(order),
        }
    }

    async fn save(&self, order: &Order, operation: &Operation) -> Result<Outcome, UseCaseError> {
        let saved = self.repository.save(order, operation).await;
        Outcome::of(order.id_bytes(), saved)
    }
}
