//! At most so many requests at once; the others are told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The places there are.
#[derive(Debug)]
pub(crate) struct Admission {
    taken: Arc<AtomicUsize>,
    places: usize,
}

impl Admission {
    /// So many places, of which these are taken already.
    pub(crate) fn new(places: usize, taken: Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self { taken, places })
    }

    /// A place, unless all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Ticket> {
        let ticket = Ticket(Arc::clone(&self.taken));
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // Dropping the ticket gives the place back, also the one too many.
        (before < self.places).then_some(ticket)
    }
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<AtomicUsize>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let admission = Admission::new(2, Arc::default());
        let first = admission.enter().unwrap();
        let second = admission.enter().unwrap();
        assert!(admission.enter().is_none());
        drop(first);
        let third = admission.enter().unwrap();
        assert!(admission.enter().is_none());
        drop((second, third));
        assert_eq!(admission.taken.load(Ordering::Relaxed), 0);
    }
}
