//! How many tenants' services are kept, and who makes room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use formwork_app::{Class, Error, PerTenant, Running, TenantServices};
use formwork_domain::TenantId;

use crate::support::{Journal, app, module};

fn tenant(number: usize) -> TenantId {
    TenantId::new(format!("tenant-{number:04}")).expect("it is the name of a tenant")
}

/// What a tenant may use up. Counts how many there are and were.
#[derive(Debug)]
struct Quota {
    number: usize,
    alive: Arc<AtomicUsize>,
}

impl Quota {
    fn new(counts: &Counts) -> Self {
        counts.alive.fetch_add(1, Ordering::SeqCst);
        Self {
            number: counts.made.fetch_add(1, Ordering::SeqCst),
            alive: Arc::clone(&counts.alive),
        }
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    alive: Arc<AtomicUsize>,
}

/// Made of the tenant's quota.
struct Desk(Arc<Quota>);

/// Of all tenants: a quota that is provided and decorated, and a desk that its module keeps.
struct Shop {
    running: Running,
    counts: Arc<Counts>,
    quotas: PerTenant<Quota>,
    desks: PerTenant<Desk>,
    services: TenantServices,
}

impl Shop {
    async fn open() -> Self {
        let journal = Journal::default();
        let counts = Arc::new(Counts::default());
        let count = Arc::clone(&counts);
        let quotas = module("quotas", &journal)
            .declare(|it| it.provides_per_tenant::<Quota>())
            .wire(move |wiring| {
                let count = Arc::clone(&count);
                wiring.provide_per_tenant::<Quota>(move |_| Ok(Arc::new(Quota::new(&count))))
            });
        let decorator = module("decorator", &journal)
            .declare(|it| it.decorates::<PerTenant<Quota>>())
            .wire(|wiring| {
                wiring.decorate::<PerTenant<Quota>>(|inner| Arc::new(inner.map(|_, quota| quota)))
            });
        let kept = Arc::new(Mutex::new(None));
        let keeper = Arc::clone(&kept);
        let desks = module("desks", &journal)
            .declare(|it| it.needs_per_tenant::<Quota>())
            .wire(move |wiring| {
                let quotas = wiring.per_tenant::<Quota>()?;
                let desks =
                    wiring.keep_per_tenant(move |tenant| Ok(Arc::new(Desk(quotas.get(tenant)?))));
                let mut kept = keeper.lock().expect("nobody panics");
                *kept = Some((desks, wiring.tenant_services()));
                Ok(())
            });
        let app = app().module(quotas).module(decorator).module(desks);
        let running = app.start().await.expect("the application starts");
        let quotas = running.services().per_tenant::<Quota>();
        let (desks, services) = kept.lock().expect("nobody panics").take().expect("wired");
        Self {
            quotas: quotas.expect("there is one"),
            running,
            counts,
            desks,
            services,
        }
    }

    fn alive(&self) -> usize {
        self.counts.alive.load(Ordering::SeqCst)
    }

    fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    async fn close(self) {
        self.running.stop().await.expect("the application stops");
    }
}

/// What a module keeps for itself is held to the same rules as what it provides.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn what_a_module_keeps_goes_with_its_tenant() {
    let shop = Shop::open().await;
    let (acme, other) = (tenant(1), tenant(2));
    let desk = shop.desks.get(&acme).expect("a desk");
    let again = shop.desks.get(&acme).expect("a desk");
    assert!(Arc::ptr_eq(&desk, &again), "one for each tenant");
    shop.desks.get(&other).expect("a desk");
    assert_eq!(shop.services.tenants(), [acme.clone(), other.clone()]);

    shop.services.forget(&acme);
    assert_eq!(shop.desks.tenants(), std::slice::from_ref(&other));
    assert_eq!(shop.quotas.tenants(), std::slice::from_ref(&other));
    assert_eq!(shop.services.tenants(), std::slice::from_ref(&other));
    drop((desk, again));
    assert_eq!(shop.alive(), 1, "nothing of the tenant is left");

    shop.services.admit(|tenant| match tenant.as_str() {
        "tenant-0001" => Err(Error::validation("it has gone")),
        _ => Ok(()),
    });
    let refused = shop.desks.get(&acme).map(drop).expect_err("nobody's desk");
    assert_eq!(refused.class(), Class::Validation);
    assert_eq!(shop.made(), 2, "nothing was made for it");
    shop.close().await;
}

/// Whoever was used longest ago makes room, with all that was made for it.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn the_tenant_used_longest_ago_makes_room() {
    let shop = Shop::open().await;
    shop.services.keep_at_most(3);
    for number in [1, 2, 3] {
        shop.desks.get(&tenant(number)).expect("a desk");
    }
    // One is used again, by either of its services.
    shop.desks.get(&tenant(1)).expect("a desk");
    shop.desks.get(&tenant(4)).expect("a desk");
    let expected = [1, 3, 4].map(tenant);
    assert_eq!(shop.services.tenants(), expected);
    assert_eq!(shop.desks.tenants(), expected);
    assert_eq!(shop.quotas.tenants(), expected);
    assert_eq!(shop.alive(), 3);

    shop.quotas.get(&tenant(3)).expect("a quota");
    shop.desks.get(&tenant(5)).expect("a desk");
    assert_eq!(shop.services.tenants(), [3, 4, 5].map(tenant));

    // Back again, and made anew.
    let made = shop.made();
    assert_eq!(shop.desks.get(&tenant(1)).expect("a desk").0.number, made);
    assert_eq!(shop.services.tenants(), [1, 4, 5].map(tenant));

    shop.services.keep_at_most(1);
    assert_eq!(shop.services.tenants(), [tenant(1)]);
    // Somebody has to be served.
    shop.services.keep_at_most(0);
    shop.desks.get(&tenant(6)).expect("a desk");
    assert_eq!(shop.services.tenants(), [tenant(6)]);
    assert_eq!(shop.alive(), 1);
    shop.close().await;
}

/// As many as are active stay: none of theirs is made twice.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn five_hundred_active_tenants_stay() {
    let shop = Shop::open().await;
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let shop = &shop;
            scope.spawn(move || {
                for round in 0..20 {
                    for number in 0..500 {
                        let number = (number * 7 + worker * 125 + round) % 500;
                        shop.desks.get(&tenant(number)).expect("a desk");
                    }
                }
            });
        }
    });
    assert_eq!(shop.services.tenants().len(), 500);
    assert_eq!((shop.made(), shop.alive()), (500, 500));
    shop.close().await;
}

/// However many ask at the same time; and what is kept of a tenant is of one piece: its desk is of
/// the quota that everybody else gets.
///
/// Shows a part of: R-014.
#[tokio::test]
async fn more_tenants_than_are_kept_are_all_served() {
    const KEPT: usize = 20;
    let shop = Shop::open().await;
    shop.services.keep_at_most(KEPT);
    for round in 0..5 {
        std::thread::scope(|scope| {
            for worker in 0..4_usize {
                let shop = &shop;
                scope.spawn(move || {
                    let mut number = round * 4 + worker;
                    for _ in 0..1_000 {
                        number = (number * 181 + 7) % 200;
                        match number % 3 {
                            0 => drop(shop.quotas.get(&tenant(number)).expect("a quota")),
                            _ => drop(shop.desks.get(&tenant(number)).expect("a desk")),
                        }
                        assert!(shop.services.tenants().len() <= KEPT);
                    }
                });
            }
        });
        let kept = shop.services.tenants();
        assert_eq!(kept.len(), KEPT);
        assert!(shop.made() > 200, "there was not room for all");
        assert!(shop.alive() <= KEPT, "{} quotas are alive", shop.alive());
        for tenant in shop.desks.tenants() {
            assert!(kept.contains(&tenant), "{tenant} was let go of");
            let desk = shop.desks.get(&tenant).expect("a desk");
            let quota = shop.quotas.get(&tenant).expect("a quota");
            assert!(Arc::ptr_eq(&desk.0, &quota), "{tenant} has two quotas");
        }
    }
    shop.close().await;
}

/// It is another tenant's request that makes it go.
#[tokio::test]
async fn a_service_that_panics_when_it_goes_harms_nobody() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("let go of");
        }
    }
    let kept = Arc::new(Mutex::new(None));
    let keeper = Arc::clone(&kept);
    let journal = Journal::default();
    let grenades = module("grenades", &journal).wire(move |wiring| {
        let grenades = wiring.keep_per_tenant(|tenant| {
            Ok(Arc::new(
                (tenant.as_str() == "tenant-0001").then(|| Grenade),
            ))
        });
        *keeper.lock().expect("nobody panics") = Some((grenades, wiring.tenant_services()));
        Ok(())
    });
    let running = app().module(grenades).start().await.expect("a start");
    let (grenades, services) = kept.lock().expect("nobody panics").take().expect("wired");
    services.keep_at_most(1);
    grenades.get(&tenant(1)).expect("one");
    grenades.get(&tenant(2)).expect("another");
    assert_eq!(grenades.tenants(), [tenant(2)]);
    running.stop().await.expect("a clean stop");
}
