//! The API, described: for programs and for people.

use std::sync::Arc;

use formwork_app::{Declaration, Module, WireError, Wiring};
use formwork_http::Routes;
use interfaces::http::openapi;

/// Contributes the OpenAPI document and its page.
pub struct Docs;

impl Module for Docs {
    fn declare(&self) -> Declaration {
        Declaration::new("docs").contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.contribute(Arc::new(Routes::new("docs", openapi::routes())))
    }
}
