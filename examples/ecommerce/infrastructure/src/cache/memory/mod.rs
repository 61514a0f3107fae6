//! Reads answered from the memory of this process.
//!
//! What this process saves is seen at once: saving leaves a mark of the new version, and a read
//! that was under way keeps nothing older. What another process saves is seen when the entry
//! expires.

mod order;
mod payment;
mod shipment;
mod stock_item;

pub use order::CachedOrders;
pub use payment::CachedPayments;
pub use shipment::CachedShipments;
pub use stock_item::CachedStockItems;

use std::hash::Hash;
use std::time::Duration;

use formwork_domain::Version;
use moka::ops::compute::Op;
use moka::sync::Cache;

/// What is known of an aggregate.
#[derive(Clone)]
enum Known<T> {
    /// It looked like this at this version.
    Read(Version, T),
    /// It was saved at this version, and not read since.
    Saved(Version),
}

impl<T> Known<T> {
    fn version(&self) -> Version {
        match self {
            Self::Read(version, _) | Self::Saved(version) => *version,
        }
    }
}

/// Shows that the cache answers what it was told.
pub struct Heartbeat {
    entries: Entries<(), u64>,
}

impl Heartbeat {
    /// A cache of a single entry.
    pub fn new() -> Self {
        Self {
            entries: Entries::new(1, Duration::from_secs(60)),
        }
    }

    /// Whether `beat`, greater than the last one, is answered after it was kept.
    pub fn beat(&self, beat: u64) -> bool {
        self.entries.read((), Version::new(beat), beat);
        self.entries.get(&()) == Some(beat)
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new()
    }
}

/// A bounded number of aggregates, each for a limited time.
struct Entries<K, T> {
    cache: Cache<K, Known<T>>,
}

impl<K, T> Entries<K, T>
where
    K: Hash + Eq + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    fn new(capacity: u64, time_to_live: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(capacity)
            .time_to_live(time_to_live)
            .build();
        Self { cache }
    }

    fn get(&self, key: &K) -> Option<T> {
        match self.cache.get(key)? {
            Known::Read(_, value) => Some(value),
            Known::Saved(_) => None,
        }
    }

    fn read(&self, key: K, version: Version, value: T) {
        self.keep_newest(key, Known::Read(version, value));
    }

    fn saved(&self, key: K, version: Version) {
        self.keep_newest(key, Known::Saved(version));
    }

    fn keep_newest(&self, key: K, known: Known<T>) {
        self.cache.entry(key).and_compute_with(|present| {
            match present.map(|entry| entry.into_value().version()) {
                Some(version) if version > known.version() => Op::Nop,
                _ => Op::Put(known),
            }
        });
    }
}
