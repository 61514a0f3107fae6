//! Several instances of one module in a process.

use std::sync::Arc;

use formwork_app::{Declaration, HealthCheck, Module, WireError, Wiring};
use formwork_config::Config;

use crate::support::{Journal, app, module, report, set};

/// A database.
#[derive(Debug, Config)]
struct DatabaseConfig {
    /// Where it is.
    #[config(default = "localhost")]
    host: String,
    /// How many connections it has.
    #[config(default = 4)]
    size: u32,
}

/// What a module provides.
struct Pool {
    host: String,
    size: u32,
}

struct Replica(String);

/// Knows nothing of instances.
struct Database;

impl Module for Database {
    fn declare(&self) -> Declaration {
        Declaration::new("database")
            .config::<DatabaseConfig>("database")
            .provides::<Pool>()
            .provides_named::<Replica>("replica")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: DatabaseConfig = wiring.config()?;
        wiring.health_check(HealthCheck::required("database", || async {
            Ok::<(), std::io::Error>(())
        }))?;
        wiring.provide_named("replica", Arc::new(Replica(config.host.clone())))?;
        wiring.provide(Arc::new(Pool {
            host: config.host,
            size: config.size,
        }))
    }
}

/// Each with its own configuration over the shared one, its own services under its name, and its
/// own health checks.
///
/// Proves: R-016.
#[tokio::test]
async fn instances_have_their_own_configuration_and_services() {
    let journal = Journal::default();
    let reader = module("reader", &journal).declare(|it| {
        it.needs::<Pool>()
            .needs_named::<Pool>("reports")
            .needs_named::<Replica>("replica@reports")
    });
    let app = app()
        .module(reader)
        .module(Database)
        .instance("reports", Database)
        .instance("archive", Database);
    let app = set(app, "database.size", "9");
    let app = set(app, "database.instances.reports.host", "reports.local");
    let app = set(app, "database.instances.archive.size", "1");
    let running = app.start().await.expect("the application starts");

    let pools = [None, Some("reports"), Some("archive")].map(|name| {
        let pool = match name {
            None => running.get::<Pool>(),
            Some(name) => running.get_named::<Pool>(name),
        };
        let pool = pool.expect("there is one");
        format!("{} {}", pool.host, pool.size)
    });
    assert_eq!(pools, ["localhost 9", "reports.local 9", "localhost 1"]);
    let replica = running.get_named::<Replica>("replica@reports");
    assert_eq!(replica.expect("there is one").0, "reports.local");

    let modules = running.modules();
    let names: Vec<_> = modules.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        ["database", "database@archive", "database@reports", "reader"]
    );
    assert_eq!(modules[2].instance.as_deref(), Some("reports"));
    assert_eq!(
        modules[2].prefix.as_deref(),
        Some("database.instances.reports")
    );
    let report = running.health().report();
    let components: Vec<_> = report.components.iter().map(|it| &it.name).collect();
    assert_eq!(
        components,
        ["database", "database@archive", "database@reports"]
    );
    running.stop().await.expect("the application stops");
}

/// A wrong value of an instance is told with the instance's own path.
///
/// Shows a part of: R-016.
#[test]
fn mistakes_of_an_instance_name_the_instance() {
    let app = app()
        .instance("reports", Database)
        .instance("reports", Database)
        .instance("Not This", Database);
    insta::assert_snapshot!(report(app), @r"
    the configuration has 1 mistake
      `database.instances.Not This` is an instance whose name is not in kebab-case
        hint: use lower-case letters, digits and `-`
    the wiring has 1 problem
      the name `database@reports` is taken by `it::instances::Database` and `it::instances::Database`
        hint: remove one, or replace it with `App::override_module`
    ");
    let journal = Journal::default();
    let bare = crate::support::app().instance("Not This", module("bare", &journal));
    insta::assert_snapshot!(report(bare), @r"
    the wiring has 1 problem
      the instance in `bare@Not This` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
    ");
    let app = set(
        crate::support::app().instance("reports", Database),
        "database.instances.reports.size",
        "many",
    );
    insta::assert_snapshot!(report(app), @r"
    the configuration has 1 mistake
      set by the program: `database.instances.reports.size` expected a whole number from 0 to 4294967295, found `many`
    ");
}
