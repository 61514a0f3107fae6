//! The number of requests in flight.

use metrics::Gauge;

/// One request in flight, until it is dropped.
pub(crate) struct Active(Gauge);

impl Active {
    pub(crate) fn enter(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
