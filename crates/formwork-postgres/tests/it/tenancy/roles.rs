//! The roles a service with tenants starts as: what is wrong with them is said before anything is
//! migrated, and what they lack with what to do.

use formwork_app::{App, ServiceInfo};
use formwork_config::{Environment, Loader};
use formwork_postgres::{Database, PostgresModule};

use super::{Site, migrations};
use crate::support::server;

/// Starts as these roles; `None` for the superuser, who migrates when no other is to.
async fn start(
    site: &Site,
    role: Option<&str>,
    migrations_role: Option<&str>,
    isolation: &str,
) -> Result<(), String> {
    let mut loader = Loader::new("shop")
        .with_environment(Environment::of::<String, String>([]))
        .with_value("postgres.url", site.url(role))
        .with_value("postgres.isolation", isolation);
    if let Some(role) = migrations_role {
        loader = loader.with_value("postgres.migrations-url", site.url(Some(role)));
    }
    let app = App::new(ServiceInfo::new("shop", "1.0.0"))
        .config(loader)
        .module(PostgresModule::new(migrations()).for_tenants());
    let running = app.start().await.map_err(|error| error.to_string())?;
    running.stop().await.expect("a clean stop");
    Ok(())
}

/// How many tables there are in the schema.
async fn tables(site: &Site) -> i64 {
    const COUNT: &str = "SELECT count(*) FROM pg_class \
         WHERE relnamespace = current_schema()::regnamespace";
    let mut config = site.config();
    config.url = site.url(None).parse().expect("an address");
    let database: Database = site.database(&config);
    let rows = database.reader().query(COUNT, &[]).await;
    let count = rows.expect("an answer")[0].get(0);
    database.close().await;
    count
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn a_wrong_role_is_refused_before_anything_is_migrated() {
    let Some(server) = server() else { return };
    const SUPERUSER: &str = "is a superuser, for whom row level security does not hold";
    const OWNER: &str = "would own the tables of tenants and could switch row level security off";
    const URL: &str = "see `postgres.migrations-url`";
    for (sql, role, migrations_role, said) in [
        ("SELECT 1", None, None, vec![SUPERUSER, OWNER, URL]),
        ("SELECT 1", None, Some("owner"), vec![SUPERUSER]),
        ("SELECT 1", Some("owner"), None, vec![OWNER, URL]),
        ("SELECT 1", Some("owner"), Some("owner"), vec![OWNER, URL]),
        (
            "ALTER ROLE {site}_plain BYPASSRLS",
            Some("plain"),
            Some("owner"),
            vec!["is a role with `BYPASSRLS`"],
        ),
        (
            "GRANT {site}_owner TO {site}_plain",
            Some("plain"),
            Some("owner"),
            vec![
                "_owner`, who would own the tables of tenants",
                "revoke the membership",
            ],
        ),
    ] {
        let site = Site::empty(&server).await;
        site.run(&sql.replace("{site}", &site.name)).await;
        let refused = start(&site, role, migrations_role, "strict").await;
        let refused = refused.expect_err("no start");
        for said in said {
            assert!(refused.contains(said), "{said}: {refused}");
        }
        assert_eq!(
            tables(&site).await,
            0,
            "`{sql}`, {role:?}, {migrations_role:?}"
        );
        // There is a way out: the right roles find nothing in their way.
        let name = &site.name;
        site.run(&format!(
            "ALTER ROLE {name}_plain NOBYPASSRLS; REVOKE {name}_owner FROM {name}_plain"
        ))
        .await;
        let right = start(&site, Some("plain"), Some("owner"), "strict").await;
        assert_eq!(right, Ok(()));
        site.drop().await;
    }
}

/// Proves: R-038.
#[tokio::test]
async fn what_a_role_lacks_is_said_with_what_to_do() {
    let Some(server) = server() else { return };
    let check = |refused: Result<(), String>, said: &[&str]| {
        let refused = refused.expect_err("no start");
        for said in said {
            assert!(refused.contains(said), "{said}: {refused}");
        }
    };
    let site = Site::empty(&server).await;
    let name = &site.name;
    let nobody = "let `postgres.migrations-url` name a role that may create tables in the schema";
    // It does not see the schema, then it does but may not create anything in it.
    let lacks = format!("role `{name}_plain` lacks the rights to migrate");
    let refused = start(&site, Some("plain"), None, "warn").await;
    check(refused, &[&lacks, nobody]);
    site.run(&format!("GRANT USAGE ON SCHEMA {name} TO {name}_plain"))
        .await;
    let denied = format!("permission denied for schema {name}");
    let refused = start(&site, Some("plain"), None, "warn").await;
    check(refused, &[&lacks, nobody, &denied]);
    assert_eq!(tables(&site).await, 0);

    // The superuser has been here, as developers are.
    start(&site, None, None, "warn").await.expect("a start");
    let refused = start(&site, Some("plain"), Some("owner"), "strict").await;
    check(
        refused,
        &[
            &format!("role `{name}_owner` lacks the rights to migrate; the tables belong to role"),
            "who migrated before: let `postgres.migrations-url` name that role",
            "permission denied for table formwork_migrations",
        ],
    );
    site.drop().await;
}
