//! The consumers of shipments.

use std::sync::Arc;

use application::events::ShipmentReactions;
use formwork_domain::{BoxFuture, Clock};
use formwork_outbox::{Envelope, Handler, HandlerError};

use crate::codec::order::{OrderCancelledData, OrderPaidData, OrderPlacedData};

/// Every consumer, on the same reactions.
pub fn handlers(reactions: ShipmentReactions, clock: &Arc<dyn Clock>) -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(PlanOnOrderPlaced {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(PrepareOnOrderPaid {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(CancelOnOrderCancelled {
            reactions,
            clock: clock.clone(),
        }),
    ]
}

struct PlanOnOrderPlaced {
    reactions: ShipmentReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for PlanOnOrderPlaced {
    fn consumer(&self) -> &str {
        "shipment.plan-on-order-placed"
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderPlacedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.plan_on_order_placed(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct PrepareOnOrderPaid {
    reactions: ShipmentReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for PrepareOnOrderPaid {
    fn consumer(&self) -> &str {
        "shipment.prepare-on-order-paid"
    }

    fn subjects(&self) -> &[&str] {
        &["order.paid"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderPaidData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.prepare_on_order_paid(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct CancelOnOrderCancelled {
    reactions: ShipmentReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for CancelOnOrderCancelled {
    fn consumer(&self) -> &str {
        "shipment.cancel-on-order-cancelled"
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
