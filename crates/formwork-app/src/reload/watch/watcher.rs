//! The system's own notice of changes.

use std::sync::Arc;

use formwork_config::WatchedSource;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::places::Places;

/// Tells when a source may have changed, for as long as it lives.
pub(super) struct Watcher {
    changed: Arc<Notify>,
    /// `None` where the system does not tell: then there is the poll.
    _watcher: Option<RecommendedWatcher>,
}

impl Watcher {
    /// Watches these sources from now on. Blocks.
    pub(super) fn of(sources: &[WatchedSource]) -> Self {
        let changed = Arc::new(Notify::new());
        let places = Arc::new(Places::of(sources));
        let watcher = notify::recommended_watcher({
            let (changed, places) = (Arc::clone(&changed), Arc::clone(&places));
            move |event: notify::Result<Event>| {
                if event.map_or(true, |event| matters(&event, &places)) {
                    changed.notify_one();
                }
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            for directory in &places.directories {
                match watcher.watch(directory, RecursiveMode::NonRecursive) {
                    // It was there a moment ago; the poll finds out when it comes back.
                    Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                    watched => watched?,
                }
            }
            Ok(watcher)
        });
        let watcher = watcher.map_err(|error| {
            tracing::warn!(
                %error,
                "the system does not tell when files change, they are looked at instead"
            );
        });
        Self {
            changed,
            _watcher: watcher.ok(),
        }
    }

    /// Tells nothing.
    pub(super) fn blind() -> Self {
        Self {
            changed: Arc::default(),
            _watcher: None,
        }
    }

    /// Waits for a change since the last call. May be dropped and called again without missing
    /// one.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Whether a source may have changed. Reading one is no change.
fn matters(event: &Event, places: &Places) -> bool {
    if event.need_rescan() {
        return true;
    }
    let written = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    written && event.paths.iter().any(|path| places.matter(path))
}
