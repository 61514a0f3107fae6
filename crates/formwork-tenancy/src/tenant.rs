//! One tenant.

use std::fmt;
use std::sync::Arc;

use formwork_app::{Error, PerTenant};
use formwork_config::{Config, Snapshot};
use formwork_domain::{Operation, TenantId, TenantKey, Timestamp};

/// A tenant that exists and is served: what belongs to it is got through here. A value like any
/// other, cheap to clone; it goes where it is passed.
///
/// It is as it was when it was got. Get it anew for every request and job; a long one may ask
/// [`Tenancy::tenant`](crate::Tenancy::tenant) again.
#[derive(Clone)]
pub struct Tenant(Arc<Inner>);

struct Inner {
    id: TenantId,
    config: Snapshot,
}

impl Tenant {
    pub(crate) fn new(id: TenantId, config: Snapshot) -> Self {
        Self(Arc::new(Inner { id, config }))
    }

    /// Who it is.
    pub fn id(&self) -> &TenantId {
        &self.0.id
    }

    /// Its configuration under `prefix`: that of all, with what is its own laid over it. One
    /// lookup; nothing is read.
    ///
    /// # Errors
    /// When no module declared a `C` there.
    pub fn config<C: Config>(&self, prefix: &str) -> Result<Arc<C>, Error> {
        self.0.config.shared(prefix).ok_or_else(|| {
            let expected = std::any::type_name::<C>();
            Error::config(format!("there is no `{expected}` under `{prefix}`"))
        })
    }

    /// Its own of a service of which there is one for each tenant.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn service<T: ?Sized + Send + Sync + 'static>(
        &self,
        services: &PerTenant<T>,
    ) -> Result<Arc<T>, Error> {
        services.get(self.id())
    }

    /// A change made for it at `at`.
    pub fn operation(&self, at: Timestamp) -> Operation {
        Operation::new(at).for_tenant(self.id().clone())
    }

    /// The name of something of its own, for what tenants share: caches, locks, topics, folders.
    /// See [`TenantKey`].
    pub fn key(&self, part: impl fmt::Display) -> TenantKey {
        self.id().key(part)
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.0.config
    }
}

impl fmt::Debug for Tenant {
    /// Without its configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenant").field(self.id()).finish()
    }
}
