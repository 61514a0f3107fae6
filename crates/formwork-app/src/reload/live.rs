//! A module's configuration as it is now.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use arc_swap::ArcSwap;
use formwork_config::{Config, Snapshot};

/// A module's own part of the configuration, always as of the last reload that was committed; got
/// from [`Wiring::live`](crate::Wiring::live), cheap to clone.
///
/// Take the value once for each request or job and use it to the end, so that what belongs
/// together is of one generation:
///
/// ```
/// use formwork_app::Live;
/// use formwork_config::Config;
///
/// /// How much is shown.
/// #[derive(Config)]
/// struct Pages {
///     /// On a page at first.
///     #[config(default = 20, dynamic)]
///     usual: u32,
///     /// On a page at most.
///     #[config(default = 100, dynamic)]
///     most: u32,
/// }
///
/// fn size(pages: &Live<Pages>, asked: Option<u32>) -> u32 {
///     let pages = pages.load();
///     asked.unwrap_or(pages.usual).min(pages.most)
/// }
/// ```
pub struct Live<C> {
    current: Arc<ArcSwap<Snapshot>>,
    prefix: Arc<str>,
    /// Produces a `C`, holds none.
    config: PhantomData<fn() -> C>,
}

impl<C: Config> Live<C> {
    /// `None` when `C` is not what was loaded under the prefix.
    pub(crate) fn new(current: Arc<ArcSwap<Snapshot>>, prefix: &str) -> Option<Self> {
        current.load().shared::<C>(prefix)?;
        Some(Self {
            current,
            prefix: prefix.into(),
            config: PhantomData,
        })
    }

    /// The values of the generation that is committed now.
    pub fn load(&self) -> Arc<C> {
        let config = self.current.load().shared(&self.prefix);
        config.expect("every generation has the sections of the first")
    }
}

impl<C> Clone for Live<C> {
    fn clone(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
            prefix: Arc::clone(&self.prefix),
            config: PhantomData,
        }
    }
}

impl<C> fmt::Debug for Live<C> {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("prefix", &self.prefix)
            .field("generation", &self.current.load().generation())
            .finish()
    }
}
