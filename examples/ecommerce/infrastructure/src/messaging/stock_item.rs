//! The consumers of stock items.

use std::sync::Arc;

use application::events::StockItemReactions;
use formwork_domain::{BoxFuture, Clock};
use formwork_outbox::{Envelope, Handler, HandlerError};

use crate::codec::order::{OrderCancelledData, OrderPlacedData};
use crate::codec::shipment::ShipmentDispatchedData;

/// Every consumer, on the same reactions.
pub fn handlers(reactions: StockItemReactions, clock: &Arc<dyn Clock>) -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(ReserveOnOrderPlaced {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(ReleaseOnOrderCancelled {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(PickOnShipmentDispatched {
            reactions,
            clock: clock.clone(),
        }),
    ]
}

struct ReserveOnOrderPlaced {
    reactions: StockItemReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for ReserveOnOrderPlaced {
    fn consumer(&self) -> &str {
        "stock-item.reserve-on-order-placed"
    }

    fn subjects(&self) -> &[&str] {
        &["order.placed"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderPlacedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.reserve_on_order_placed(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct ReleaseOnOrderCancelled {
    reactions: StockItemReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for ReleaseOnOrderCancelled {
    fn consumer(&self) -> &str {
        "stock-item.release-on-order-cancelled"
    }

    fn subjects(&self) -> &[&str] {
        &["order.cancelled"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = OrderCancelledData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.release_on_order_cancelled(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct PickOnShipmentDispatched {
    reactions: StockItemReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for PickOnShipmentDispatched {
    fn consumer(&self) -> &str {
        "stock-item.pick-on-shipment-dispatched"
    }

    fn subjects(&self) -> &[&str] {
        &["shipment.dispatched"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = ShipmentDispatchedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.pick_on_shipment_dispatched(&event, &operation);
            Ok(reaction.await?)
        })
    }
}
