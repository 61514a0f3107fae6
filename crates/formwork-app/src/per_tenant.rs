//! Services of which there is one for each tenant.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::thread::ThreadId;

use formwork_domain::TenantId;

use crate::declaration::ServiceType;
use crate::panic::panic_message;
use crate::{Error, Scope};

/// A service of which there is one for each tenant. Cheap to clone.
///
/// A tenant's is made when it is first asked for, once even when many ask at the same time, and
/// kept until [`forget`](Self::forget). How many are kept is not limited here: whoever knows the
/// tenants says for whom there may be any, see [`TenantServices::admit`].
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

/// For whom there may be services.
type Check = Arc<dyn Fn(&TenantId) -> Result<(), Error> + Send + Sync>;

struct Shared<T: ?Sized> {
    make: Factory<T>,
    check: OnceLock<Check>,
    tenants: RwLock<HashMap<TenantId, Arc<Seat<T>>>>,
    /// What was made from these with [`PerTenant::map`].
    derived: Mutex<Vec<Weak<dyn Forget>>>,
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
                check: OnceLock::new(),
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
        let known = self.known(tenant);
        if let Some(value) = known.as_ref().and_then(|seat| seat.value.get()) {
            return Ok(Arc::clone(value));
        }
        if let Some(check) = self.shared.check.get() {
            check(tenant)?;
        }
        let seat = known.unwrap_or_else(|| self.seat(tenant));
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
        self.shared.forget(tenant);
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
        if let Some(check) = self.shared.check.get() {
            outer.shared.admit(check);
        }
        let forget: Weak<dyn Forget> = Arc::downgrade(&(Arc::clone(&outer.shared) as _));
        lock(&self.shared.derived).push(forget);
        outer
    }

    pub(crate) fn forgetful(&self) -> Arc<dyn Forget> {
        Arc::clone(&self.shared) as _
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<Seat<T>>> {
        let tenants = self.shared.tenants.read();
        let tenants = tenants.unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant).cloned()
    }

    fn seat(&self, tenant: &TenantId) -> Arc<Seat<T>> {
        let tenants = self.shared.tenants.write();
        let mut tenants = tenants.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.clone()).or_default())
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

impl<T: ?Sized> Default for Seat<T> {
    fn default() -> Self {
        Self {
            value: OnceLock::new(),
            flight: Mutex::default(),
            flights: AtomicU64::new(0),
            pilot: Mutex::default(),
        }
    }
}

/// Something that keeps what belongs to a tenant.
pub(crate) trait Forget: Send + Sync {
    fn forget(&self, tenant: &TenantId);

    /// Asks `check` from now on before anything is made.
    fn admit(&self, check: &Check);
}

impl<T: ?Sized + Send + Sync> Forget for Shared<T> {
    fn forget(&self, tenant: &TenantId) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let gone = tenants.remove(tenant);
        drop(tenants);
        // The service's own `Drop` runs without the lock.
        drop(gone);
        for derived in lock(&self.derived).iter().filter_map(Weak::upgrade) {
            derived.forget(tenant);
        }
    }

    fn admit(&self, check: &Check) {
        // The first one stays.
        self.check.set(Arc::clone(check)).ok();
        for derived in lock(&self.derived).iter().filter_map(Weak::upgrade) {
            derived.admit(check);
        }
    }
}

/// All services of an application of which there is one for each tenant. Cheap to clone.
///
/// Got from [`Wiring::tenant_services`](crate::Wiring::tenant_services) by whoever knows that a
/// tenant was changed or removed.
#[derive(Clone, Default)]
pub struct TenantServices {
    services: Arc<Mutex<Vec<Arc<dyn Forget>>>>,
    check: Arc<OnceLock<Check>>,
}

impl TenantServices {
    /// Lets go of everything made for the tenant.
    pub fn forget(&self, tenant: &TenantId) {
        let services = lock(&self.services).clone();
        for service in services {
            service.forget(tenant);
        }
    }

    /// Makes nothing any more for tenants that `check` refuses; what there is stays until it is
    /// forgotten. The first check stays.
    pub fn admit(&self, check: impl Fn(&TenantId) -> Result<(), Error> + Send + Sync + 'static) {
        let services = lock(&self.services);
        let check = self.check.get_or_init(|| Arc::new(check));
        for service in services.iter() {
            service.admit(check);
        }
    }

    pub(crate) fn add(&self, service: Arc<dyn Forget>) {
        let mut services = lock(&self.services);
        if let Some(check) = self.check.get() {
            service.admit(check);
        }
        services.push(service);
    }
}

impl fmt::Debug for TenantServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantServices")
            .field("services", &lock(&self.services).len())
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
