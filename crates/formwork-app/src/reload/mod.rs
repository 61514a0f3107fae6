//! Takes over a changed configuration while the application runs.
//!
//! Nothing is touched until everything is known to be fine: the whole candidate is loaded and
//! validated, every affected module prepares what it needs for it, and only then one pointer is
//! swapped and the prepared parts take over, which cannot fail. A failure anywhere before that
//! drops what was prepared; there is nothing to roll back.

mod content;
mod engine;
mod live;
mod observe;
mod outcome;
mod part;
mod prepare;
mod reloads;
#[cfg(feature = "watch")]
mod watch;
mod worker;

pub use live::Live;
pub use outcome::{Applied, Outcome, ReloadError, Trigger};
pub use prepare::{Commit, Reload};
pub use reloads::{Attempt, ReloadStatus, Reloads};
#[cfg(feature = "watch")]
pub use watch::{ConfigReloadConfig, ConfigReloadModule, Watch};

pub(crate) use observe::{COMPONENT, Observer};
pub(crate) use part::{Part, Seat};
pub(crate) use worker::work;
