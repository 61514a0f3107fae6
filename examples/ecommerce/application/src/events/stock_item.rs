//! What stock items do about events.

use domain::order::{OrderCancelled, OrderPlaced};
use domain::shipment::ShipmentDispatched;
use domain::stock_item::{Pick, Release, Reserve};
use formwork_domain::{Operation, UseCaseError};

use super::{once, part};
use crate::stock_item::StockItemCommands;

/// The reactions of stock items.
#[derive(Clone)]
pub struct StockItemReactions {
    commands: StockItemCommands,
}

impl StockItemReactions {
    /// Reactions that run these commands.
    pub fn new(commands: StockItemCommands) -> Self {
        Self { commands }
    }

    /// On `order.placed`: `reserve`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn reserve_on_order_placed(
        &self,
        event: &OrderPlaced,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        for (index, item) in event.lines.iter().enumerate() {
            let operation = part(operation, index);
            let found = self.commands.id_by_sku(item.sku()).await;
            let id = found?;
            let input = Reserve {
                order: event.id,
                quantity: item.quantity(),
            };
            let changed = self.commands.reserve(id, input, None, &operation);
            once(changed.await)?;
        }
        Ok(())
    }

    /// On `order.cancelled`: `release`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn release_on_order_cancelled(
        &self,
        event: &OrderCancelled,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        for (index, item) in event.lines.iter().enumerate() {
            let operation = part(operation, index);
            let found = self.commands.id_by_sku(item.sku()).await;
            let id = found?;
            let input = Release {
                quantity: item.quantity(),
            };
            let changed = self.commands.release(id, input, None, &operation);
            once(changed.await)?;
        }
        Ok(())
    }

    /// On `shipment.dispatched`: `pick`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn pick_on_shipment_dispatched(
        &self,
        event: &ShipmentDispatched,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        for (index, item) in event.lines.iter().enumerate() {
            let operation = part(operation, index);
            let found = self.commands.id_by_sku(item.sku()).await;
            let id = found?;
            let input = Pick {
                quantity: item.quantity(),
            };
            let changed = self.commands.pick(id, input, None, &operation);
            once(changed.await)?;
        }
        Ok(())
    }
}
