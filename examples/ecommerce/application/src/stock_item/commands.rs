//! What can be done to stock items.

use std::sync::Arc;

use domain::shared::Sku;
use domain::stock_item::{
    Pick, Receive, Register, Release, Reserve, StockItem, StockItemId, StockItemRepository,
    WriteOff,
};
use formwork_domain::{
    Aggregate, Identifiers, Operation, OperationLog, Outcome, UseCaseError, Version,
};

/// The commands on stock items. Each changes one stock item in one unit of work.
#[derive(Clone)]
pub struct StockItemCommands {
    repository: Arc<dyn StockItemRepository>,
    log: Arc<dyn OperationLog>,
    identifiers: Arc<dyn Identifiers>,
}

impl StockItemCommands {
    /// Commands that keep their stock items in `repository`.
    pub fn new(
        repository: Arc<dyn StockItemRepository>,
        log: Arc<dyn OperationLog>,
        identifiers: Arc<dyn Identifiers>,
    ) -> Self {
        Self {
            repository,
            log,
            identifiers,
        }
    }

    /// Adds an article to the range.
    ///
    /// # Errors
    /// Why there is no new stock item.
    pub async fn register(
        &self,
        input: Register,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of([0; 16], Err(repeated));
        }
        let id = StockItemId::from_bytes(self.identifiers.next());
        let stock_item = StockItem::register(id, input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// Books a delivery from a supplier.
    ///
    /// # Errors
    /// Why the stock item did not change. With `expected`, also when it is at another version.
    pub async fn receive(
        &self,
        id: StockItemId,
        input: Receive,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut stock_item = self.load(id, expected).await?;
        stock_item.receive(input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// Takes lost or broken pieces off the books.
    ///
    /// # Errors
    /// Why the stock item did not change. With `expected`, also when it is at another version.
    pub async fn write_off(
        &self,
        id: StockItemId,
        input: WriteOff,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut stock_item = self.load(id, expected).await?;
        stock_item.write_off(input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// Promises pieces to an order.
    ///
    /// # Errors
    /// Why the stock item did not change. With `expected`, also when it is at another version.
    pub async fn reserve(
        &self,
        id: StockItemId,
        input: Reserve,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut stock_item = self.load(id, expected).await?;
        stock_item.reserve(input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// Takes back the promise to an order that was cancelled.
    ///
    /// # Errors
    /// Why the stock item did not change. With `expected`, also when it is at another version.
    pub async fn release(
        &self,
        id: StockItemId,
        input: Release,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut stock_item = self.load(id, expected).await?;
        stock_item.release(input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// Hands promised pieces over to the carrier.
    ///
    /// # Errors
    /// Why the stock item did not change. With `expected`, also when it is at another version.
    pub async fn pick(
        &self,
        id: StockItemId,
        input: Pick,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut stock_item = self.load(id, expected).await?;
        stock_item.pick(input, operation.at)?;
        self.save(&stock_item, operation).await
    }

    /// The identifier of the stock item with this `sku`.
    ///
    /// # Errors
    /// When there is none, or the repository cannot say.
    pub async fn id_by_sku(&self, sku: &Sku) -> Result<StockItemId, UseCaseError> {
        let lookup = self.repository.find_by_sku(sku);
        let found = lookup.await?;
        let stock_item = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: StockItem::NAME,
            key: sku.to_string(),
        })?;
        Ok(stock_item.id())
    }

    async fn load(
        &self,
        id: StockItemId,
        expected: Option<Version>,
    ) -> Result<StockItem, UseCaseError> {
        let found = self.repository.find(id).await?;
        let stock_item = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: StockItem::NAME,
            key: id.to_string(),
        })?;
        let actual = stock_item.version();
        match expected {
            Some(expected) if expected != actual => {
                Err(UseCaseError::VersionMismatch { expected, actual })
            }
            _ => Ok(stock_item),
        }
    }

    async fn save(
        &self,
        stock_item: &StockItem,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        let saved = self.repository.save(stock_item, operation).await;
        Outcome::of(stock_item.id_bytes(), saved)
    }
}
