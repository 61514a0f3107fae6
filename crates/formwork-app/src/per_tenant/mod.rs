//! Services of which there is one for each tenant.

mod roster;

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::thread::ThreadId;

use formwork_domain::TenantId;

use self::roster::{Gone, Keeper, Roster, Used};
use crate::declaration::ServiceType;
use crate::panic::panic_message;
use crate::{Error, Scope};

/// A service of which there is one for each tenant. Cheap to clone.
///
/// A tenant's is made when it is first asked for, once even when many ask at the same time, and
/// kept until [`forget`](Self::forget). Those that a module provides with
/// [`Wiring::provide_per_tenant`](crate::Wiring::provide_per_tenant) or keeps with
/// [`Wiring::keep_per_tenant`](crate::Wiring::keep_per_tenant) are also let go of when the tenant
/// changes, is gone, or makes room for others, see [`TenantServices`]; one that is made with
/// [`new`](Self::new) is on its own, and keeps as many as it is asked for.
///
/// ```
/// use std::sync::Arc;
///
/// use formwork_app::{Declaration, Module, WireError, Wiring};
///
/// /// What a tenant may use up.
/// struct Quota {
///     tenant: String,
/// }
///
/// struct Quotas;
///
/// impl Module for Quotas {
///     fn declare(&self) -> Declaration {
///         Declaration::new("quotas").provides_per_tenant::<Quota>()
///     }
///
///     fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
///         wiring.provide_per_tenant::<Quota>(|tenant| {
///             Ok(Arc::new(Quota { tenant: tenant.to_string() }))
///         })
///     }
/// }
/// ```
///
/// A module that declares `needs_per_tenant::<Quota>()` takes the handle with
/// [`Wiring::per_tenant`](crate::Wiring::per_tenant) and asks it for the tenant of a request.
pub struct PerTenant<T: ?Sized> {
    shared: Arc<Shared<T>>,
}

type Factory<T> = Box<dyn Fn(&TenantId) -> Result<Arc<T>, Error> + Send + Sync>;

struct Shared<T: ?Sized> {
    make: Factory<T>,
    /// Says for whom and for how many.
    roster: OnceLock<Arc<Roster>>,
    tenants: RwLock<HashMap<TenantId, Arc<Seat<T>>>>,
    /// What was made from these with [`PerTenant::map`].
    derived: Mutex<Vec<Weak<dyn Keeper>>>,
}

/// A tenant's place.
struct Seat<T: ?Sized> {
    value: OnceLock<Arc<T>>,
    /// Held while the value is made.
    flight: Mutex<Flight>,
    /// How many flights have begun.
    flights: AtomicU64,
    /// Who is making the value.
    pilot: Mutex<Option<ThreadId>>,
    used: Used,
}

/// How the last flight ended.
#[derive(Default)]
struct Flight {
    failure: Option<Arc<Error>>,
}

impl<T: ?Sized + Send + Sync + 'static> PerTenant<T> {
    /// One for each tenant, made by `make`, which must not ask for the same tenant's again.
    pub fn new(make: impl Fn(&TenantId) -> Result<Arc<T>, Error> + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                make: Box::new(make),
                roster: OnceLock::new(),
                tenants: RwLock::default(),
                derived: Mutex::default(),
            }),
        }
    }

    /// The tenant's. Blocks while another thread makes it.
    ///
    /// # Errors
    /// When there may be none for this tenant, it cannot be made, its maker panics or asks for
    /// itself. Those that waited for a maker that failed get its error; nothing is kept, and the
    /// next call tries again.
    pub fn get(&self, tenant: &TenantId) -> Result<Arc<T>, Error> {
        let roster = self.shared.roster.get();
        let known = self.known(tenant);
        if let Some(seat) = &known
            && let Some(value) = seat.value.get()
        {
            if let Some(roster) = roster {
                roster.touch(&seat.used);
            }
            return Ok(Arc::clone(value));
        }
        if let Some(roster) = roster {
            roster.check(tenant)?;
        }
        let seat = known.unwrap_or_else(|| match roster {
            Some(roster) => roster.seat(tenant, |used| self.shared.seat(tenant, used)),
            None => self.shared.seat(tenant, Used::default()),
        });
        if *lock(&seat.pilot) == Some(std::thread::current().id()) {
            return Err(Error::lifecycle(format!(
                "the `{}` of tenant `{tenant}` needs itself to be made",
                ServiceType::of::<T>()
            )));
        }
        let seen = seat.flights.load(Ordering::Acquire);
        let mut flight = lock(&seat.flight);
        if let Some(value) = seat.value.get() {
            return Ok(Arc::clone(value));
        }
        let waited = seat.flights.load(Ordering::Acquire) != seen;
        if let Some(failure) = flight.failure.as_ref().filter(|_| waited) {
            return Err(not_made::<T>(tenant, Arc::clone(failure)));
        }

        *lock(&seat.pilot) = Some(std::thread::current().id());
        let made = catch_unwind(AssertUnwindSafe(|| (self.shared.make)(tenant)));
        *lock(&seat.pilot) = None;
        let made = made.unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            Err(Error::lifecycle(format!("panicked: {message}")))
        });
        seat.flights.fetch_add(1, Ordering::Release);
        match made {
            Ok(value) => Ok(Arc::clone(seat.value.get_or_init(|| value))),
            Err(error) => {
                let error = Arc::new(error);
                flight.failure = Some(Arc::clone(&error));
                Err(not_made::<T>(tenant, error))
            }
        }
    }

    /// Lets go of the tenant's, for a tenant that was changed or removed. Who holds it keeps it;
    /// the next [`get`](Self::get) makes another.
    pub fn forget(&self, tenant: &TenantId) {
        // Dropped here, where nothing is locked.
        let mut gone = Gone::new();
        self.shared.forget(tenant, &mut gone);
    }

    /// The tenants that have one.
    pub fn tenants(&self) -> Vec<TenantId> {
        let tenants = self.shared.tenants.read();
        let tenants = tenants.unwrap_or_else(PoisonError::into_inner);
        let made = tenants
            .iter()
            .filter(|(_, seat)| seat.value.get().is_some());
        let mut names: Vec<_> = made.map(|(tenant, _)| tenant.clone()).collect();
        names.sort();
        names
    }

    /// The same, each wrapped: how a decorator wraps services for each tenant. What is forgotten
    /// here is forgotten there.
    #[must_use]
    pub fn map(&self, wrap: impl Fn(&TenantId, Arc<T>) -> Arc<T> + Send + Sync + 'static) -> Self {
        let inner = self.clone();
        let outer = Self::new(move |tenant| inner.get(tenant).map(|value| wrap(tenant, value)));
        if let Some(roster) = self.shared.roster.get() {
            outer.shared.join(roster);
        }
        let derived: Weak<dyn Keeper> = Arc::downgrade(&(Arc::clone(&outer.shared) as _));
        lock(&self.shared.derived).push(derived);
        outer
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<Seat<T>>> {
        let tenants = self.shared.tenants.read();
        let tenants = tenants.unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant).cloned()
    }
}

impl<T: ?Sized> Shared<T> {
    fn seat(&self, tenant: &TenantId, used: Used) -> Arc<Seat<T>> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let seat = tenants.entry(tenant.clone());
        Arc::clone(seat.or_insert_with(|| Arc::new(Seat::new(used))))
    }
}

impl<T: ?Sized> Clone for PerTenant<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T: ?Sized> fmt::Debug for PerTenant<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerTenant")
            .field("service", &std::any::type_name::<T>())
            .field("scope", &Scope::Tenant)
            .finish()
    }
}

impl<T: ?Sized> Seat<T> {
    fn new(used: Used) -> Self {
        Self {
            value: OnceLock::new(),
            flight: Mutex::default(),
            flights: AtomicU64::new(0),
            pilot: Mutex::default(),
            used,
        }
    }
}

impl<T: ?Sized + Send + Sync + 'static> Keeper for Shared<T> {
    fn forget(&self, tenant: &TenantId, gone: &mut Gone) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = tenants.remove(tenant) {
            gone.push(Box::new(seat));
        }
        drop(tenants);
        for derived in lock(&self.derived).iter().filter_map(Weak::upgrade) {
            derived.forget(tenant, gone);
        }
    }

    fn join(&self, roster: &Arc<Roster>) {
        // An application's services join once.
        self.roster.set(Arc::clone(roster)).ok();
        for derived in lock(&self.derived).iter().filter_map(Weak::upgrade) {
            derived.join(roster);
        }
    }
}

/// All services of an application of which there is one for each tenant. Cheap to clone.
///
/// A tenant has all of them or, once it was let go of, none: each is then made anew when it is
/// asked for. That happens to whoever was used longest ago when another tenant comes and there are
/// already as many as [`keep_at_most`](Self::keep_at_most) allows. Who holds a service keeps it; it
/// is no longer that of whoever asks from then on, as it would be in another process.
///
/// Got from [`Wiring::tenant_services`](crate::Wiring::tenant_services) by whoever knows that a
/// tenant was changed or removed.
#[derive(Clone)]
pub struct TenantServices {
    roster: Arc<Roster>,
}

impl TenantServices {
    /// For how many tenants services are kept, unless [`keep_at_most`](Self::keep_at_most) says
    /// otherwise.
    pub const KEPT: usize = 1_000;

    /// Lets go of everything made for the tenant.
    pub fn forget(&self, tenant: &TenantId) {
        self.roster.forget(tenant);
    }

    /// Makes nothing any more for tenants that `check` refuses; what there is stays until it is
    /// forgotten. The first check stays.
    pub fn admit(&self, check: impl Fn(&TenantId) -> Result<(), Error> + Send + Sync + 'static) {
        self.roster.admit(Box::new(check));
    }

    /// Keeps services for at most so many tenants at a time, and lets go of what is too much. One
    /// at least is kept.
    ///
    /// While more tenants than that are in use, theirs are made again and again.
    pub fn keep_at_most(&self, tenants: usize) {
        self.roster.limit(tenants);
    }

    /// The tenants for which something is kept, in order.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.roster.tenants()
    }

    pub(crate) fn add<T: ?Sized + Send + Sync + 'static>(&self, services: &PerTenant<T>) {
        let keeper: Arc<dyn Keeper> = Arc::clone(&services.shared) as _;
        keeper.join(&self.roster);
        self.roster.add(&keeper);
    }
}

impl Default for TenantServices {
    fn default() -> Self {
        Self {
            roster: Arc::new(Roster::new(Self::KEPT)),
        }
    }
}

impl fmt::Debug for TenantServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantServices")
            .field("services", &self.roster.keepers())
            .finish()
    }
}

fn not_made<T: ?Sized + 'static>(tenant: &TenantId, cause: Arc<Error>) -> Error {
    let service = ServiceType::of::<T>();
    let message = format!("could not make the `{service}` of tenant `{tenant}`");
    Error::new(cause.class(), message).because(cause)
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
