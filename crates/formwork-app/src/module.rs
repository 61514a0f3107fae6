//! The unit an application is made of.

use formwork_domain::BoxFuture;

use crate::{Commit, Context, Declaration, Error, Reload, WireError, Wiring};

/// A unit with configuration, needs, services and a life.
///
/// Only [`declare`](Self::declare) is required. The others are called in this order, each at most
/// once: `wire`, `start`, `drain`, `stop`; in between, `prepare` whenever the configuration of the
/// module is about to change. A module whose `start` failed is neither drained nor
/// stopped: it cleans up after itself before it returns the error.
///
/// What an implementation may assume: what it needs has started before it starts, and stops only
/// after it has stopped. What it must not do: open anything in `wire` (it also runs for
/// `--check-config`), block a thread in an `async` method, spawn tasks other than through
/// [`Context::tasks`].
///
/// ```
/// use formwork_app::{Context, Declaration, Error, Module};
/// use formwork_domain::BoxFuture;
///
/// struct Greeter;
///
/// impl Module for Greeter {
///     fn declare(&self) -> Declaration {
///         Declaration::new("greeter")
///     }
///
///     fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
///         Box::pin(async {
///             tracing::info!("hello");
///             Ok(())
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no module",
    note = "implement `formwork_app::Module` for `{Self}`: only `declare` is required"
)]
pub trait Module: Send + 'static {
    /// What the module is called, needs and provides. Has no side effects.
    fn declare(&self) -> Declaration;

    /// Takes what the module needs and hands over what it provides. Has no side effects: nothing
    /// is opened, bound or connected here.
    ///
    /// # Errors
    /// When the configuration or a service does not fit.
    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let _ = wiring;
        Ok(())
    }

    /// Opens, connects, binds, spawns. The services it provides work once this has returned.
    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        let _ = context;
        Box::pin(async { Ok(()) })
    }

    /// Makes everything ready for a changed configuration, without touching what runs: opens the
    /// new pool, binds the new socket, parses the new rules. What it returns takes over when every
    /// affected module has prepared, and is dropped when one of them could not; `None` when there
    /// is nothing to take over, as for what reads a [`Live`](crate::Live) value.
    ///
    /// Called only when a value of the module's own configuration changes, one module after the
    /// other in the order of their start; each has `app.prepare-timeout`. It is cut off, at any
    /// `await`, when that is over or the application stops: what it holds must be given back by
    /// being dropped.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use formwork_app::{Commit, Context, Declaration, Error, Module, Reload};
    /// use formwork_config::Config;
    /// use formwork_domain::BoxFuture;
    ///
    /// /// A gate.
    /// #[derive(Config)]
    /// struct GateConfig {
    ///     /// How many may be inside.
    ///     #[config(default = 10, dynamic)]
    ///     places: u32,
    /// }
    ///
    /// struct Gate {
    ///     places: Arc<AtomicU32>,
    /// }
    ///
    /// impl Module for Gate {
    ///     fn declare(&self) -> Declaration {
    ///         Declaration::new("gate").config::<GateConfig>("gate")
    ///     }
    ///
    ///     fn prepare<'a>(
    ///         &'a mut self,
    ///         reload: &'a Reload,
    ///         _context: &'a Context,
    ///     ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
    ///         Box::pin(async move {
    ///             let config = reload.config::<GateConfig>()?;
    ///             let places = Arc::clone(&self.places);
    ///             let commit = move || places.store(config.places, Ordering::Relaxed);
    ///             Ok(Some(Box::new(commit) as Box<dyn Commit>))
    ///         })
    ///     }
    /// }
    /// ```
    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        let _ = (reload, context);
        Box::pin(async { Ok(None) })
    }

    /// Stops taking new work and finishes what is in flight. What the module provides must go on
    /// working for those that still stop.
    fn drain<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        let _ = context;
        Box::pin(async { Ok(()) })
    }

    /// Closes what `start` opened. The module's tasks have ended by now.
    fn stop<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        let _ = context;
        Box::pin(async { Ok(()) })
    }
}
