//! Services of which there is one in the application, for each tenant, or for each instance.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use formwork_app::{Class, Error, PerTenant, TenantServices, Wiring};
use formwork_domain::TenantId;

use crate::support::{Journal, Scripted, app, module, report};

fn tenant(name: &str) -> TenantId {
    name.parse().expect("it is the name of a tenant")
}

#[derive(Debug)]
struct Quota(String);

fn quotas(journal: &Journal) -> Scripted {
    module("quotas", journal)
        .declare(|it| it.provides_per_tenant::<Quota>())
        .wire(|wiring| {
            wiring.provide_per_tenant::<Quota>(|tenant| Ok(Arc::new(Quota(tenant.to_string()))))
        })
}

/// A module may provide several services, each with a scope of its own, and each is told when the
/// services are listed.
///
/// Proves: R-005.
#[tokio::test]
async fn a_module_provides_services_of_every_scope() {
    let journal = Journal::default();
    let provider = |name: &'static str| {
        module(name, &journal)
            .declare(|it| it.provides::<u8>().provides_per_tenant::<Quota>())
            .wire(|wiring| {
                wiring.provide(Arc::new(1_u8))?;
                wiring.provide_per_tenant::<Quota>(|tenant| Ok(Arc::new(Quota(tenant.to_string()))))
            })
    };
    let app = app()
        .module(provider("plain"))
        .instance("east", provider("plain"));
    let running = app.start().await.expect("the application starts");
    let rows: Vec<_> = running
        .modules()
        .iter()
        .flat_map(|module| {
            module.services.iter().map(|it| {
                let name = it.name.as_deref().unwrap_or("-");
                format!("{} {} {name} {}", module.name, it.service, it.scope)
            })
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    plain u8 - global
    plain Quota - tenant
    plain@east u8 east instance
    plain@east Quota east tenant
    ");
    running.stop().await.expect("the application stops");
}

/// One for each tenant, the same at every request, obtained from a handle and never without a
/// tenant.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn each_tenant_has_its_own() {
    let journal = Journal::default();
    let kept: Arc<Mutex<Option<PerTenant<Quota>>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let user = module("user", &journal)
        .declare(|it| it.needs_per_tenant::<Quota>())
        .wire(move |wiring| {
            let quotas = wiring.per_tenant::<Quota>()?;
            *keeper.lock().expect("nobody panics") = Some(quotas);
            Ok(())
        });
    let app = app().module(user).module(quotas(&journal));
    let running = app.start().await.expect("the application starts");
    assert_eq!(journal.of("start"), ["quotas", "user"]);

    let quotas = kept.lock().expect("nobody panics").take();
    let quotas = quotas.expect("it was wired");
    let (acme, other) = (tenant("acme"), tenant("other"));
    let of_acme = quotas.get(&acme).expect("it is made");
    assert_eq!(of_acme.0, "acme");
    assert_eq!(quotas.get(&other).expect("it is made").0, "other");
    let again = running.services().per_tenant::<Quota>();
    let again = again.expect("there is one").get(&acme);
    assert!(Arc::ptr_eq(&again.expect("it is made"), &of_acme));
    assert_eq!(quotas.tenants(), [acme, other]);

    let without = running.get::<Quota>().expect_err("whose would it be?");
    insta::assert_snapshot!(without, @"asks for `Quota` without a tenant; there is one for each tenant");
    assert_eq!(without.class(), Class::Validation);
    running.stop().await.expect("the application stops");
}

/// Handing over, asking for and needing a service without a tenant, where there is one for each.
///
/// Shows a part of: R-014.
#[test]
fn a_tenant_service_without_a_tenant_is_an_error() {
    let journal = Journal::default();
    let registers = module("registers", &journal)
        .declare(|it| it.provides_per_tenant::<Quota>())
        .wire(|wiring| wiring.provide(Arc::new(Quota("whose?".to_owned()))));
    insta::assert_snapshot!(report(app().module(registers)), @r"
    the wiring has 1 problem
      `registers` could not be wired: hands over `Quota` without a tenant; it is declared for each tenant
    ");
    let asks = module("asks", &journal)
        .declare(|it| it.needs_per_tenant::<Quota>())
        .wire(|wiring| wiring.get::<Quota>().map(|_| ()));
    insta::assert_snapshot!(report(app().module(asks).module(quotas(&journal))), @r"
    the wiring has 1 problem
      `asks` could not be wired: asks for `Quota` without a tenant; there is one for each tenant
    ");
    let needs = module("needs", &journal).declare(|it| it.needs::<Quota>());
    insta::assert_snapshot!(report(app().module(needs).module(quotas(&journal))), @r"
    the wiring has 1 problem
      nobody provides the `Quota` that `needs` needs
        hint: did you mean `PerTenant<Quota>` of `quotas`?
    ");
    let forgets = module("forgets", &journal).declare(|it| it.provides_per_tenant::<Quota>());
    insta::assert_snapshot!(report(app().module(forgets)), @r"
    the wiring has 1 problem
      `forgets` could not be wired: declares that it provides `PerTenant<Quota>` and does not hand it over
    ");
    let undeclared = module("undeclared", &journal)
        .wire(|wiring| wiring.provide_per_tenant::<Quota>(|_| Err(Error::validation("no"))));
    insta::assert_snapshot!(report(app().module(undeclared)), @r"
    the wiring has 1 problem
      `undeclared` could not be wired: hands over `PerTenant<Quota>` without declaring that it provides it
    ");
}

/// However many ask at the same time.
#[test]
fn a_tenants_service_is_made_once() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let quotas = PerTenant::new(move |tenant| {
        count.fetch_add(1, Ordering::Relaxed);
        std::thread::yield_now();
        Ok(Arc::new(Quota(tenant.to_string())))
    });
    let start = Barrier::new(8);
    let all: Vec<Arc<Quota>> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            quotas.get(&tenant("acme")).expect("it is made")
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|quota| quota.expect("no panic")).collect()
    });
    assert_eq!(made.load(Ordering::Relaxed), 1);
    assert!(all.iter().all(|quota| Arc::ptr_eq(quota, &all[0])));
}

/// Those that waited for a maker that failed get its error: a broken dependency is not asked once
/// for each of them.
#[test]
fn those_that_waited_share_the_failure() {
    // Whether a thread asks in time to wait is up to the scheduler: one of many rounds will do.
    let shared = (0..10_000).any(|_| {
        let arrived = Arc::new(AtomicUsize::new(0));
        let made = Arc::new(AtomicUsize::new(0));
        let (seen, count) = (Arc::clone(&arrived), Arc::clone(&made));
        let quotas: PerTenant<Quota> = PerTenant::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            while seen.load(Ordering::Relaxed) < 4 {
                std::thread::yield_now();
            }
            std::thread::yield_now();
            Err(Error::dependency("connection refused"))
        });
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    arrived.fetch_add(1, Ordering::Relaxed);
                    let error = quotas.get(&tenant("acme")).expect_err("it is refused");
                    assert_eq!(error.class(), Class::Dependency);
                });
            }
        });
        made.load(Ordering::Relaxed) < 4
    });
    assert!(shared, "everybody asked on their own, every time");
}

/// The next one tries again.
#[test]
fn a_failure_to_make_is_not_kept() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let quotas: PerTenant<Quota> =
        PerTenant::new(move |tenant| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::dependency("connection refused")),
            _ => Ok(Arc::new(Quota(tenant.to_string()))),
        });
    let acme = tenant("acme");
    let error = quotas.get(&acme).expect_err("it is refused");
    insta::assert_snapshot!(error, @"could not make the `Quota` of tenant `acme`");
    let cause = std::error::Error::source(&error).expect("there is a cause");
    assert_eq!(cause.to_string(), "connection refused");
    assert_eq!(quotas.tenants(), []);
    assert_eq!(quotas.get(&acme).expect("it is made").0, "acme");
}

/// A maker that panics, or asks for what it is making, ends in an error and not in a dead lock.
#[test]
fn a_broken_maker_is_an_error() {
    let broken: PerTenant<Quota> = PerTenant::new(|_| panic!("oh no"));
    let error = broken.get(&tenant("acme")).expect_err("it panics");
    let cause = std::error::Error::source(&error).expect("there is a cause");
    assert_eq!(cause.to_string(), "panicked: oh no");
    assert_eq!(error.class(), Class::Lifecycle);

    let itself: Arc<Mutex<Option<PerTenant<Quota>>>> = Arc::default();
    let inner = Arc::clone(&itself);
    let circular: PerTenant<Quota> = PerTenant::new(move |tenant| {
        let handle = inner.lock().expect("nobody panics").clone();
        handle.expect("it was set").get(tenant)
    });
    *itself.lock().expect("nobody panics") = Some(circular.clone());
    let error = circular.get(&tenant("acme")).expect_err("it has no end");
    let cause = std::error::Error::source(&error).expect("there is a cause");
    assert_eq!(
        cause.to_string(),
        "the `Quota` of tenant `acme` needs itself to be made"
    );
}

/// Whoever knows that a tenant was removed lets go of all that was made for it, decorated or not.
#[tokio::test]
async fn a_removed_tenant_is_forgotten_everywhere() {
    let journal = Journal::default();
    let kept: Arc<Mutex<Option<TenantServices>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let tenants = module("a-tenants", &journal).wire(move |wiring: &mut Wiring<'_>| {
        *keeper.lock().expect("nobody panics") = Some(wiring.tenant_services());
        Ok(())
    });
    let decorator = module("decorator", &journal)
        .declare(|it| it.decorates::<PerTenant<Quota>>())
        .wire(|wiring| {
            wiring.decorate::<PerTenant<Quota>>(|inner| {
                Arc::new(
                    inner.map(|tenant, quota| Arc::new(Quota(format!("{} for {tenant}", quota.0)))),
                )
            })
        });
    let app = app()
        .module(tenants)
        .module(decorator)
        .module(quotas(&journal));
    let running = app.start().await.expect("the application starts");
    let quotas = running.services().per_tenant::<Quota>();
    let quotas = quotas.expect("there is one");
    let (acme, other) = (tenant("acme"), tenant("other"));
    let of_acme = quotas.get(&acme).expect("it is made");
    assert_eq!(of_acme.0, "acme for acme");
    let of_other = quotas.get(&other).expect("it is made");

    let services = kept.lock().expect("nobody panics").take();
    services.expect("it was wired").forget(&acme);
    assert_eq!(quotas.tenants(), std::slice::from_ref(&other));
    let weak = Arc::downgrade(&of_acme);
    drop(of_acme);
    assert!(weak.upgrade().is_none(), "nothing holds it any more");
    let again = quotas.get(&other).expect("it is made");
    assert!(Arc::ptr_eq(&again, &of_other));
    running.stop().await.expect("the application stops");
}
