//! The routes of the API.

use std::sync::Arc;

use application::order::{OrderCommands, OrderQueries};
use application::payment::{PaymentCommands, PaymentQueries};
use application::shipment::{ShipmentCommands, ShipmentQueries};
use application::stock_item::{StockItemCommands, StockItemQueries};
use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_domain::Clock;
use formwork_http::Routes;
use interfaces::http::order::{self, OrderApi};
use interfaces::http::payment::{self, PaymentApi};
use interfaces::http::shipment::{self, ShipmentApi};
use interfaces::http::stock_item::{self, StockItemApi};

/// Contributes the routes of every aggregate.
pub struct Api;

impl Module for Api {
    fn declare(&self) -> Declaration {
        Declaration::new("api")
            .needs::<dyn Clock>()
            .needs::<OrderCommands>()
            .needs::<dyn OrderQueries>()
            .needs::<PaymentCommands>()
            .needs::<dyn PaymentQueries>()
            .needs::<ShipmentCommands>()
            .needs::<dyn ShipmentQueries>()
            .needs::<StockItemCommands>()
            .needs::<dyn StockItemQueries>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let clock = wiring.get::<dyn Clock>()?;
        let commands = wiring.get::<OrderCommands>()?;
        let queries = wiring.get::<dyn OrderQueries>()?;
        let api = OrderApi::new((*commands).clone(), queries, clock.clone());
        let routes = Routes::new("orders", order::routes(api));
        wiring.contribute(Arc::new(routes))?;
        let commands = wiring.get::<PaymentCommands>()?;
        let queries = wiring.get::<dyn PaymentQueries>()?;
        let api = PaymentApi::new((*commands).clone(), queries, clock.clone());
        let routes = Routes::new("payments", payment::routes(api));
        wiring.contribute(Arc::new(routes))?;
        let commands = wiring.get::<ShipmentCommands>()?;
        let queries = wiring.get::<dyn ShipmentQueries>()?;
        let api = ShipmentApi::new((*commands).clone(), queries, clock.clone());
        let routes = Routes::new("shipments", shipment::routes(api));
        wiring.contribute(Arc::new(routes))?;
        let commands = wiring.get::<StockItemCommands>()?;
        let queries = wiring.get::<dyn StockItemQueries>()?;
        let api = StockItemApi::new((*commands).clone(), queries, clock.clone());
        let routes = Routes::new("stock-items", stock_item::routes(api));
        wiring.contribute(Arc::new(routes))?;
        Ok(())
    }
}
