//! What payments do about events.

use domain::order::{OrderCancelled, OrderPlaced};
use domain::payment::Request;
use formwork_domain::{Operation, UseCaseError};

use super::{once, unless_refused};
use crate::payment::PaymentCommands;

/// The reactions of payments.
#[derive(Clone)]
pub struct PaymentReactions {
    commands: PaymentCommands,
}

impl PaymentReactions {
    /// Reactions that run these commands.
    pub fn new(commands: PaymentCommands) -> Self {
        Self { commands }
    }

    /// On `order.placed`: `request`.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn request_on_order_placed(
        &self,
        event: &OrderPlaced,
        operation: &Operation,
    ) -> Result<(), UseCaseError> {
        let input = Request {
            order: event.id,
            amount: event.total,
        };
        let changed = self.commands.request(input, operation);
        once(changed.await)?;
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
        unless_refused(once(changed.await))?;
        Ok(())
    }
}
