//! What orders do about events.

use domain::order::Cancel;
use domain::payment::{PaymentCaptured, PaymentDeclined};
use domain::shipment::{ShipmentDelivered, ShipmentDispatched};
use domain::stock_item::StockItemShort;
use formwork_domain::{Operation, UseCaseError};

use super::{once, unless_refused};
use crate::order::OrderCommands;

/// The reactions of orders.
#[derive(Clone)]
pub struct OrderReactions {
    commands: OrderCommands,
}

impl OrderReactions {
    /// Reactions that run these commands.
    pub fn new(commands: OrderCommands) -> Self {
        Self { commands }
    }

    /// On `payment.captured`: `mark-paid`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn mark_paid_on_payment_captured(
        &self,
        event: &PaymentCaptured,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let id = event.order;
        let changed = self.commands.mark_paid(id, None, operation);
        unless_refused(once(changed.await))?;
        Ok(())
    }

    /// On `payment.declined`: `cancel`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn cancel_on_payment_declined(
        &self,
        event: &PaymentDeclined,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let id = event.order;
        let input = Cancel {
            reason: "the payment was declined".to_owned(),
        };
        let changed = self.commands.cancel(id, input, None, operation);
        unless_refused(once(changed.await))?;
        Ok(())
    }

    /// On `stock-item.short`: `cancel`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn cancel_on_stock_item_short(
        &self,
        event: &StockItemShort,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let id = event.order;
        let input = Cancel {
            reason: "out of stock".to_owned(),
        };
        let changed = self.commands.cancel(id, input, None, operation);
        unless_refused(once(changed.await))?;
        Ok(())
    }

    /// On `shipment.dispatched`: `ship`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn ship_on_shipment_dispatched(
        &self,
        event: &ShipmentDispatched,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let id = event.order;
        let changed = self.commands.ship(id, None, operation);
        once(changed.await)?;
        Ok(())
    }

    /// On `shipment.delivered`: `complete`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn complete_on_shipment_delivered(
        &self,
        event: &ShipmentDelivered,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let id = event.order;
        let changed = self.commands.complete(id, None, operation);
        once(changed.await)?;
        Ok(())
    }
}
