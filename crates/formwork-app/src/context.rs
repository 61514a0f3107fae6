//! What a module can use while it lives.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::event::Events;
use crate::plan::Declared;
use crate::{Declaration, Health, Lifecycle, ServiceInfo, Tasks};

/// What a module can use in `start`, `drain` and `stop`; cheap to clone.
#[derive(Clone)]
pub struct Context {
    tasks: Tasks,
}

/// What the contexts of all modules have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: ServiceInfo,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) health: Health,
    pub(crate) events: Events,
    pub(crate) declared: Arc<Vec<Declared>>,
}

impl Context {
    /// That of the module with this number.
    pub(crate) fn new(module: usize, shared: &Arc<Shared>) -> Self {
        Self {
            tasks: Tasks::new(module, shared),
        }
    }

    /// The module's name.
    pub fn module(&self) -> &str {
        &self.declaration().name
    }

    /// Which of several instances of the module it is.
    pub fn instance(&self) -> Option<&str> {
        self.declaration().instance.as_deref()
    }

    /// The service this is.
    pub fn service(&self) -> &ServiceInfo {
        &self.tasks.shared().service
    }

    /// Spawns the module's tasks.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Cancelled when the application drains, before any module's
    /// [`drain`](crate::Module::drain): take no new work, end what is in hand. For listeners,
    /// workers, consumers, relays.
    pub fn shutdown(&self) -> CancellationToken {
        self.tasks.draining().token()
    }

    /// Cancelled right before the module's [`stop`](crate::Module::stop), when nobody needs the
    /// module any more. For tasks that serve other modules: connections, writers.
    pub fn stopping(&self) -> CancellationToken {
        self.tasks.stopping().token()
    }

    /// The state of the application.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.tasks.shared().lifecycle
    }

    /// The health of the application.
    pub fn health(&self) -> &Health {
        &self.tasks.shared().health
    }

    /// Emits events.
    pub fn events(&self) -> &Events {
        &self.tasks.shared().events
    }

    pub(crate) fn declaration(&self) -> &Declaration {
        self.tasks.declaration()
    }

    /// The prefix of the module's configuration.
    pub(crate) fn prefix(&self) -> Option<&str> {
        let section = self.declaration().section.as_ref()?;
        Some(section.prefix())
    }

    /// What log lines of a phase carry, whatever the level of the log.
    pub(crate) fn span(&self, phase: &'static str) -> Span {
        let (module, instance) = (self.module(), self.instance());
        tracing::error_span!("module", module, instance, phase)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("module", &self.module())
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}
