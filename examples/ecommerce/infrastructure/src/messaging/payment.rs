//! The consumers of payments.

use std::sync::Arc;

use application::events::PaymentReactions;
use formwork_domain::{BoxFuture, Clock};
use formwork_outbox::{Envelope, Handler, HandlerError};

use crate::codec::order::{OrderCancelledData, OrderPlacedData};

/// Every consumer, on the same reactions.
pub fn handlers(reactions: PaymentReactions, clock: &Arc<dyn Clock>) -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(RequestOnOrderPlaced {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(CancelOnOrderCancelled {
            reactions,
            clock: clock.clone(),
        }),
    ]
}

struct RequestOnOrderPlaced {
    reactions: PaymentReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for RequestOnOrderPlaced {
    fn consumer(&self) -> &str {
        "payment.request-on-order-placed"
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderPlacedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.request_on_order_placed(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct CancelOnOrderCancelled {
    reactions: PaymentReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for CancelOnOrderCancelled {
    fn consumer(&self) -> &str {
        "payment.cancel-on-order-cancelled"
    }

    fn subjects(&self) -> &[&str] {
        &["order.cancelled"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderCancelledData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.cancel_on_order_cancelled(&event, &operation);
            Ok(reaction.await?)
        })
    }
}
