//! Reads by identifier, answered from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use application::order::OrderQueries;
use application::payment::PaymentQueries;
use application::shipment::ShipmentQueries;
use application::stock_item::StockItemQueries;
use domain::order::OrderRepository;
use domain::payment::PaymentRepository;
use domain::shipment::ShipmentRepository;
use domain::stock_item::StockItemRepository;
use formwork_app::{Declaration, HealthCheck, Module, Provision, WireError, Wiring};
use formwork_config::Config;
use infrastructure::cache::memory::{
    CachedOrders, CachedPayments, CachedShipments, CachedStockItems, Heartbeat,
};

/// How much is kept, and for how long.
#[derive(Debug, Clone, Config)]
pub struct CacheConfig {
    /// Entries of each aggregate.
    #[config(default = 10000, range(min = 1))]
    capacity: u64,
    /// After so long an entry is read again.
    #[config(default = "5s")]
    time_to_live: Duration,
}

/// Stands in front of where aggregates are kept and how they are read.
pub struct Cache;

/// Before the modules that keep aggregates.
const PRIORITY: i32 = 10;

impl Module for Cache {
    fn declare(&self) -> Declaration {
        Declaration::new("cache")
            .config::<CacheConfig>("cache")
            .needs::<dyn OrderRepository>()
            .needs::<dyn OrderQueries>()
            .offers(Provision::of::<dyn OrderRepository>().priority(PRIORITY))
            .offers(Provision::of::<dyn OrderQueries>().priority(PRIORITY))
            .needs::<dyn PaymentRepository>()
            .needs::<dyn PaymentQueries>()
            .offers(Provision::of::<dyn PaymentRepository>().priority(PRIORITY))
            .offers(Provision::of::<dyn PaymentQueries>().priority(PRIORITY))
            .needs::<dyn ShipmentRepository>()
            .needs::<dyn ShipmentQueries>()
            .offers(Provision::of::<dyn ShipmentRepository>().priority(PRIORITY))
            .offers(Provision::of::<dyn ShipmentQueries>().priority(PRIORITY))
            .needs::<dyn StockItemRepository>()
            .needs::<dyn StockItemQueries>()
            .offers(Provision::of::<dyn StockItemRepository>().priority(PRIORITY))
            .offers(Provision::of::<dyn StockItemQueries>().priority(PRIORITY))
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config = wiring.config::<CacheConfig>()?;
        let adapter = Arc::new(CachedOrders::new(
            wiring.get()?,
            wiring.get()?,
            config.capacity,
            config.time_to_live,
        ));
        wiring.provide::<dyn OrderRepository>(adapter.clone())?;
        wiring.provide::<dyn OrderQueries>(adapter)?;
        let adapter = Arc::new(CachedPayments::new(
            wiring.get()?,
            wiring.get()?,
            config.capacity,
            config.time_to_live,
        ));
        wiring.provide::<dyn PaymentRepository>(adapter.clone())?;
        wiring.provide::<dyn PaymentQueries>(adapter)?;
        let adapter = Arc::new(CachedShipments::new(
            wiring.get()?,
            wiring.get()?,
            config.capacity,
            config.time_to_live,
        ));
        wiring.provide::<dyn ShipmentRepository>(adapter.clone())?;
        wiring.provide::<dyn ShipmentQueries>(adapter)?;
        let adapter = Arc::new(CachedStockItems::new(
            wiring.get()?,
            wiring.get()?,
            config.capacity,
            config.time_to_live,
        ));
        wiring.provide::<dyn StockItemRepository>(adapter.clone())?;
        wiring.provide::<dyn StockItemQueries>(adapter)?;
        let heartbeat = Heartbeat::new();
        let beats = AtomicU64::new(1);
        wiring.health_check(HealthCheck::optional("cache", move || {
            let answered = heartbeat.beat(beats.fetch_add(1, Ordering::Relaxed));
            async move {
                if answered {
                    Ok(())
                } else {
                    Err("the cache does not answer what it was told")
                }
            }
        }))
    }
}
