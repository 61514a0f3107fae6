//! The guard's own guard: with one thing wrong, the suite finds it and the service does not start.

use formwork_app::{App, ServiceInfo};
use formwork_config::{Environment, Loader};
use formwork_postgres::{PostgresModule, tenancy};

use super::suite::{Load, violations};
use super::{Site, migrations};
use crate::support::server;

/// One thing that is wrong.
struct Mutation {
    /// Run as the superuser; `{site}` stands before the names of the roles.
    sql: &'static str,
    /// Whom the service connects as.
    role: Option<&'static str>,
    /// What the check says of it.
    said: &'static str,
    /// Whether tenants notice one another then.
    leaks: bool,
}

const PLAIN: Option<&str> = Some("plain");

/// Puts a site right but for one thing, and lets both guards look at it.
async fn check(mutation: Mutation) {
    let Some(server) = server() else { return };
    let Mutation {
        sql,
        role,
        said,
        leaks,
    } = mutation;
    let site = Site::create(&server).await;
    site.run(&sql.replace("{site}", &site.name)).await;
    let mut config = site.config();
    config.url = site.url(role).parse().expect("an address");
    config.connections = 3;
    config.acquire_timeout = std::time::Duration::from_secs(60);
    let database = site.database(&config);

    let findings = tenancy::check(&database).await.expect("an answer");
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        findings.iter().any(|finding| finding.contains(said)),
        "`{sql}`: the check says {findings:#?}"
    );
    let load = Load {
        tenants: 12,
        workers: 6,
        operations: 60,
        seed: 7,
    };
    let found = violations(&database, load).await;
    assert_eq!(
        !found.is_empty(),
        leaks,
        "`{sql}`: the suite says {found:#?}"
    );
    database.close().await;

    let loader = |isolation: &str| {
        Loader::new("shop")
            .with_environment(Environment::of::<String, String>([]))
            .with_value("postgres.url", site.url(role))
            .with_value("postgres.migrate", "false")
            .with_value("postgres.isolation", isolation)
    };
    let app = |isolation: &str| {
        App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(loader(isolation))
            .module(PostgresModule::new(migrations()).for_tenants())
    };
    let refused = app("strict").start().await.expect_err("no start");
    let refused = format!("{refused:?}");
    assert!(
        refused.contains("does not keep tenants apart") && refused.contains(said),
        "{refused}"
    );
    let running = app("warn").start().await.expect("a start with a warning");
    running.stop().await.expect("a clean stop");
    site.drop().await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_using_predicate_is_found() {
    check(Mutation {
        sql: "ALTER POLICY tenant_isolation ON orders USING (true)",
        role: PLAIN,
        said: "policy `tenant_isolation` does not show each tenant exactly its own rows",
        leaks: true,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_check_predicate_is_found() {
    check(Mutation {
        sql: "ALTER POLICY tenant_isolation ON orders WITH CHECK (true)",
        role: PLAIN,
        said: "policy `tenant_isolation` lets a tenant write what is not its own",
        leaks: true,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_policy_is_found() {
    check(Mutation {
        sql: "DROP POLICY tenant_isolation ON notes",
        role: PLAIN,
        said: "table `notes`: no policy is for `SELECT`, `INSERT`, `UPDATE`, `DELETE`",
        leaks: true,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_level_security_that_is_off_is_found() {
    check(Mutation {
        sql: "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        role: PLAIN,
        said: "table `orders`: row level security is off",
        leaks: true,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_is_found() {
    check(Mutation {
        sql: "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
        role: Some("owner"),
        said: "owns it and could switch row level security off",
        leaks: true,
    })
    .await;
}

/// As long as it is forced, the owner is held to it; he is refused because he could change that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_upon_whom_it_is_forced_is_refused_all_the_same() {
    check(Mutation {
        sql: "SELECT 1",
        role: Some("owner"),
        said: "owns it and could switch row level security off",
        leaks: false,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superuser_is_found() {
    check(Mutation {
        sql: "SELECT 1",
        role: None,
        said: "is a superuser, for whom row level security does not hold",
        leaks: true,
    })
    .await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_bypasses_it_is_found() {
    check(Mutation {
        sql: "ALTER ROLE {site}_plain BYPASSRLS",
        role: PLAIN,
        said: "is a role with `BYPASSRLS`",
        leaks: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_become_the_owner_is_refused() {
    check(Mutation {
        sql: "GRANT {site}_owner TO {site}_plain",
        role: PLAIN,
        said: "owns it and could switch row level security off",
        leaks: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_policy_that_shows_more_is_found() {
    check(Mutation {
        sql: "CREATE POLICY support ON orders FOR SELECT USING (owner <> '')",
        role: PLAIN,
        said: "policy `support` does not show each tenant exactly its own rows",
        leaks: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_suite_cannot_see_is_refused_as_well() {
    for (sql, said) in [
        (
            "CREATE UNIQUE INDEX orders_one ON orders (tenant, id); \
             CREATE UNIQUE INDEX orders_note ON orders (owner, id)",
            "`orders_note` is unique over all tenants",
        ),
        (
            "CREATE VIEW all_orders AS SELECT * FROM orders; \
             GRANT SELECT ON all_orders TO {site}_plain",
            "the view `all_orders` shows it with its owner's rights",
        ),
        (
            "GRANT TRUNCATE ON orders TO {site}_plain",
            "may truncate it, whosever the rows are",
        ),
    ] {
        check(Mutation {
            sql,
            role: PLAIN,
            said,
            leaks: false,
        })
        .await;
    }
}
