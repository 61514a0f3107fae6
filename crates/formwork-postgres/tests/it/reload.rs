//! The database while its configuration changes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::sync::Arc;

use formwork_app::{App, Outcome, Reloads, Running, ServiceInfo, Trigger};
use formwork_config::{Environment, Loader};
use formwork_postgres::{Database, Migrations, PostgresModule};
use tempfile::TempDir;

use crate::support::{Schema, run, server};

struct Service {
    directory: TempDir,
    running: Running,
    database: Arc<Database>,
}

impl Service {
    async fn start(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("default.toml"), text).unwrap();
        let loader = Loader::new("shop")
            .with_environment(Environment::default())
            .with_location(directory.path());
        let app = App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(loader)
            .module(PostgresModule::new(Migrations::new(&[])));
        let running = app.start().await.unwrap();
        let database = running.get::<Database>().unwrap();
        Self {
            directory,
            running,
            database,
        }
    }

    async fn reload(&self, text: &str) -> Outcome {
        std::fs::write(self.directory.path().join("default.toml"), text).unwrap();
        let reloads = self.running.get::<Reloads>().unwrap();
        reloads.reload(Trigger::Program).await
    }

    /// What the server knows the reading connection as.
    async fn known_as(&self) -> String {
        let sql = "SELECT current_setting('application_name')";
        let rows = self.database.reader().query(sql, &[]).await.unwrap();
        rows[0].get(0)
    }
}

fn config(url: &str, connections: u32) -> String {
    format!("[postgres]\nurl = {url:?}\nconnections = {connections}\nacquire-timeout = \"50ms\"\n")
}

/// More transactions at a time, or fewer, without touching those that run.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_pool_is_resized() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let service = Service::start(&config(&schema.url, 1)).await;
    let first = service.database.begin().await.unwrap();
    assert!(
        service.database.begin().await.is_err(),
        "the only one is taken"
    );

    service
        .reload(&config(&schema.url, 2))
        .await
        .applied()
        .unwrap();
    let second = service.database.begin().await.unwrap();
    service
        .reload(&config(&schema.url, 1))
        .await
        .applied()
        .unwrap();
    second.commit().await.unwrap();
    assert!(
        service.database.begin().await.is_err(),
        "one is taken, and there is one"
    );
    first.commit().await.unwrap();
    let third = service.database.begin().await.unwrap();
    assert!(service.database.begin().await.is_err());
    third.commit().await.unwrap();
    service.running.stop().await.unwrap();
    schema.drop().await;
}

/// Other credentials are tried before anything changes. Who is at work goes on with the old ones.
/// Shows a part of: R-045.
#[tokio::test]
async fn credentials_rotate() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let before = schema.url.clone();
    let name = schema.name().to_owned();
    let after = before.replace(
        &format!("application_name={name}"),
        &format!("application_name={name}_rotated"),
    );
    let service = Service::start(&config(&before, 2)).await;
    assert_eq!(service.known_as().await, name);
    let mut open = service.database.begin().await.unwrap();
    let working = open.execute("CREATE TABLE rotation (id int)", &[]).await;
    working.unwrap();

    let wrong = before.replace(
        &format!("options=-csearch_path%3D{name}"),
        "dbname=no_such_database",
    );
    let Outcome::Failed(error) = service.reload(&config(&wrong, 2)).await else {
        panic!("there is no such database");
    };
    let text = error.to_string();
    assert!(
        text.starts_with("module `postgres` could not prepare: could not reach"),
        "{text}"
    );
    assert_eq!(service.known_as().await, name);

    let applied = service.reload(&config(&after, 2)).await.applied().unwrap();
    assert_eq!(applied.paths, ["postgres.url"]);
    assert_eq!(service.known_as().await, format!("{name}_rotated"));
    open.execute("INSERT INTO rotation VALUES (1)", &[])
        .await
        .unwrap();
    open.commit().await.unwrap();
    // The connection of the old credentials is not lent again.
    let mut next = service.database.begin().await.unwrap();
    let sql = "SELECT current_setting('application_name')";
    let rows = next.query(sql, &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, String>(0), format!("{name}_rotated"));
    next.commit().await.unwrap();
    service.running.stop().await.unwrap();
    schema.drop().await;
}

/// The same address and another password, as a mounted secret brings it.
/// Shows a part of.
#[tokio::test]
async fn a_password_of_its_own_rotates() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let role = format!("{}_rotating", schema.name());
    run(&server, &format!("CREATE ROLE {role} LOGIN PASSWORD 'one'")).await;
    let place = server
        .rsplit_once('@')
        .expect("the server's URL names a user")
        .1;
    let text = |password: &str, more: &str| {
        format!(
            "[postgres]\nurl = \"postgres://{role}@{place}\"\npassword = \"{password}\"\n\
             migrate = false\n{more}"
        )
    };
    let service = Service::start(&text("one", "")).await;
    let user = async || {
        let sql = "SELECT current_user::text, pg_backend_pid()";
        let rows = service.database.reader().query(sql, &[]).await.unwrap();
        (rows[0].get::<_, String>(0), rows[0].get::<_, i32>(1))
    };
    // One reading connection, so that another process of the server is another connection.
    let one_reader = text("one", "readers = 1\n");
    service.reload(&one_reader).await.applied().unwrap();
    let (name, before) = user().await;
    assert_eq!(name, role);

    run(&server, &format!("ALTER ROLE {role} PASSWORD 'two'")).await;
    let rotated = text("two", "readers = 1\n");
    let applied = service.reload(&rotated).await.applied().unwrap();
    assert_eq!(applied.paths, ["postgres.password"]);
    let (name, after) = user().await;
    assert_eq!(name, role);
    assert_ne!(before, after, "the connection is a new one");

    service.running.stop().await.unwrap();
    schema.drop().await;
    run(&server, &format!("DROP ROLE {role}")).await;
}
