//! The tenants as a module of an application.

use std::sync::Arc;
use std::time::Duration;

use formwork_app::event::{Event, Observer, kind};
use formwork_app::{
    Commit, Context, Declaration, Error, HealthCheck, Live, Module, Policy, Provision, Reload,
    Reloads, WireError, Wiring,
};
use formwork_domain::BoxFuture;

use crate::{Tenancy, TenancyConfig, TenantSource};

/// Provides [`Tenancy`]; configured by `tenancy`.
///
/// The tenants are those of `tenancy.tenants` and those of a [`TenantSource`], when a module
/// provides one. A source that does not answer at start is a failed start; later the tenants stay
/// as they are, and the check `tenancy` is degraded. It is degraded as well while the configuration
/// of a tenant is not valid, which is that tenant's trouble alone.
#[derive(Debug, Default)]
pub struct TenancyModule {
    wired: Option<(Tenancy, Live<TenancyConfig>)>,
}

impl TenancyModule {
    /// The module.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Module for TenancyModule {
    fn declare(&self) -> Declaration {
        Declaration::new("tenancy")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<TenancyConfig>("tenancy")
            .needs::<Reloads>()
            .wants::<dyn TenantSource>()
            .contributes::<dyn Observer>()
            .offers(Provision::of::<Tenancy>())
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let live = wiring.live::<TenancyConfig>()?;
        let tenancy = Tenancy::new(
            &live.load(),
            wiring.find::<dyn TenantSource>(),
            wiring.get::<Reloads>()?,
            wiring.tenant_services(),
            wiring.events(),
        );
        let known = Arc::downgrade(&tenancy.shared);
        let services = wiring.tenant_services();
        services.keep_at_most(live.load().active_tenants);
        services.admit(move |tenant| {
            // What keeps the services is kept by the tenants.
            let shared = known.upgrade();
            let tenancy = shared.map(|shared| Tenancy { shared });
            let tenancy = tenancy.ok_or_else(|| Error::lifecycle("the application has stopped"))?;
            tenancy.tenant(tenant).map(drop).map_err(Error::from)
        });
        wiring.contribute::<dyn Observer>(Arc::new(Reloaded(tenancy.clone())))?;
        wiring.provide(Arc::new(tenancy.clone()))?;
        let checked = tenancy.clone();
        wiring.health_check(HealthCheck::optional("tenancy", move || {
            let answer = checked.shared.tenants.load().answer();
            async move { answer }
        }))?;
        self.wired = Some((tenancy, live));
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Some((tenancy, live)) = &self.wired else {
                return Ok(());
            };
            tenancy.refresh().await?;
            let (tenancy, live, shutdown) = (tenancy.clone(), live.clone(), context.shutdown());
            let retry = Policy::Restart {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(60),
            };
            context.tasks().spawn("refresh", retry, move || {
                let (tenancy, live, shutdown) = (tenancy.clone(), live.clone(), shutdown.clone());
                async move {
                    shutdown.run_until_cancelled(watch(&tenancy, &live)).await;
                    Ok(())
                }
            });
            Ok(())
        })
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let config = reload.config::<TenancyConfig>()?;
            let Some((tenancy, _)) = &self.wired else {
                return Ok(None);
            };
            let tenancy = tenancy.clone();
            let commit = move || tenancy.configure(&config);
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }
}

/// Looks at the tenants again and again, and at once when something is known to have changed.
async fn watch(tenancy: &Tenancy, live: &Live<TenancyConfig>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(live.load().refresh) => {}
            () = tenancy.shared.knock.notified() => {}
        }
        if let Err(error) = tenancy.refresh().await {
            tracing::warn!(error = %error, "the tenants stay those there were");
        }
    }
}

/// What all tenants have in common may have changed, or the file of one: also when what they have in
/// common is not taken over.
struct Reloaded(Tenancy);

impl Observer for Reloaded {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        if matches!(
            &*event.kind,
            kind::CONFIG_RELOAD_COMPLETED | kind::CONFIG_RELOAD_NOOP | kind::CONFIG_RELOAD_FAILED
        ) {
            self.0.shared.knock.notify_one();
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
