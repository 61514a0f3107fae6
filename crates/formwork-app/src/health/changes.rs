//! The flips of components, one after the other, for those who follow them.

use std::sync::{Arc, OnceLock};

use formwork_domain::Timestamp;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::health::Status;

/// How many changes wait for a follower; a slower one misses the oldest.
const WAITING: usize = 256;

/// A component has another status than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The component.
    pub component: String,
    /// Whether the application is not ready without it.
    pub required: bool,
    /// The status it had.
    pub from: Status,
    /// The status it has.
    pub to: Status,
    /// Since when.
    pub since: Timestamp,
    /// What is wrong, if something is.
    pub message: Option<String>,
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("Change", 6)?;
        change.serialize_field("component", &self.component)?;
        change.serialize_field("required", &self.required)?;
        change.serialize_field("from", &self.from)?;
        change.serialize_field("to", &self.to)?;
        change.serialize_field("since", &self.since.to_string())?;
        change.serialize_field("message", &self.message)?;
        change.end()
    }
}

/// What changes from the moment on it was asked for, in order.
///
/// Whoever follows never delays what it follows: up to 256 changes wait, then the oldest is missed,
/// and counted.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Arc<Change>>,
    missed: u64,
}

impl Changes {
    /// The next change, which the report knows already; `None` when the application is gone. May
    /// be dropped and called again without losing one.
    pub async fn next(&mut self) -> Option<Arc<Change>> {
        loop {
            match self.receiver.recv().await {
                Ok(change) => return Some(change),
                Err(RecvError::Lagged(missed)) => self.missed += missed,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// How many changes before the last one were missed.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// Tells every follower; made for the first one.
#[derive(Debug, Default)]
pub(super) struct Announcer(OnceLock<broadcast::Sender<Arc<Change>>>);

impl Announcer {
    pub(super) fn follow(&self) -> Changes {
        Changes {
            receiver: self
                .0
                .get_or_init(|| broadcast::Sender::new(WAITING))
                .subscribe(),
            missed: 0,
        }
    }

    pub(super) fn announce(&self, change: Change) {
        if let Some(followers) = self.0.get() {
            // Fails when nobody follows any more, which is no failure.
            let _ = followers.send(Arc::new(change));
        }
    }
}
