//! What the aggregates do about each other's events.

use application::events::OrderReactions;
use application::events::PaymentReactions;
use application::events::ShipmentReactions;
use application::events::StockItemReactions;
use application::order::OrderCommands;
use application::payment::PaymentCommands;
use application::shipment::ShipmentCommands;
use application::stock_item::StockItemCommands;
use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_domain::Clock;
use formwork_outbox::Handler;
use infrastructure::messaging::order;
use infrastructure::messaging::payment;
use infrastructure::messaging::shipment;
use infrastructure::messaging::stock_item;

/// Contributes a handler for every reaction in the model.
pub struct Reactions;

impl Module for Reactions {
    fn declare(&self) -> Declaration {
        Declaration::new("reactions")
            .needs::<dyn Clock>()
            .needs::<OrderCommands>()
            .needs::<PaymentCommands>()
            .needs::<ShipmentCommands>()
            .needs::<StockItemCommands>()
            .contributes::<dyn Handler>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let clock = wiring.get::<dyn Clock>()?;
        let mut handlers = Vec::new();
        let commands = wiring.get::<OrderCommands>()?;
        let reactions = OrderReactions::new((*commands).clone());
        handlers.extend(order::handlers(reactions, &clock));
        let commands = wiring.get::<PaymentCommands>()?;
        let reactions = PaymentReactions::new((*commands).clone());
        handlers.extend(payment::handlers(reactions, &clock));
        let commands = wiring.get::<ShipmentCommands>()?;
        let reactions = ShipmentReactions::new((*commands).clone());
        handlers.extend(shipment::handlers(reactions, &clock));
        let commands = wiring.get::<StockItemCommands>()?;
        let reactions = StockItemReactions::new((*commands).clone());
        handlers.extend(stock_item::handlers(reactions, &clock));
        for handler in handlers {
            wiring.contribute(handler)?;
        }
        Ok(())
    }
}
