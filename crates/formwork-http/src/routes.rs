//! Routes that modules contribute to the one HTTP server.

use axum::Router;

/// Named routes for the HTTP server, contributed by any module.
///
/// The name appears in messages when two modules claim the same route.
#[derive(Debug, Clone)]
pub struct Routes {
    name: &'static str,
    router: Router,
    operational: bool,
}

impl Routes {
    /// Routes for callers: under every limit the server has.
    pub fn new(name: &'static str, router: Router) -> Self {
        Self {
            name,
            router,
            operational: false,
        }
    }

    /// Routes for those who run the service, such as probes and metrics: they answer also when the
    /// server is at its concurrency limit.
    #[must_use]
    pub fn operational(mut self) -> Self {
        self.operational = true;
        self
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The routes.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Whether they answer also when the server is at its concurrency limit.
    pub fn is_operational(&self) -> bool {
        self.operational
    }
}
