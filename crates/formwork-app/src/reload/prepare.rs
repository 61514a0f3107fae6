//! What a module is handed when its configuration has changed, and what it hands back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use formwork_config::{Change, Config, Snapshot};

use super::Trigger;
use crate::Error;

/// A changed configuration that is on its way, as the module sees it that prepares for it.
pub struct Reload {
    pub(super) prefix: String,
    pub(super) trigger: Trigger,
    pub(super) candidate: Arc<Snapshot>,
    pub(super) current: Arc<Snapshot>,
    pub(super) changes: Vec<Change>,
    pub(super) drain_timeout: Duration,
}

impl Reload {
    /// The module's configuration as it would be. It is valid as a whole.
    ///
    /// # Errors
    /// When the module declared another type, or no configuration.
    pub fn config<C: Config>(&self) -> Result<Arc<C>, Error> {
        typed(&self.candidate, &self.prefix)
    }

    /// The module's configuration as it is.
    ///
    /// # Errors
    /// When the module declared another type, or no configuration.
    pub fn current<C: Config>(&self) -> Result<Arc<C>, Error> {
        typed(&self.current, &self.prefix)
    }

    /// The paths of the module's values that change, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(|change| change.path.as_str())
    }

    /// Whether the value under this key of the module's configuration changes, or one within it.
    pub fn changes(&self, key: &str) -> bool {
        let within = |path: &str| {
            let rest = path.strip_prefix(&self.prefix)?.strip_prefix('.')?;
            let rest = rest.strip_prefix(key)?;
            Some(rest.is_empty() || rest.starts_with('.'))
        };
        self.paths().any(|path| within(path).unwrap_or(false))
    }

    /// The number the generation will have.
    pub fn generation(&self) -> u64 {
        self.candidate.generation()
    }

    /// Why the reload was asked for.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// How long what is replaced may go on for those who still use it: `app.drain-timeout`.
    pub fn drain_timeout(&self) -> Duration {
        self.drain_timeout
    }
}

impl fmt::Debug for Reload {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload")
            .field("prefix", &self.prefix)
            .field("trigger", &self.trigger)
            .field("generation", &self.generation())
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

fn typed<C: Config>(snapshot: &Snapshot, prefix: &str) -> Result<Arc<C>, Error> {
    snapshot.shared(prefix).ok_or_else(|| {
        let type_name = std::any::type_name::<C>();
        Error::config(format!(
            "the configuration was asked for as `{type_name}`, which is not what was declared"
        ))
    })
}

/// What a module has made ready for a new configuration: opened pools, bound sockets, parsed rules.
///
/// [`commit`](Self::commit) puts it in the place of the old. It is called while every other
/// affected module does the same, so it must not block, and it cannot fail: whatever can fail
/// belongs into [`Module::prepare`](crate::Module::prepare). Dropping it instead is the abort: it
/// must give back all it holds.
///
/// Closures are the usual way:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use formwork_app::Commit;
///
/// fn resize(limit: Arc<AtomicUsize>, places: usize) -> Box<dyn Commit> {
///     Box::new(move || limit.store(places, Ordering::Relaxed))
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be committed",
    note = "return a closure without arguments and result, or implement `formwork_app::Commit`"
)]
pub trait Commit: Send {
    /// Puts what was prepared in the place of the old.
    fn commit(self: Box<Self>);
}

impl<F: FnOnce() + Send> Commit for F {
    fn commit(self: Box<Self>) {
        self();
    }
}
