//! What handlers take from a request. Every refusal is a [`Problem`](crate::Problem).

mod bearer;
mod if_match;
mod json;
mod mistakes;
mod names;
mod operation;
mod path;
mod query;
pub(crate) mod trace_parent;

pub(crate) use bearer::bearer;
pub use if_match::IfMatch;
pub use json::Json;
pub(crate) use operation::visible;
pub use operation::{Actor, OperationContext, TenantClaim};
pub use path::{Path, PathId};
pub use query::{Listing, Query};
