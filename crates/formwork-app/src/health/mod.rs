//! Whether the parts of the application work: checks in the background, an atomic report.

mod answer;
mod changes;
mod check;
mod component;
mod groups;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

pub use answer::{Answer, IntoAnswer};
pub use changes::{Change, Changes};
pub use check::HealthCheck;
pub use report::{Component, Report, Status};

use changes::Announcer;
pub(crate) use check::supervise;
use component::Entry;
pub(crate) use groups::{Unchecked, join_groups};

use crate::{Lifecycle, State};

/// The health of the application; cheap to clone.
///
/// Reading never runs a check and never waits: it takes the last report.
#[derive(Debug, Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lifecycle: Lifecycle,
    board: Mutex<Board>,
    published: ArcSwap<Published>,
    announcer: Announcer,
}

/// What is known of every component.
#[derive(Debug, Default)]
struct Board {
    entries: BTreeMap<String, Entry>,
    groups: Arc<Groups>,
}

/// The names of a group's components.
type Groups = BTreeMap<String, BTreeSet<String>>;

/// What readers see.
#[derive(Debug)]
struct Published {
    report: Arc<Report>,
    required_work: bool,
    groups: Arc<Groups>,
}

impl Health {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        let board = Board::default();
        Self {
            shared: Arc::new(Shared {
                lifecycle,
                published: ArcSwap::from_pointee(board.publish()),
                board: Mutex::new(board),
                announcer: Announcer::default(),
            }),
        }
    }

    /// The health of every component and of the whole.
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.shared.published.load().report)
    }

    /// The health of the components of a group; `None` when no component is in it.
    pub fn group(&self, group: &str) -> Option<Report> {
        let published = self.shared.published.load();
        let members = published.groups.get(group)?;
        let components = published.report.components.iter();
        let components = components.filter(|component| members.contains(&component.name));
        Some(Report::of(components.cloned().collect()))
    }

    /// Whether to send work here: accepting, and no required component is unhealthy.
    pub fn ready(&self) -> bool {
        self.shared.lifecycle.state() == State::Accepting
            && self.shared.published.load().required_work
    }

    /// Every change of a component's status from now on. Those who ask while they start miss none:
    /// checks run once everything has started.
    pub fn changes(&self) -> Changes {
        self.shared.announcer.follow()
    }

    pub(crate) fn register(&self, check: &HealthCheck) {
        self.enter(check.name(), check.groups(), Entry::new(check));
    }

    /// A component that works until somebody [sets](Self::set) it, which is no change to tell.
    pub(crate) fn introduce(&self, component: &Unchecked) {
        let entry = Entry::unchecked(component.name, Status::Healthy);
        self.enter(component.name, &component.groups, entry);
    }

    fn enter(&self, name: &str, groups: &[String], entry: Entry) {
        let mut board = self.lock();
        for group in groups {
            let groups = Arc::make_mut(&mut board.groups);
            let members = groups.entry(group.clone()).or_default();
            members.insert(name.to_owned());
        }
        board.entries.insert(name.to_owned(), entry);
        self.publish(&board, None);
    }

    /// Takes over what a check answered.
    pub(crate) fn record(&self, name: &str, answer: Answer, latency: Duration) {
        self.update(name, |entry| entry.record(answer, latency, Instant::now()));
    }

    /// Sets an optional component that has no check of its own.
    pub(crate) fn set(&self, name: &str, status: Status, message: Option<String>) {
        let mut board = self.lock();
        let entries = &mut board.entries;
        let entry = match entries.get_mut(name) {
            Some(entry) => entry,
            None => entries
                .entry(name.to_owned())
                .or_insert_with(|| Entry::unchecked(name, Status::Unknown)),
        };
        let change = entry.set(status, message);
        self.publish(&board, change);
    }

    /// When the last result of the check becomes too old to believe.
    pub(crate) fn stale_from(&self, name: &str) -> Option<Instant> {
        self.lock().entries.get(name)?.stale_from()
    }

    /// No longer believes the last result of the check if it has become too old.
    pub(crate) fn forget(&self, name: &str) {
        self.update(name, |entry| entry.forget(Instant::now()));
    }

    fn update(&self, name: &str, act: impl FnOnce(&mut Entry) -> Option<Change>) {
        let mut board = self.lock();
        if let Some(entry) = board.entries.get_mut(name) {
            let change = act(entry);
            self.publish(&board, change);
        }
    }

    /// What changed is told under the lock, so that everybody is told in one order, and once the
    /// report knows it.
    fn publish(&self, board: &Board, change: Option<Change>) {
        self.shared.published.store(Arc::new(board.publish()));
        if let Some(change) = change {
            self.shared.announcer.announce(change);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        let board = self.shared.board.lock();
        board.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn publish(&self) -> Published {
        let report = Report::of(self.entries.values().map(Entry::component).collect());
        Published {
            required_work: report.required_work(),
            report: Arc::new(report),
            groups: Arc::clone(&self.groups),
        }
    }
}
