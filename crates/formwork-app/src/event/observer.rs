//! Those who want to know what happens, and how much of it may wait for them.

use std::borrow::Cow;
use std::time::Duration;

use formwork_domain::BoxFuture;
use serde::Serialize;

use super::Event;
use crate::Error;

/// Wants to know what happens in the application.
///
/// Given to [`App::observe`](crate::App::observe), or contributed by a module as `dyn Observer`
/// (which needs no one to collect it).
///
/// What an implementation may assume: `observe` is called for one event at a time, in the order of
/// [`Event::sequence`]. What it must cope with: it is called from before the first module starts
/// until after the last has stopped, also when the module that contributed it has not started yet
/// or has stopped already. What it must not do: block the thread, or emit an event for every event
/// it gets.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not observe events",
    note = "implement `formwork_app::event::Observer` for `{Self}`: only `observe` is required"
)]
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event. An error is logged and counted; the event is not offered again.
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>>;

    /// How much may wait for it, and what happens to the rest. Asked once, before the start.
    fn options(&self) -> ObserverOptions {
        ObserverOptions::new(std::any::type_name::<Self>())
    }
}

/// How much may wait for an observer, and what happens to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserverOptions {
    /// What it is called in logs and counters.
    pub name: Cow<'static, str>,
    /// How many events wait for it, the one it is at included; at least one.
    pub capacity: usize,
    /// What happens when more would have to wait.
    pub overflow: Overflow,
    /// How long it may take over one event before it is cut off and gets the next.
    pub patience: Duration,
}

impl ObserverOptions {
    /// 1,024 events, then the oldest is dropped; five seconds for each.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            capacity: 1_024,
            overflow: Overflow::default(),
            patience: Duration::from_secs(5),
        }
    }

    /// How many events wait for it, the one it is at included; at least one.
    #[must_use]
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// What happens when more would have to wait.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// How long it may take over one event before it is cut off and gets the next.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// What happens to events for which an observer's queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overflow {
    /// The oldest that waits makes room: the observer sees the latest.
    #[default]
    DropOldest,
    /// The new one is dropped: the observer sees what came first.
    DropNewest,
    /// Strict: nothing is dropped. The application goes from one step of its life to the next only
    /// when there is room again, and so does everybody else who waits for
    /// [`Events::room`](super::Events::room). Those who emit and cannot wait put theirs behind the
    /// queue all the same. With a capacity of one, the observer has seen an event before the step
    /// it announces is taken.
    Block,
}

/// What became of the events for one observer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObserverStatus {
    /// The observer.
    pub name: String,
    /// How many events it has taken note of.
    pub observed: u64,
    /// How many it failed at: an error, a panic, or no end in time.
    pub failed: u64,
    /// How many of those it panicked at.
    pub panicked: u64,
    /// How many were dropped because its queue was full, or because the process ended.
    pub dropped: u64,
    /// How many wait, the one it is at included.
    pub waiting: usize,
}
