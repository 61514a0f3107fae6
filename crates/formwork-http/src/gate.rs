//! What looks at requests before their handlers do.

use axum::http::Uri;
use axum::http::request::Parts;

use crate::Problem;

/// Looks at each request before its handler: who makes it, whom it is for, whether it may pass.
/// Modules contribute gates as `dyn Gate`; every request for callers passes all of them.
/// [Operational](crate::Routes::operational) routes pass none.
///
/// Gates stand behind the limits of the server and before the handler: what they refuse is logged,
/// counted and answered like any other refusal. What they find out they put into the request's
/// extensions, as [`Actor`](crate::Actor), [`TenantClaim`](crate::TenantClaim), or a
/// [`TenantId`](formwork_domain::TenantId) that [`OperationContext`](crate::OperationContext) takes
/// over.
///
/// # Contract
/// A gate runs on the way of every request: it must not block.
pub trait Gate: Send + Sync {
    /// Lets the request pass, perhaps with something added to its extensions.
    ///
    /// # Errors
    /// What the caller is told instead.
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem>;

    /// Where the gate stands among the others: lower ones first, those of one number in the order
    /// of their modules. Who authenticates stands before those that ask who it is.
    fn order(&self) -> i32 {
        0
    }

    /// Whether [`route`](Self::route) is to be asked. Requests pay for it only then.
    fn routes(&self) -> bool {
        false
    }

    /// Another address for the request, before the route is chosen: for a part of the path that
    /// says something about the request and is no part of any route. It cannot refuse; what it
    /// finds goes into the extensions, for [`admit`](Self::admit).
    fn route(&self, parts: &mut Parts) -> Option<Uri> {
        let _ = parts;
        None
    }
}
