//! What tenants have of their own in the configuration, and how they come and go.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use formwork_app::{ConfigReloadModule, Outcome, Reloads, Running, Status, Trigger};
use formwork_domain::BoxFuture;
use formwork_tenancy::{MemoryTenants, TenantError, TenantRecord, TenantSource, TenantStatus};
use formwork_test::eventually;

use crate::support::{Files, Journal, PATIENCE, Shop, ShopConfig, id, tenancy};

const THREE: &str = "[tenancy]\nrefresh = \"1d\"\n\
     [tenancy.tenants]\nacme = {}\numbrella = {}\nlast = {}\n";

/// `greeting orders` of a tenant, or why there is none.
fn shop(running: &Running, tenant: &str) -> Result<String, TenantError> {
    let tenant = tenancy(running).tenant(&id(tenant))?;
    let config = tenant.config::<ShopConfig>("shop").expect("the section");
    Ok(format!(
        "{} {} {}",
        config.greeting, config.orders, config.workers
    ))
}

async fn reload(running: &Running) {
    let reloads = running.get::<Reloads>().expect("reloads");
    let outcome = reloads.reload(Trigger::Program).await;
    assert!(!matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

async fn degraded(running: &Running, expected: Option<&str>) {
    eventually("the check says so", PATIENCE, async || {
        let report = running.health().report();
        let component = report.components.iter().find(|it| it.name == "tenancy");
        component.is_some_and(|it| match expected {
            None => it.status == Status::Healthy,
            Some(name) => {
                let message = it.message.as_deref().unwrap_or_default();
                it.status == Status::Degraded && message.contains(name)
            }
        })
    })
    .await;
}

/// Proves.
#[tokio::test]
async fn a_tenants_file_is_laid_over_the_configuration_of_all() {
    let files = Files::new(&format!("{THREE}[shop]\norders = 20\nworkers = 4"));
    files.tenant("acme", "[shop]\ngreeting = \"howdy\"\norders = 7");
    let running = files
        .app()
        .module(Shop(None))
        .start()
        .await
        .expect("a start");
    assert_eq!(shop(&running, "acme"), Ok("howdy 7 4".to_owned()));
    assert_eq!(shop(&running, "umbrella"), Ok("hello 20 4".to_owned()));
    running.stop().await.expect("a clean stop");
}

/// Proves.
#[tokio::test]
async fn a_bad_file_is_the_trouble_of_its_tenant_alone() {
    let files = Files::new(&format!("{THREE}[app]\nhealth-period = \"50ms\""));
    files.tenant("acme", "[shop]\norders = 5000\nworkers = 2\nwrong = 1");
    files.tenant("umbrella", "[shop]\norders = 3");
    let journal = Arc::new(Journal::default());
    let app = files.app().module(Shop(None)).observe(Arc::clone(&journal));
    let running = app.start().await.expect("a start");
    // It never had a valid one.
    let misconfigured = TenantError::Misconfigured { tenant: id("acme") };
    assert_eq!(shop(&running, "acme"), Err(misconfigured));
    assert_eq!(shop(&running, "umbrella"), Ok("hello 3 1".to_owned()));
    assert!(running.health().ready(), "all others are served");
    degraded(&running, Some("acme")).await;
    journal
        .until("degraded acme {\"serving\":false,\"mistakes\":3}")
        .await;

    files.tenant("acme", "[shop]\norders = 5");
    reload(&running).await;
    journal.until("changed acme {\"status\":\"active\"}").await;
    assert_eq!(shop(&running, "acme"), Ok("hello 5 1".to_owned()));
    degraded(&running, None).await;

    // Now it has: it goes on with it.
    files.tenant("acme", "[shop\norders = 6");
    reload(&running).await;
    journal
        .until("degraded acme {\"serving\":true,\"mistakes\":1}")
        .await;
    assert_eq!(shop(&running, "acme"), Ok("hello 5 1".to_owned()));
    assert_eq!(shop(&running, "umbrella"), Ok("hello 3 1".to_owned()));
    degraded(&running, Some("acme")).await;
    running.stop().await.expect("a clean stop");
}

/// Proves.
#[tokio::test]
async fn tenants_come_change_and_go_with_a_reload() {
    let files = Files::new(THREE);
    let journal = Arc::new(Journal::default());
    let app = files.app().module(Shop(None)).observe(Arc::clone(&journal));
    let running = app.start().await.expect("a start");
    let mut known = vec![
        "added acme {\"status\":\"active\"}".to_owned(),
        "added last {\"status\":\"active\"}".to_owned(),
        "added umbrella {\"status\":\"active\"}".to_owned(),
    ];
    journal.until(&known[2]).await;
    assert_eq!(journal.tenants(), known);

    files.base(
        "[tenancy]\nrefresh = \"1d\"\n\
         [tenancy.tenants]\nacme = { status = \"suspended\" }\nnew = {}\numbrella = {}\n",
    );
    reload(&running).await;
    known.extend([
        "changed acme {\"status\":\"suspended\"}".to_owned(),
        "added new {\"status\":\"active\"}".to_owned(),
        "removed last {}".to_owned(),
    ]);
    journal.until(&known[5]).await;
    assert_eq!(journal.tenants(), known);
    assert_eq!(
        tenancy(&running).tenants(),
        [id("acme"), id("new"), id("umbrella")]
    );
    assert_eq!(
        shop(&running, "acme"),
        Err(TenantError::Suspended { tenant: id("acme") })
    );
    assert_eq!(
        shop(&running, "last"),
        Err(TenantError::Unknown { tenant: id("last") })
    );
    assert_eq!(shop(&running, "new"), Ok("hello 10 1".to_owned()));

    // What they may have of their own changes for each of them.
    files.base(
        "[tenancy]\nrefresh = \"1d\"\n[shop]\norders = 11\nworkers = 3\n\
         [tenancy.tenants]\nacme = { status = \"suspended\" }\nnew = {}\numbrella = {}\n",
    );
    reload(&running).await;
    journal.until("changed new {\"status\":\"active\"}").await;
    assert_eq!(shop(&running, "new"), Ok("hello 11 3".to_owned()));
    running.stop().await.expect("a clean stop");
}

/// Proves.
#[tokio::test]
async fn only_tenants_who_have_changed_are_told_of() {
    let files = Files::new(&format!("{THREE}[shop]\norders = 20"));
    files.tenant("acme", "[shop]\norders = 7");
    let journal = Arc::new(Journal::default());
    let app = files.app().module(Shop(None)).observe(Arc::clone(&journal));
    let running = app.start().await.expect("a start");
    let noticed = async |expected: [&str; 2]| {
        reload(&running).await;
        eventually(expected[0], PATIENCE, async || {
            shop(&running, "acme").as_deref() == Ok(expected[0])
                && shop(&running, "last").as_deref() == Ok(expected[1])
        })
        .await;
    };
    // The same for all: no news of any of them.
    files.base(&format!("{THREE}[shop]\norders = 20\nworkers = 4"));
    noticed(["hello 7 4", "hello 20 4"]).await;
    // That is nothing to a tenant that has its own.
    files.base(&format!("{THREE}[shop]\norders = 30\nworkers = 4"));
    noticed(["hello 7 4", "hello 30 4"]).await;
    let active = |it: &str| format!("{it} {{\"status\":\"active\"}}");
    journal.until(&active("changed umbrella")).await;
    let expected = [
        "added acme",
        "added last",
        "added umbrella",
        "changed last",
        "changed umbrella",
    ];
    assert_eq!(journal.tenants(), expected.map(active));
    running.stop().await.expect("a clean stop");
}

/// A file of a tenant that changes, comes or goes is that tenant's news alone, at once and whatever
/// is wrong with what all have in common.
///
/// Proves.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_tenants_file_is_watched() {
    let files = Files::new(THREE);
    files.tenant("acme", "[shop]\norders = 7");
    let journal = Arc::new(Journal::default());
    let app = files.app().module(Shop(None)).observe(Arc::clone(&journal));
    let app = app.module(ConfigReloadModule::new());
    let running = app.start().await.expect("a start");
    journal
        .until("added umbrella {\"status\":\"active\"}")
        .await;
    let until = async |tenant: &str, expected: &str| {
        eventually(expected, PATIENCE, async || {
            shop(&running, tenant).as_deref() == Ok(expected)
        })
        .await;
    };
    files.tenant("acme", "[shop]\norders = 8");
    until("acme", "hello 8 1").await;
    files.tenant("last", "[shop]\norders = 9");
    until("last", "hello 9 1").await;
    files.base("[tenancy");
    files.tenant("last", "[shop]\norders = 3");
    until("last", "hello 3 1").await;
    files.forget("last");
    until("last", "hello 10 1").await;
    let mut news = journal.tenants().split_off(3);
    // A file is empty for a moment while it is written, which may be noticed.
    news.dedup();
    let others = news.iter().filter(|it| it.contains(" umbrella "));
    assert_eq!(others.count(), 0, "{news:?}");
    running.stop().await.expect("a clean stop");
}

/// Whether the folder of the tenants' files was there at start or not.
///
/// Proves.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_bad_file_that_comes_while_running_is_noticed_at_once() {
    for folder in [true, false] {
        let files = Files::new(&format!("{THREE}[app]\nhealth-period = \"50ms\""));
        if !folder {
            files.forget_folder();
        }
        let journal = Arc::new(Journal::default());
        let app = files.app().module(Shop(None)).observe(Arc::clone(&journal));
        let app = app.module(ConfigReloadModule::new());
        let running = app.start().await.expect("a start");
        journal
            .until("added umbrella {\"status\":\"active\"}")
            .await;
        degraded(&running, None).await;
        // Tenants may not have workers of their own.
        files.tenant("acme", "[shop]\nworkers = 2");
        journal
            .until("degraded acme {\"serving\":true,\"mistakes\":1}")
            .await;
        degraded(&running, Some("acme")).await;
        assert_eq!(shop(&running, "acme"), Ok("hello 10 1".to_owned()));
        let news = journal.tenants().split_off(3);
        assert_eq!(news.len(), 1, "{news:?}");
        files.forget("acme");
        degraded(&running, None).await;
        running.stop().await.expect("a clean stop");
    }
}

/// A directory that can be away.
#[derive(Default)]
struct Directory {
    tenants: MemoryTenants,
    away: AtomicBool,
}

impl TenantSource for Directory {
    fn tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, Box<dyn Error + Send + Sync>>> {
        if self.away.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err("gone fishing".into())));
        }
        self.tenants.tenants()
    }
}

/// Proves.
#[tokio::test]
async fn tenants_of_a_source_are_looked_at_again_and_stay_while_it_is_away() {
    let files = Files::new(
        "[tenancy]\nrefresh = \"100ms\"\n[app]\nhealth-period = \"50ms\"\n\
         [tenancy.tenants]\nacme = { status = \"suspended\" }",
    );
    let directory = Arc::new(Directory::default());
    directory.tenants.set(id("acme"), TenantStatus::Active);
    directory.tenants.set(id("umbrella"), TenantStatus::Active);
    let app = files.app().module(Shop(None));
    let app = app.provide::<dyn TenantSource>(Arc::clone(&directory) as _);
    let running = app.start().await.expect("a start");
    let suspended = TenantError::Suspended { tenant: id("acme") };
    assert_eq!(
        shop(&running, "acme"),
        Err(suspended),
        "the configuration goes first"
    );
    assert_eq!(shop(&running, "umbrella"), Ok("hello 10 1".to_owned()));

    directory.tenants.set(id("new"), TenantStatus::Active);
    files.tenant("umbrella", "[shop]\norders = 4");
    eventually("both are noticed", PATIENCE, async || {
        shop(&running, "new").is_ok() && shop(&running, "umbrella") == Ok("hello 4 1".to_owned())
    })
    .await;

    directory.away.store(true, Ordering::Relaxed);
    degraded(&running, Some("gone fishing")).await;
    assert!(shop(&running, "new").is_ok());
    let error = tenancy(&running).refresh().await.expect_err("it is away");
    assert!(
        error.to_string().contains("could not list the tenants"),
        "{error}"
    );
    directory.away.store(false, Ordering::Relaxed);
    degraded(&running, None).await;
    running.stop().await.expect("a clean stop");

    directory.away.store(true, Ordering::Relaxed);
    let app = files.app().module(Shop(None));
    let app = app.provide::<dyn TenantSource>(directory);
    let refused = app.start().await.expect_err("no start without tenants");
    assert!(
        format!("{refused:?}").contains("gone fishing"),
        "{refused:?}"
    );
}
