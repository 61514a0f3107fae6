//! Where tenants come from, besides the configuration.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use formwork_config::Config;
use formwork_domain::{BoxFuture, TenantId};

/// Whether a tenant is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum TenantStatus {
    /// It is.
    Active,
    /// Not at present; it is there all the same.
    Suspended,
}

impl TenantStatus {
    /// As it is written in configuration and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// A tenant, as a source knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    /// Who it is.
    pub id: TenantId,
    /// Whether it is served.
    pub status: TenantStatus,
}

/// A directory of tenants: a table, another service. A module provides it as `dyn TenantSource`.
///
/// It is asked at start, every `tenancy.refresh`, and when somebody calls
/// [`Tenancy::refresh`](crate::Tenancy::refresh). While it fails, the tenants stay those there were.
pub trait TenantSource: Send + Sync {
    /// All tenants there are now, in any order. One that is also in the configuration is as the
    /// configuration says.
    fn tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, Box<dyn Error + Send + Sync>>>;
}

/// A directory in memory: for tests, and for what manages tenants itself.
#[derive(Debug, Default)]
pub struct MemoryTenants(Mutex<BTreeMap<TenantId, TenantStatus>>);

impl MemoryTenants {
    /// No tenants.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tenant or changes its status.
    pub fn set(&self, tenant: TenantId, status: TenantStatus) {
        self.lock().insert(tenant, status);
    }

    /// Takes a tenant away. Returns whether it was there.
    pub fn remove(&self, tenant: &TenantId) -> bool {
        self.lock().remove(tenant).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, TenantStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TenantSource for MemoryTenants {
    fn tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, Box<dyn Error + Send + Sync>>> {
        let tenants = self.lock();
        let tenants = tenants.iter().map(|(id, status)| TenantRecord {
            id: id.clone(),
            status: *status,
        });
        let tenants = Ok(tenants.collect());
        Box::pin(std::future::ready(tenants))
    }
}
