//! Where events come in, get their number, and go to every observer.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use formwork_domain::{Clock, Identifiers, Timestamp};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::lane::{Lane, describe_metrics};
use super::{Event, Observer, ObserverStatus};
use crate::panic::panic_message;
use crate::{SystemClock, UuidV7};

/// Emits events; cheap to clone.
///
/// Without an observer, emitting costs one atomic load.
#[derive(Clone, Default)]
pub struct Events {
    hub: Arc<Hub>,
}

#[derive(Default)]
struct Hub {
    /// Whether anybody gets what is emitted now.
    observed: AtomicBool,
    /// Whether anybody may have to be waited for.
    strict: AtomicBool,
    opened: OnceLock<Opened>,
    /// The number of the last event. Held while an event goes to every lane, so that all of them
    /// get all events in one order.
    sequence: Mutex<u64>,
}

struct Opened {
    source: Source,
    instance: Arc<str>,
    lanes: Vec<Arc<Lane>>,
}

/// What an event says of where it comes from, and what stamps it.
pub(crate) struct Source {
    pub(crate) service: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identifiers: Arc<dyn Identifiers>,
}

impl Source {
    /// Who emits does not suffer when the application's clock or identifiers panic: then the event
    /// is stamped by ours.
    fn stamp(&self) -> ([u8; 16], Timestamp) {
        let stamp = || (self.identifiers.next(), self.clock.now());
        catch_unwind(AssertUnwindSafe(stamp)).unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            tracing::error!(message, "the application's clock or identifiers panicked");
            (UuidV7.next(), SystemClock.now())
        })
    }
}

impl Events {
    /// Tells every observer that this happened to `subject`. Never waits.
    ///
    /// `kind` is a name in the past tense behind that of the module, such as
    /// `acme.certificate.renewed`. Put no secrets into `data`.
    pub fn emit(
        &self,
        kind: impl Into<Cow<'static, str>>,
        subject: impl Into<String>,
        data: Value,
    ) {
        if self.is_observed() {
            self.tell(kind.into(), subject.into(), data);
        }
    }

    /// As [`emit`](Self::emit); `data` is made only when somebody observes.
    pub fn emit_with(
        &self,
        kind: impl Into<Cow<'static, str>>,
        subject: &str,
        data: impl FnOnce() -> Value,
    ) {
        if self.is_observed() {
            self.tell(kind.into(), subject.to_owned(), data());
        }
    }

    /// Whether anybody gets what is emitted now.
    pub fn is_observed(&self) -> bool {
        self.hub.observed.load(Ordering::Acquire)
    }

    /// Waits until every strict observer has room for another event
    /// ([`Overflow::Block`](super::Overflow::Block)); at once when there is none. May be dropped.
    pub async fn room(&self) {
        if self.hub.strict.load(Ordering::Acquire) {
            for lane in self.lanes().iter().filter(|lane| lane.is_strict()) {
                lane.room().await;
            }
        }
    }

    /// What became of the events for each observer.
    pub fn observers(&self) -> Vec<ObserverStatus> {
        self.lanes().iter().map(|lane| lane.status()).collect()
    }

    /// From now on events are told. The tasks end when [`close`](Self::close) says so.
    pub(crate) fn open(&self, observers: Vec<Arc<dyn Observer>>, source: Source) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if observers.is_empty() {
            return tasks;
        }
        describe_metrics();
        let mut lanes = Vec::new();
        for (index, observer) in observers.into_iter().enumerate() {
            let lane = Arc::new(Lane::new(&*observer, index + 1));
            let span = tracing::info_span!("observer", observer = lane.name());
            tasks.spawn(Arc::clone(&lane).serve(observer).instrument(span));
            lanes.push(lane);
        }
        let strict = lanes.iter().any(|lane| lane.is_strict());
        let instance = hyphenated(source.stamp().0).into();
        let opened = Opened {
            source,
            instance,
            lanes,
        };
        // Only the first call counts; an application starts once.
        if self.hub.opened.set(opened).is_ok() {
            self.hub.strict.store(strict, Ordering::Release);
            self.hub.observed.store(true, Ordering::Release);
        }
        tasks
    }

    /// Takes no more events, and lets the observers finish until `deadline`. Returns how many
    /// events nobody took note of.
    pub(crate) async fn close(&self, tasks: &mut JoinSet<()>, deadline: Instant) -> usize {
        self.hub.observed.store(false, Ordering::Release);
        for lane in self.lanes() {
            lane.close();
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout_at(deadline, all).await.is_ok() {
            return 0;
        }
        tasks.abort_all();
        self.lanes().iter().map(|lane| lane.abandon()).sum()
    }

    fn tell(&self, kind: Cow<'static, str>, subject: String, data: Value) {
        let Some(opened) = self.hub.opened.get() else {
            return;
        };
        let mut sequence = self
            .hub
            .sequence
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *sequence += 1;
        let source = &opened.source;
        let (id, time) = source.stamp();
        let event = Arc::new(Event {
            id: hyphenated(id),
            source: format!("/{}", source.service),
            kind,
            subject,
            time,
            instance: Arc::clone(&opened.instance),
            sequence: *sequence,
            data,
        });
        for lane in &opened.lanes {
            lane.push(&event);
        }
    }

    fn lanes(&self) -> &[Arc<Lane>] {
        self.hub.opened.get().map_or(&[], |opened| &opened.lanes)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("observers", &self.observers())
            .finish()
    }
}

fn hyphenated(id: [u8; 16]) -> String {
    Uuid::from_bytes(id).to_string()
}
