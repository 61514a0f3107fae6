//! For which tenants something is kept, and how many of them at a time.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use formwork_domain::TenantId;

use super::lock;
use crate::Error;

/// For whom there may be services.
pub(super) type Check = Box<dyn Fn(&TenantId) -> Result<(), Error> + Send + Sync>;

/// When something of a tenant was last asked for. One for all services of the tenant.
pub(super) type Used = Arc<AtomicU64>;

/// What was let go of. It is dropped where no lock is held.
pub(super) type Gone = Vec<Box<dyn Send>>;

/// Something that keeps what belongs to tenants.
pub(super) trait Keeper: Send + Sync {
    /// Lets go of what belongs to the tenant. Called with the roster locked.
    fn forget(&self, tenant: &TenantId, gone: &mut Gone);

    /// From now on the roster says for whom and for how many.
    fn join(&self, roster: &Arc<Roster>);
}

/// What all services for each tenant have in common.
///
/// A tenant is kept or let go of as a whole: were it each service for itself, one that is kept
/// could go on with an instance of another that was made anew for everybody else.
pub(super) struct Roster {
    /// Locked before what any keeper locks.
    state: Mutex<State>,
    check: OnceLock<Check>,
    /// Goes on with every seat that is taken: who was used since then was used lately. Counting
    /// every use would make all threads write to one place.
    clock: AtomicU64,
}

struct State {
    /// Whoever uses them owns them.
    keepers: Vec<Weak<dyn Keeper>>,
    tenants: HashMap<TenantId, Used>,
    limit: usize,
}

impl Roster {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                keepers: Vec::new(),
                tenants: HashMap::new(),
                limit,
            }),
            check: OnceLock::new(),
            clock: AtomicU64::new(0),
        }
    }

    /// Whether there may be services for the tenant.
    pub(super) fn check(&self, tenant: &TenantId) -> Result<(), Error> {
        self.check.get().map_or(Ok(()), |check| check(tenant))
    }

    /// The first one stays.
    pub(super) fn admit(&self, check: Check) {
        self.check.set(check).ok();
    }

    pub(super) fn add(&self, keeper: &Arc<dyn Keeper>) {
        self.state().keepers.push(Arc::downgrade(keeper));
    }

    /// Something of a tenant is asked for. Writes only when it was not since somebody last came.
    pub(super) fn touch(&self, used: &AtomicU64) {
        let now = self.clock.load(Ordering::Relaxed);
        if used.load(Ordering::Relaxed) != now {
            used.store(now, Ordering::Relaxed);
        }
    }

    /// Takes a seat for the tenant with `sit`; whoever was used longest ago makes room.
    pub(super) fn seat<S>(&self, tenant: &TenantId, sit: impl FnOnce(Used) -> S) -> S {
        let mut state = self.state();
        let used = Arc::clone(state.tenants.entry(tenant.clone()).or_default());
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        used.store(now, Ordering::Relaxed);
        let seat = sit(used);
        let gone = state.make_room();
        drop(state);
        dispose(gone);
        seat
    }

    pub(super) fn forget(&self, tenant: &TenantId) {
        let mut gone = Gone::new();
        self.state().forget(tenant, &mut gone);
        dispose(gone);
    }

    pub(super) fn limit(&self, limit: usize) {
        let mut state = self.state();
        state.limit = limit;
        let gone = state.make_room();
        drop(state);
        dispose(gone);
    }

    pub(super) fn tenants(&self) -> Vec<TenantId> {
        let mut tenants: Vec<_> = self.state().tenants.keys().cloned().collect();
        tenants.sort();
        tenants
    }

    pub(super) fn keepers(&self) -> usize {
        self.state().keepers.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Lets go of those that are too many. Who has just come was used last, and stays.
    fn make_room(&mut self) -> Gone {
        let mut gone = Gone::new();
        let excess = self.tenants.len().saturating_sub(self.limit.max(1));
        if excess == 0 {
            return gone;
        }
        let tenants = self.tenants.iter();
        let mut tenants: Vec<_> = tenants
            .map(|(tenant, used)| (used.load(Ordering::Relaxed), tenant.clone()))
            .collect();
        tenants.select_nth_unstable(excess - 1);
        for (_, tenant) in tenants.into_iter().take(excess) {
            tracing::debug!(%tenant, "used longest ago, makes room for another tenant");
            self.forget(&tenant, &mut gone);
        }
        gone
    }

    fn forget(&mut self, tenant: &TenantId, gone: &mut Gone) {
        self.tenants.remove(tenant);
        self.keepers.retain(|keeper| match keeper.upgrade() {
            None => false,
            Some(keeper) => {
                keeper.forget(tenant, gone);
                true
            }
        });
    }
}

/// What is dropped belongs to another tenant than whoever happens to ask: its panic ends here.
fn dispose(gone: Gone) {
    for service in gone {
        if catch_unwind(AssertUnwindSafe(|| drop(service))).is_err() {
            tracing::error!("a service of a tenant panicked when it was let go of");
        }
    }
}
