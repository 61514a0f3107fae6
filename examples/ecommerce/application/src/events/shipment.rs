//! What shipments do about events.

use domain::order::{OrderCancelled, OrderPaid, OrderPlaced};
use domain::shipment::Plan;
use formwork_domain::{Operation, UseCaseError};

use super::{once, unless_refused};
use crate::shipment::ShipmentCommands;

/// The reactions of shipments.
#[derive(Clone)]
pub struct ShipmentReactions {
    commands: ShipmentCommands,
}

impl ShipmentReactions {
    /// Reactions that run these commands.
    pub fn new(commands: ShipmentCommands) -> Self {
        Self { commands }
    }

    /// On `order.placed`: `plan`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn plan_on_order_placed(
        &self,
        event: &OrderPlaced,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let input = Plan {
            order: event.id,
            deliver_to: event.deliver_to.clone(),
            lines: event.lines.clone(),
        };
        let changed = self.commands.plan(input, operation);
        once(changed.await)?;
        Ok(())
    }

    /// On `order.paid`: `prepare`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn prepare_on_order_paid(
        &self,
        event: &OrderPaid,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let found = self.commands.id_by_order(&event.id).await;
        let id = found?;
        let changed = self.commands.prepare(id, None, operation);
        unless_refused(once(changed.await))?;
        Ok(())
    }

    /// On `order.cancelled`: `cancel`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn cancel_on_order_cancelled(
        &self,
        event: &OrderCancelled,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let found = self.commands.id_by_order(&event.id).await;
        let id = found?;
        let changed = self.commands.cancel(id, None, operation);
        once(changed.await)?;
        Ok(())
    }
}
