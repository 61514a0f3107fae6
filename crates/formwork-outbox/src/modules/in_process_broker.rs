//! No broker beyond the process.

use std::sync::Arc;

use formwork_app::{Declaration, Module, WireError, Wiring};

use crate::{Broker, InProcessBroker, OutboxStore};

/// Provides a [`Broker`] that delivers to the consumers of this process, straight from the outbox.
#[derive(Debug, Default)]
pub struct InProcessBrokerModule(());

impl InProcessBrokerModule {
    /// The module.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Module for InProcessBrokerModule {
    fn declare(&self) -> Declaration {
        Declaration::new("in-process-broker")
            .version(env!("CARGO_PKG_VERSION"))
            .needs::<dyn OutboxStore>()
            .provides::<dyn Broker>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let store = wiring.get::<dyn OutboxStore>()?;
        wiring.provide::<dyn Broker>(Arc::new(InProcessBroker::new(store)))
    }
}
