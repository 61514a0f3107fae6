//! All tenants.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use formwork_app::event::Events;
use formwork_app::{Error, Reloads, TenantServices};
use formwork_domain::TenantId;
use serde_json::json;
use tokio::sync::{Mutex, Notify};

use crate::guard::Guard;
use crate::{GuardMode, TenancyConfig, Tenant, TenantError, TenantSource, TenantStatus, kind};

/// All tenants of the service. Cheap to clone; asking it takes no lock and waits for nobody.
///
/// Tenants come, change and go while the service runs: those of `tenancy.tenants` with a reload of
/// the configuration, those of a [`TenantSource`] and the tenants' own files with
/// [`refresh`](Self::refresh), which also happens by itself.
#[derive(Clone)]
pub struct Tenancy {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) tenants: ArcSwap<Tenants>,
    /// Those of the configuration.
    pub(crate) declared: ArcSwap<BTreeMap<TenantId, TenantStatus>>,
    pub(crate) guard: ArcSwap<Guard>,
    pub(crate) source: Option<Arc<dyn TenantSource>>,
    pub(crate) reloads: Arc<Reloads>,
    pub(crate) services: TenantServices,
    pub(crate) events: Events,
    /// Held while the tenants are looked at again.
    pub(crate) refreshing: Mutex<()>,
    /// Somebody knows that something has changed.
    pub(crate) knock: Notify,
}

/// Who there is, and what is wrong.
#[derive(Default)]
pub(crate) struct Tenants {
    pub(crate) entries: HashMap<TenantId, Entry>,
    /// Those of the source when it last answered.
    pub(crate) listed: BTreeMap<TenantId, TenantStatus>,
    /// The tenants whose configuration is not valid.
    pub(crate) degraded: Vec<TenantId>,
    /// Why the source did not answer the last time.
    pub(crate) outage: Option<String>,
}

pub(crate) struct Entry {
    pub(crate) status: TenantStatus,
    /// `None` while there has been no valid configuration of it.
    pub(crate) tenant: Option<Tenant>,
}

impl Tenancy {
    pub(crate) fn new(
        config: &TenancyConfig,
        source: Option<Arc<dyn TenantSource>>,
        reloads: Arc<Reloads>,
        services: TenantServices,
        events: Events,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                tenants: ArcSwap::default(),
                declared: ArcSwap::from_pointee(declared(config)),
                guard: ArcSwap::from_pointee(Guard::new(config.guard, &config.allow)),
                source,
                reloads,
                services,
                events,
                refreshing: Mutex::new(()),
                knock: Notify::new(),
            }),
        }
    }

    /// The tenant, when it exists and is served. What is the tenant's own is got from it.
    ///
    /// # Errors
    /// [`TenantError::Unknown`], [`TenantError::Suspended`] and [`TenantError::Misconfigured`].
    pub fn tenant(&self, tenant: &TenantId) -> Result<Tenant, TenantError> {
        let tenants = self.shared.tenants.load();
        let id = || tenant.clone();
        match tenants.entries.get(tenant) {
            None => Err(TenantError::Unknown { tenant: id() }),
            Some(entry) if entry.status == TenantStatus::Suspended => {
                Err(TenantError::Suspended { tenant: id() })
            }
            Some(entry) => {
                let tenant = entry.tenant.clone();
                tenant.ok_or_else(|| TenantError::Misconfigured { tenant: id() })
            }
        }
    }

    /// The tenant that `what` is done for, by the rules of the guard: a request by its path, a job
    /// or a reaction to an event by the name of its operation.
    ///
    /// `None` when there is no tenant and that is in order, or the guard lets it pass.
    ///
    /// ```
    /// use formwork_domain::Operation;
    /// use formwork_tenancy::{Tenancy, TenantError};
    ///
    /// fn expire(tenancy: &Tenancy, operation: &Operation) -> Result<(), TenantError> {
    ///     if let Some(tenant) = tenancy.enter("order.expire", operation.tenant.as_ref())? {
    ///         println!("for {}", tenant.id());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`TenantError::Missing`] when the guard is strict, and those of [`tenant`](Self::tenant).
    pub fn enter(
        &self,
        what: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Option<Tenant>, TenantError> {
        if let Some(tenant) = tenant {
            return self.tenant(tenant).map(Some);
        }
        let guard = self.shared.guard.load();
        if guard.mode == GuardMode::Off || guard.allows(what) {
            return Ok(None);
        }
        if guard.mode == GuardMode::Strict {
            return Err(TenantError::Missing {
                what: what.to_owned(),
            });
        }
        tracing::warn!(what, "done without a tenant");
        self.shared.events.emit(kind::MISSING, what, json!({}));
        Ok(None)
    }

    /// All tenants there are, in order, those that are not served included.
    pub fn tenants(&self) -> Vec<TenantId> {
        let tenants = self.shared.tenants.load();
        let mut tenants: Vec<_> = tenants.entries.keys().cloned().collect();
        tenants.sort();
        tenants
    }

    /// Looks at the tenants and their configuration again, now. What was made for a tenant that
    /// has changed or is gone is let go of, see
    /// [`TenantServices::forget`](formwork_app::TenantServices::forget).
    ///
    /// May be dropped; the tenants are then those there were.
    ///
    /// # Errors
    /// When the source does not answer. What the configuration says is taken over all the same.
    pub async fn refresh(&self) -> Result<(), Error> {
        crate::refresh::refresh(&self.shared).await
    }

    /// What the reload of the configuration led to.
    pub(crate) fn configure(&self, config: &TenancyConfig) {
        let shared = &self.shared;
        shared.declared.store(Arc::new(declared(config)));
        let guard = Guard::new(config.guard, &config.allow);
        shared.guard.store(Arc::new(guard));
        shared.services.keep_at_most(config.active_tenants);
        shared.knock.notify_one();
    }
}

impl fmt::Debug for Tenancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenancy")
            .field("tenants", &self.shared.tenants.load().entries.len())
            .finish_non_exhaustive()
    }
}

/// The tenants of the configuration, whose names have been checked.
fn declared(config: &TenancyConfig) -> BTreeMap<TenantId, TenantStatus> {
    let tenants = config.tenants.iter().flatten();
    tenants
        .filter_map(|(name, tenant)| Some((TenantId::new(name).ok()?, tenant.status)))
        .collect()
}
