#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod guard;
#[cfg(feature = "http")]
pub mod http;
mod module;
mod refresh;
mod source;
mod tenancy;
mod tenant;

pub use config::{TenancyConfig, TenantConfig};
pub use error::TenantError;
pub use guard::GuardMode;
pub use module::TenancyModule;
pub use source::{MemoryTenants, TenantRecord, TenantSource, TenantStatus};
pub use tenancy::Tenancy;
pub use tenant::Tenant;

/// The kinds of event that are emitted. Of each, the subject is the tenant unless it says otherwise.
pub mod kind {
    /// A tenant is there that was not. `data`: `status`.
    pub const ADDED: &str = "formwork.tenant.added";
    /// A tenant has another status, or another value of something tenants may have of their own.
    /// `data`: `status`.
    ///
    /// Not emitted when something changes that is the same for all tenants: that is
    /// `formwork.config.reload.completed`.
    pub const CHANGED: &str = "formwork.tenant.changed";
    /// A tenant is gone.
    pub const REMOVED: &str = "formwork.tenant.removed";
    /// The configuration of a tenant is not valid. `data`: `serving`, whether it goes on with the
    /// one it had; `mistakes`, how many there are. Never a value.
    pub const DEGRADED: &str = "formwork.tenant.degraded";
    /// Something was done without a tenant although it needs one, and the guard is lenient. The
    /// subject is what was done.
    pub const MISSING: &str = "formwork.tenant.missing";
}
