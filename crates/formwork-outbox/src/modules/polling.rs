//! No notifier beyond the process: the relay is woken inside it, and polls.

use std::sync::Arc;

use formwork_app::{Declaration, Module, WireError, Wiring};

use crate::{LocalNotifier, Notifier};

/// Provides a [`Notifier`] that wakes the relays of this process. Those of others find new events
/// by polling, within `outbox.poll-idle`.
#[derive(Debug, Default)]
pub struct PollingModule(());

impl PollingModule {
    /// The module.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Module for PollingModule {
    fn declare(&self) -> Declaration {
        Declaration::new("polling-notifier")
            .version(env!("CARGO_PKG_VERSION"))
            .provides::<dyn Notifier>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.provide::<dyn Notifier>(Arc::new(LocalNotifier::new()))
    }
}
