//! What is done without a tenant.

use std::sync::Arc;

use formwork_app::{Declaration, Module, PerTenant, StartError, WireError, Wiring};
use formwork_tenancy::{TenantError, kind};

use crate::support::{Files, Journal, id, tenancy};

async fn modes(guard: &str) -> (Vec<Result<bool, TenantError>>, Vec<String>) {
    let files = Files::new(&format!(
        "[tenancy]\nallow = [\"order.expire\"]\n{guard}\n\
         [tenancy.tenants]\nacme = {{}}\nold = {{ status = \"suspended\" }}"
    ));
    let journal = Arc::new(Journal::default());
    let app = files.app().observe(Arc::clone(&journal));
    let running = app.start().await.expect("a start");
    let tenancy = tenancy(&running);
    let (acme, old, nobody) = (id("acme"), id("old"), id("nobody"));
    let asked = [
        ("order.place", Some(&acme)),
        ("order.place", Some(&old)),
        ("order.place", Some(&nobody)),
        ("order.expire", None),
        ("order.place", None),
    ];
    let answers =
        asked.map(|(what, tenant)| tenancy.enter(what, tenant).map(|entered| entered.is_some()));
    running.stop().await.expect("a clean stop");
    let missing = kind::MISSING.trim_start_matches("formwork.tenant.");
    let events = journal
        .tenants()
        .into_iter()
        .filter(|it| it.starts_with(missing))
        .collect();
    (answers.into(), events)
}

fn refused_in_every_mode() -> Vec<Result<bool, TenantError>> {
    vec![
        Ok(true),
        Err(TenantError::Suspended { tenant: id("old") }),
        Err(TenantError::Unknown {
            tenant: id("nobody"),
        }),
        Ok(false),
    ]
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn the_strict_guard_is_the_default_and_refuses_what_is_not_allowed() {
    let mut expected = refused_in_every_mode();
    let what = "order.place".to_owned();
    expected.push(Err(TenantError::Missing { what }));
    for guard in ["", "guard = \"strict\""] {
        let (answers, events) = modes(guard).await;
        assert_eq!(answers, expected);
        assert_eq!(events, [""; 0]);
    }
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn the_lenient_guard_lets_pass_and_says_so() {
    let (answers, events) = modes("guard = \"lenient\"").await;
    let mut expected = refused_in_every_mode();
    expected.push(Ok(false));
    assert_eq!(answers, expected);
    assert_eq!(events, ["missing order.place {}"]);
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn without_a_guard_nothing_is_said() {
    let (answers, events) = modes("guard = \"off\"").await;
    let mut expected = refused_in_every_mode();
    expected.push(Ok(false));
    assert_eq!(answers, expected);
    assert_eq!(events, [""; 0]);
}

#[derive(Debug)]
struct Quota;

/// Declares one thing, does another.
struct Careless {
    provides: bool,
}

impl Module for Careless {
    fn declare(&self) -> Declaration {
        match self.provides {
            true => Declaration::new("careless").provides_per_tenant::<Quota>(),
            false => Declaration::new("careless").needs_per_tenant::<Quota>(),
        }
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        match self.provides {
            true => wiring.provide::<Quota>(Arc::new(Quota)),
            false => wiring.get::<Quota>().map(drop),
        }
    }
}

struct Quotas;

impl Module for Quotas {
    fn declare(&self) -> Declaration {
        Declaration::new("quotas").provides_per_tenant::<Quota>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.provide_per_tenant::<Quota>(|_| Ok(Arc::new(Quota)))
    }
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn registering_a_tenant_service_without_a_tenant_is_an_error() {
    let refused = |error: StartError| format!("{error:?}");
    let files = Files::new("");
    let careless = files.app().module(Careless { provides: true });
    let error = refused(careless.start().await.expect_err("no start"));
    assert!(error.contains("ProvidedWithoutTenant"), "{error}");

    let careless = files
        .app()
        .module(Quotas)
        .module(Careless { provides: false });
    let error = refused(careless.start().await.expect_err("no start"));
    assert!(error.contains("TakenWithoutTenant"), "{error}");

    let running = files.app().module(Quotas).start().await.expect("a start");
    // What there is, is the handle; of it a tenant's own is got.
    running
        .get::<Quota>()
        .expect_err("no service without a tenant");
    running.get::<PerTenant<Quota>>().expect("the handle");
    running.stop().await.expect("a clean stop");
}
