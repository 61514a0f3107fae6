//! Tenants in one database.

mod apart;
mod connections;
mod mutations;
mod roles;
mod suite;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use formwork_domain::TenantId;
use formwork_postgres::{Database, Migrations, PostgresConfig, tenancy};

use crate::support::{Counting, run};

/// A schema with two tables of tenants, an owner who migrates and a plain role for the service.
/// All of it goes when the test is over.
pub(crate) struct Site {
    server: String,
    pub(crate) name: String,
}

impl Site {
    pub(crate) async fn create(server: &str) -> Self {
        let site = Self::empty(server).await;
        let database = site.database(&site.config());
        database.migrate(&migrations()).await.expect("migrations");
        database.close().await;
        site
    }

    /// The roles and the schema, without tables.
    pub(crate) async fn empty(server: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tenants_{}_{number}", std::process::id());
        let site = Self {
            server: server.to_owned(),
            name: name.clone(),
        };
        site.run(&format!(
            "CREATE ROLE {name}_owner LOGIN PASSWORD 'test'; \
             CREATE ROLE {name}_plain LOGIN PASSWORD 'test'; \
             CREATE SCHEMA {name} AUTHORIZATION {name}_owner"
        ))
        .await;
        site
    }

    /// The URL of a role; `None` for the superuser.
    pub(crate) fn url(&self, role: Option<&str>) -> String {
        let server = match role {
            None => self.server.clone(),
            Some(role) => {
                let (scheme, rest) = self.server.split_once("://").expect("a scheme");
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                format!("{scheme}://{}_{role}:test@{place}", self.name)
            }
        };
        let separator = if server.contains('?') { '&' } else { '?' };
        let name = &self.name;
        format!("{server}{separator}options=-csearch_path%3D{name}&application_name={name}")
    }

    /// As it should be: the owner migrates, the plain role serves.
    pub(crate) fn config(&self) -> PostgresConfig {
        let mut config = PostgresConfig::new(self.url(Some("plain")).parse().expect("an address"));
        config.migrations_url = Some(self.url(Some("owner")).parse().expect("an address"));
        config
    }

    pub(crate) fn database(&self, config: &PostgresConfig) -> Database {
        let database = Database::new(config, "shop", Arc::new(Counting::default()));
        database.open();
        database
    }

    /// Runs SQL as the superuser, in the schema.
    pub(crate) async fn run(&self, sql: &str) {
        run(&self.url(None), sql).await;
    }

    pub(crate) async fn drop(self) {
        let name = &self.name;
        let sql = format!(
            "SET lock_timeout = '5s'; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{name}' AND pid <> pg_backend_pid(); \
             DROP SCHEMA {name} CASCADE; DROP ROLE {name}_owner; DROP ROLE {name}_plain"
        );
        run(&self.server, &sql).await;
    }
}

/// Two tables of the same shape. `owner` says who wrote a row; nothing but the test looks at it.
pub(crate) fn migrations() -> Migrations {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} ({}, id bigint NOT NULL, owner text NOT NULL, \
                 amount bigint NOT NULL, PRIMARY KEY (tenant, id)); {}",
            tenancy::COLUMN,
            tenancy::policy(name)
        )
    };
    let (orders, notes) = (table("orders"), table("notes"));
    Migrations::new(&[("0001_orders.sql", &orders), ("0002_notes.sql", &notes)])
}

pub(crate) fn tenant(number: usize) -> TenantId {
    TenantId::new(format!("tenant-{number}")).expect("a tenant")
}
