//! The use cases, on whatever keeps the aggregates.

use std::sync::Arc;

use application::order::OrderCommands;
use application::payment::PaymentCommands;
use application::shipment::ShipmentCommands;
use application::stock_item::StockItemCommands;
use domain::order::OrderRepository;
use domain::payment::PaymentRepository;
use domain::shipment::ShipmentRepository;
use domain::stock_item::StockItemRepository;
use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_domain::{Identifiers, OperationLog};

/// Provides the commands of every aggregate.
pub struct UseCases;

impl Module for UseCases {
    fn declare(&self) -> Declaration {
        Declaration::new("use-cases")
            .needs::<dyn Identifiers>()
            .needs::<dyn OperationLog>()
            .needs::<dyn OrderRepository>()
            .provides::<OrderCommands>()
            .needs::<dyn PaymentRepository>()
            .provides::<PaymentCommands>()
            .needs::<dyn ShipmentRepository>()
            .provides::<ShipmentCommands>()
            .needs::<dyn StockItemRepository>()
            .provides::<StockItemCommands>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let log = wiring.get::<dyn OperationLog>()?;
        let identifiers = wiring.get::<dyn Identifiers>()?;
        let repository = wiring.get::<dyn OrderRepository>()?;
        let commands = OrderCommands::new(repository, log.clone(), identifiers.clone());
        wiring.provide(Arc::new(commands))?;
        let repository = wiring.get::<dyn PaymentRepository>()?;
        let commands = PaymentCommands::new(repository, log.clone(), identifiers.clone());
        wiring.provide(Arc::new(commands))?;
        let repository = wiring.get::<dyn ShipmentRepository>()?;
        let commands = ShipmentCommands::new(repository, log.clone(), identifiers.clone());
        wiring.provide(Arc::new(commands))?;
        let repository = wiring.get::<dyn StockItemRepository>()?;
        let commands = StockItemCommands::new(repository, log.clone(), identifiers.clone());
        wiring.provide(Arc::new(commands))?;
        Ok(())
    }
}
