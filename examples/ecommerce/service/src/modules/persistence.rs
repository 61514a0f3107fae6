//! Aggregates in SQLite, for the use cases.

use std::sync::Arc;

use application::order::OrderQueries;
use application::payment::PaymentQueries;
use application::shipment::ShipmentQueries;
use application::stock_item::StockItemQueries;
use domain::order::OrderRepository;
use domain::payment::PaymentRepository;
use domain::shipment::ShipmentRepository;
use domain::stock_item::StockItemRepository;
use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_sqlite::Database;
use infrastructure::persistence::sqlite::{
    SqliteOrders, SqlitePayments, SqliteShipments, SqliteStockItems,
};

/// Provides where aggregates are kept and how they are read.
pub struct Persistence;

impl Module for Persistence {
    fn declare(&self) -> Declaration {
        Declaration::new("persistence")
            .needs::<Database>()
            .provides::<dyn OrderRepository>()
            .provides::<dyn OrderQueries>()
            .provides::<dyn PaymentRepository>()
            .provides::<dyn PaymentQueries>()
            .provides::<dyn ShipmentRepository>()
            .provides::<dyn ShipmentQueries>()
            .provides::<dyn StockItemRepository>()
            .provides::<dyn StockItemQueries>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let database = wiring.get::<Database>()?;
        let adapter = Arc::new(SqliteOrders::new(database.clone()));
        wiring.provide::<dyn OrderRepository>(adapter.clone())?;
        wiring.provide::<dyn OrderQueries>(adapter)?;
        let adapter = Arc::new(SqlitePayments::new(database.clone()));
        wiring.provide::<dyn PaymentRepository>(adapter.clone())?;
        wiring.provide::<dyn PaymentQueries>(adapter)?;
        let adapter = Arc::new(SqliteShipments::new(database.clone()));
        wiring.provide::<dyn ShipmentRepository>(adapter.clone())?;
        wiring.provide::<dyn ShipmentQueries>(adapter)?;
        let adapter = Arc::new(SqliteStockItems::new(database.clone()));
        wiring.provide::<dyn StockItemRepository>(adapter.clone())?;
        wiring.provide::<dyn StockItemQueries>(adapter)?;
        Ok(())
    }
}
