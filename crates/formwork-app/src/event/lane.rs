//! The way from the emitters to one observer: a bounded queue and the task that empties it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use metrics::Counter;
use tokio::sync::Notify;

use super::{Event, Observer, ObserverOptions, ObserverStatus, Overflow};
use crate::error::chain;
use crate::panic::panic_message;

const EVENTS: &str = "observer_events_total";

/// Says what is measured.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(EVENTS, "Events for each observer, by what became of them.");
}

pub(super) struct Lane {
    counters: Counters,
    options: ObserverOptions,
    queue: Mutex<Queue>,
    /// There is an event, or there will be none any more.
    arrived: Notify,
    /// The observer is done with one.
    left: Notify,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    /// Whether the observer is at one that is no longer in `events`.
    busy: bool,
    closed: bool,
    observed: u64,
    failed: u64,
    panicked: u64,
    dropped: u64,
}

/// The same, for whoever measures.
struct Counters {
    delivered: Counter,
    failed: Counter,
    panicked: Counter,
    dropped: Counter,
}

impl Counters {
    fn of(observer: &str) -> Self {
        let counter = |outcome: &'static str| {
            let counter = metrics::counter!(
                EVENTS,
                "observer" => observer.to_owned(),
                "outcome" => outcome,
            );
            // It is there from the beginning.
            counter.increment(0);
            counter
        };
        Self {
            delivered: counter("delivered"),
            failed: counter("failed"),
            panicked: counter("panicked"),
            dropped: counter("dropped"),
        }
    }
}

/// How an observer missed an event.
enum Miss {
    Failed(String),
    Panicked(String),
}

impl Queue {
    fn waiting(&self) -> usize {
        self.events.len() + usize::from(self.busy)
    }
}

impl Lane {
    /// `number` names it when it cannot say its name.
    pub(super) fn new(observer: &dyn Observer, number: usize) -> Self {
        let options = catch_unwind(AssertUnwindSafe(|| observer.options()));
        let mut options = options.unwrap_or_else(|panic| {
            let name = format!("observer {number}");
            let panic = panic_message(&*panic);
            tracing::error!(observer = name, panic, "an observer panicked in `options`");
            ObserverOptions::new(name)
        });
        options.capacity = options.capacity.max(1);
        Self {
            counters: Counters::of(&options.name),
            options,
            queue: Mutex::default(),
            arrived: Notify::new(),
            left: Notify::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.options.name
    }

    pub(super) fn is_strict(&self) -> bool {
        self.options.overflow == Overflow::Block
    }

    pub(super) fn status(&self) -> ObserverStatus {
        let queue = self.lock();
        ObserverStatus {
            name: self.options.name.clone().into_owned(),
            observed: queue.observed,
            failed: queue.failed,
            panicked: queue.panicked,
            dropped: queue.dropped,
            waiting: queue.waiting(),
        }
    }

    /// Never waits.
    pub(super) fn push(&self, event: &Arc<Event>) {
        let mut queue = self.lock();
        if queue.closed {
            queue.dropped += 1;
            self.counters.dropped.increment(1);
            return;
        }
        if queue.waiting() >= self.options.capacity && !self.is_strict() {
            queue.dropped += 1;
            let dropped = queue.dropped;
            // What the observer is at already cannot make room.
            let makes_room =
                self.options.overflow == Overflow::DropOldest && queue.events.pop_front().is_some();
            if makes_room {
                queue.events.push_back(Arc::clone(event));
            }
            drop(queue);
            self.counters.dropped.increment(1);
            // Said at 1, 2, 4, 8 …: a flood of events must not become a flood of lines.
            if dropped.is_power_of_two() {
                let observer = &*self.options.name;
                tracing::warn!(
                    observer,
                    dropped,
                    "an observer is too slow, events are dropped"
                );
            }
            return;
        }
        queue.events.push_back(Arc::clone(event));
        drop(queue);
        self.arrived.notify_one();
    }

    /// Waits until no more than the capacity wait, or nobody empties the queue any more.
    pub(super) async fn room(&self) {
        loop {
            let mut left = pin!(self.left.notified());
            // From here on no notification is missed.
            left.as_mut().enable();
            {
                let queue = self.lock();
                if queue.closed || queue.waiting() < self.options.capacity {
                    return;
                }
            }
            left.await;
        }
    }

    /// Takes no more events. Those that wait are still observed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
        self.left.notify_waiters();
    }

    /// Gives up on what still waits.
    pub(super) fn abandon(&self) -> usize {
        let mut queue = self.lock();
        queue.closed = true;
        let lost = queue.waiting();
        queue.dropped += lost as u64;
        queue.events.clear();
        queue.busy = false;
        drop(queue);
        self.counters.dropped.increment(lost as u64);
        self.left.notify_waiters();
        lost
    }

    /// Hands the observer one event after the other until the lane is closed and empty.
    pub(super) async fn serve(self: Arc<Self>, observer: Arc<dyn Observer>) {
        while let Some(event) = self.next().await {
            // Also what panics before it returns a future is a panic of the observer.
            let call = async { observer.observe(&event).await };
            let call = AssertUnwindSafe(call).catch_unwind();
            let outcome = match tokio::time::timeout(self.options.patience, call).await {
                Ok(Ok(Ok(()))) => Ok(()),
                Ok(Ok(Err(error))) => Err(Miss::Failed(format!("failed: {}", chain(&error)))),
                Ok(Err(panic)) => Err(Miss::Panicked(panic_message(&*panic).to_owned())),
                Err(_) => {
                    let patience = self.options.patience;
                    Err(Miss::Failed(format!("took longer than {patience:?}")))
                }
            };
            let failed = {
                let mut queue = self.lock();
                queue.busy = false;
                match &outcome {
                    Ok(()) => queue.observed += 1,
                    Err(miss) => {
                        queue.failed += 1;
                        queue.panicked += u64::from(matches!(miss, Miss::Panicked(_)));
                    }
                }
                queue.failed
            };
            let counter = match &outcome {
                Ok(()) => &self.counters.delivered,
                Err(Miss::Failed(_)) => &self.counters.failed,
                Err(Miss::Panicked(_)) => &self.counters.panicked,
            };
            counter.increment(1);
            self.left.notify_waiters();
            if let Err(miss) = outcome
                && failed.is_power_of_two()
            {
                let outcome = match miss {
                    Miss::Failed(how) => how,
                    Miss::Panicked(message) => format!("panicked: {message}"),
                };
                let (observer, kind) = (&*self.options.name, &*event.kind);
                tracing::warn!(
                    observer,
                    kind,
                    failed,
                    outcome,
                    "an observer missed an event"
                );
            }
        }
    }

    async fn next(&self) -> Option<Arc<Event>> {
        loop {
            {
                let mut queue = self.lock();
                if let Some(event) = queue.events.pop_front() {
                    queue.busy = true;
                    return Some(event);
                }
                if queue.closed {
                    return None;
                }
            }
            // Keeps a permit when it comes before we wait, and we are the only one who waits.
            self.arrived.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
