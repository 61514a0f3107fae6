//! Resolution as a module of an application.

use std::sync::Arc;

use formwork_app::{Commit, Context, Declaration, Error, Module, Reload, WireError, Wiring};
use formwork_domain::BoxFuture;
use formwork_http::Gate;

use super::ResolutionConfig;
use super::gate::TenantGate;
use crate::Tenancy;

/// Resolves the tenant of every request for callers; configured by `tenant-resolution`, all of
/// which a reload takes over.
#[derive(Default)]
pub struct ResolutionModule {
    gate: Option<Arc<TenantGate>>,
}

impl ResolutionModule {
    /// The module.
    pub fn new() -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for ResolutionModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResolutionModule").finish_non_exhaustive()
    }
}

impl Module for ResolutionModule {
    fn declare(&self) -> Declaration {
        Declaration::new("tenant-resolution")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<ResolutionConfig>("tenant-resolution")
            .needs::<Tenancy>()
            .contributes::<dyn Gate>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let tenancy = Tenancy::clone(&*wiring.get::<Tenancy>()?);
        let gate = Arc::new(TenantGate::new(tenancy, &wiring.config()?));
        wiring.contribute::<dyn Gate>(Arc::clone(&gate) as _)?;
        self.gate = Some(gate);
        Ok(())
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let config = reload.config::<ResolutionConfig>()?;
            let gate = self.gate.clone();
            let commit = move || {
                if let Some(gate) = gate {
                    gate.configure(&config);
                }
            };
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }
}
