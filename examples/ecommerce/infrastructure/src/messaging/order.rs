//! The consumers of orders.

use std::sync::Arc;

use application::events::OrderReactions;
use formwork_domain::{BoxFuture, Clock};
use formwork_outbox::{Envelope, Handler, HandlerError};

use crate::codec::payment::{PaymentCapturedData, PaymentDeclinedData};
use crate::codec::shipment::{ShipmentDeliveredData, ShipmentDispatchedData};
use crate::codec::stock_item::StockItemShortData;

/// Every consumer, on the same reactions.
pub fn handlers(reactions: OrderReactions, clock: &Arc<dyn Clock>) -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(MarkPaidOnPaymentCaptured {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(CancelOnPaymentDeclined {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(CancelOnStockItemShort {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(ShipOnShipmentDispatched {
            reactions: reactions.clone(),
            clock: clock.clone(),
        }),
        Arc::new(CompleteOnShipmentDelivered {
            reactions,
            clock: clock.clone(),
        }),
    ]
}

struct MarkPaidOnPaymentCaptured {
    reactions: OrderReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for MarkPaidOnPaymentCaptured {
    fn consumer(&self) -> &str {
        "order.mark-paid-on-payment-captured"
    }

    fn subjects(&self) -> &[&str] {
        &["payment.captured"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = PaymentCapturedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.mark_paid_on_payment_captured(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct CancelOnPaymentDeclined {
    reactions: OrderReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for CancelOnPaymentDeclined {
    fn consumer(&self) -> &str {
        "order.cancel-on-payment-declined"
    }

    fn subjects(&self) -> &[&str] {
        &["payment.declined"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = PaymentDeclinedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.cancel_on_payment_declined(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct CancelOnStockItemShort {
    reactions: OrderReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for CancelOnStockItemShort {
    fn consumer(&self) -> &str {
        "order.cancel-on-stock-item-short"
    }

    fn subjects(&self) -> &[&str] {
        &["stock-item.short"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = StockItemShortData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.cancel_on_stock_item_short(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct ShipOnShipmentDispatched {
    reactions: OrderReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for ShipOnShipmentDispatched {
    fn consumer(&self) -> &str {
        "order.ship-on-shipment-dispatched"
    }

    fn subjects(&self) -> &[&str] {
        &["shipment.dispatched"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = ShipmentDispatchedData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.ship_on_shipment_dispatched(&event, &operation);
            Ok(reaction.await?)
        })
    }
}

struct CompleteOnShipmentDelivered {
    reactions: OrderReactions,
    clock: Arc<dyn Clock>,
}

impl Handler for CompleteOnShipmentDelivered {
    fn consumer(&self) -> &str {
        "order.complete-on-shipment-delivered"
    }

    fn subjects(&self) -> &[&str] {
        &["shipment.delivered"]
    }

    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            let event = ShipmentDeliveredData::read(envelope)?;
            let operation = envelope.operation(self.consumer(), 0, self.clock.now());
            let reactions = &self.reactions;
            let reaction = reactions.complete_on_shipment_delivered(&event, &operation);
            Ok(reaction.await?)
        })
    }
}
