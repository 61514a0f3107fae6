//! Whose a request is.
//!
//! [`ResolutionModule`] contributes a [`Gate`](formwork_http::Gate): every request for callers is
//! resolved before its handler, which then finds the tenant in its
//! [`OperationContext`](formwork_http::OperationContext), as [`CurrentTenant`], or through
//! [`OfTenant`] a service of the tenant's own.
//!
//! | the request | is answered |
//! |---|---|
//! | names no tenant, by no strategy | 400 `urn:problem-type:tenant-missing`, unless the guard lets it pass |
//! | names one that does not exist | 404 `urn:problem-type:tenant-unknown` |
//! | names one that is suspended | 403 `urn:problem-type:tenant-suspended` |
//! | names another than its credentials are for | 403 `urn:problem-type:tenant-mismatch` |
//! | names one whose configuration is not valid | 503 `urn:problem-type:tenant-unavailable` |

mod config;
mod extract;
mod gate;
mod module;
mod network;
mod problem;
mod resolver;

pub use config::{ResolutionConfig, Strategy};
pub use extract::{CurrentTenant, OfTenant};
pub use module::ResolutionModule;
