//! What there is for each tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::routing::get as on_get;
use formwork_app::{
    Declaration, Error, Module, Outcome, PerTenant, Reloads, Trigger, WireError, Wiring,
};
use formwork_http::Routes;
use formwork_tenancy::http::OfTenant;
use formwork_tenancy::{MemoryTenants, Tenancy, TenantSource, TenantStatus};

use crate::support::{Files, get, id, tenancy, with_http};

/// Numbered in the order they are made.
struct Orders {
    of: String,
    number: u32,
}

#[derive(Default)]
struct OrdersModule(Arc<AtomicU32>);

impl Module for OrdersModule {
    fn declare(&self) -> Declaration {
        Declaration::new("orders").provides_per_tenant::<Orders>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let made = Arc::clone(&self.0);
        wiring.provide_per_tenant::<Orders>(move |tenant| {
            if tenant.as_str() == "broken" {
                return Err(Error::dependency("its shop burnt down"));
            }
            Ok(Arc::new(Orders {
                of: tenant.to_string(),
                number: made.fetch_add(1, Ordering::Relaxed),
            }))
        })
    }
}

/// Routes whose state is one for each tenant.
struct Api;

impl Module for Api {
    fn declare(&self) -> Declaration {
        Declaration::new("api")
            .needs_per_tenant::<Orders>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let orders: PerTenant<Orders> = wiring.per_tenant()?;
        let show =
            async |OfTenant(orders): OfTenant<Orders>| format!("{} {}", orders.of, orders.number);
        let router = Router::new()
            .route("/orders", on_get(show))
            .with_state(orders);
        wiring.contribute(Arc::new(Routes::new("api", router)))
    }
}

/// Shows a part of.
#[tokio::test]
async fn a_service_of_a_tenant_is_got_from_the_tenant_only_and_goes_with_it() {
    let files = Files::new(
        "[tenant-resolution]\nstrategies = [\"header\"]\ntrusted = [\"127.0.0.1\"]\n\
         [tenancy]\nguard = \"off\"\nrefresh = \"1d\"",
    );
    let directory = Arc::new(MemoryTenants::new());
    for name in ["acme", "umbrella", "broken"] {
        directory.set(id(name), TenantStatus::Active);
    }
    let running = with_http(files.app(), Router::new())
        .provide::<dyn TenantSource>(Arc::clone(&directory) as _)
        .module(OrdersModule::default())
        .module(Api)
        .start()
        .await
        .expect("a start");
    let orders = running.get::<PerTenant<Orders>>().expect("the handle");
    let asked = async |tenant| {
        get(&running, "/orders", &[("x-tenant-id", tenant)])
            .await
            .brief()
    };
    assert_eq!(asked("acme").await, "200 acme 0");
    assert_eq!(asked("umbrella").await, "200 umbrella 1");
    assert_eq!(asked("acme").await, "200 acme 0", "there is one of it");
    assert_eq!(asked("nobody").await, "404 tenant-unknown");
    assert_eq!(asked("broken").await, "503 tenant-unavailable");
    let broken = get(&running, "/orders", &[("x-tenant-id", "broken")]).await;
    assert!(
        broken
            .body
            .contains("could not be made for the tenant `broken`; try again later"),
        "{}",
        broken.body
    );
    assert!(!broken.body.contains("burnt down"), "that is in the log");
    assert_eq!(
        get(&running, "/orders", &[]).await.brief(),
        "400 tenant-missing"
    );
    assert_eq!(orders.tenants(), [id("acme"), id("umbrella")]);

    let tenancy: Arc<Tenancy> = tenancy(&running);
    let acme = tenancy.tenant(&id("acme")).expect("a tenant");
    assert_eq!(acme.service(&orders).expect("orders").number, 0);
    assert_eq!(
        acme.operation(formwork_domain::Timestamp::from_micros(0))
            .tenant,
        Some(id("acme"))
    );

    directory.set(id("acme"), TenantStatus::Suspended);
    assert!(directory.remove(&id("umbrella")));
    tenancy.refresh().await.expect("an answer");
    assert_eq!(orders.tenants(), [], "who is gone leaves nothing behind");
    for name in ["acme", "umbrella", "nobody"] {
        // Not by its name either.
        assert!(orders.get(&id(name)).is_err(), "{name}");
    }
    assert_eq!(asked("acme").await, "403 tenant-suspended");
    assert_eq!(asked("umbrella").await, "404 tenant-unknown");
    directory.set(id("acme"), TenantStatus::Active);
    tenancy.refresh().await.expect("an answer");
    assert_eq!(asked("acme").await, "200 acme 2");
    running.stop().await.expect("a clean stop");
}

/// However many there are, no more are kept than the configuration says, also when a reload changes
/// it; and all are served.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn services_are_kept_for_as_many_tenants_as_are_active() {
    const TENANTS: usize = 500;
    let base = |active: usize| {
        format!(
            "[tenant-resolution]\nstrategies = [\"path\"]\n\
             [tenancy]\nactive-tenants = {active}\nrefresh = \"1d\""
        )
    };
    let files = Files::new(&base(TENANTS));
    let directory = Arc::new(MemoryTenants::new());
    let name = |number: usize| format!("tenant-{number:03}");
    for number in 0..TENANTS {
        directory.set(id(&name(number)), TenantStatus::Active);
    }
    let made = Arc::new(AtomicU32::new(0));
    let running = with_http(files.app(), Router::new())
        .provide::<dyn TenantSource>(Arc::clone(&directory) as _)
        .module(OrdersModule(Arc::clone(&made)))
        .module(Api)
        .start()
        .await
        .expect("a start");
    let orders = running.get::<PerTenant<Orders>>().expect("the handle");
    for round in 0..3 {
        for number in 0..TENANTS {
            let own = orders.get(&id(&name(number))).expect("orders");
            assert_eq!(own.of, name(number), "round {round}");
        }
    }
    assert_eq!(orders.tenants().len(), TENANTS);
    assert_eq!(made.load(Ordering::Relaxed), 500, "each of them once");

    files.base(&base(20));
    let reloads = running.get::<Reloads>().expect("reloads");
    let outcome = reloads.reload(Trigger::Program).await;
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    assert_eq!(orders.tenants().len(), 20);
    for number in (0..TENANTS).step_by(5) {
        let path = format!("/t/{}/orders", name(number));
        let answer = get(&running, &path, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.starts_with(&name(number)), "{}", answer.body);
        assert!(orders.tenants().len() <= 20);
    }
    running.stop().await.expect("a clean stop");
}
