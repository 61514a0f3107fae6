//! A database of its own on the real server.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime;
use tokio_postgres::NoTls;

/// A database that is dropped with this.
pub(crate) struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    pub(crate) fn create(server: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("formwork_e2e_{}_{number}", process::id());
        run(
            server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        );
        run(server, &format!("CREATE DATABASE {name}"));
        let (address, parameters) = server.split_once('?').unwrap_or((server, ""));
        let (host, _) = address.rsplit_once('/').expect("the URL names a database");
        let url = match parameters {
            "" => format!("{host}/{name}"),
            parameters => format!("{host}/{name}?{parameters}"),
        };
        Self {
            server: server.to_owned(),
            name,
            url,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The address for a role with this password.
    pub(crate) fn url_of(&self, role: &str, password: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("the URL has a scheme");
        let place = rest.split_once('@').map_or(rest, |(_, place)| place);
        format!("{scheme}://{role}:{password}@{place}")
    }

    /// The address for a role that owns nothing, so that row level security holds for it.
    pub(crate) fn url_of_plain_role(&self) -> String {
        // One for all databases: roles belong to the server, and several tests may come at a time.
        const ROLE: &str = "formwork_e2e_service";
        let make = format!(
            "DO $$ BEGIN \
                 CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}' NOSUPERUSER NOBYPASSRLS; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        run(&self.server, &make);
        self.url_of(ROLE, ROLE)
    }

    /// Drops it before this goes.
    pub(crate) fn drop_now(&self) {
        run(
            &self.server,
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.drop_now();
    }
}

/// Runs statements at this address.
pub(crate) fn run(url: &str, statement: &str) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let (client, connection) = connected.expect("the server answers");
        let connection = tokio::spawn(connection);
        // A statement of its own: databases are not made in a transaction.
        client
            .batch_execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        drop(client);
        // The end of a connection that is not needed any more.
        let _ = connection.await;
    });
}
