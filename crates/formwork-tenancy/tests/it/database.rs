//! A whole service over PostgreSQL: requests of many tenants at a time, each sees its own rows.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get as on_get;
use formwork_app::{Declaration, Error, Module, PerTenant, WireError, Wiring};
use formwork_domain::{Outcome, RepositoryError};
use formwork_http::{OperationContext, Problem, Routes};
use formwork_outbox::Envelope;
use formwork_postgres::{Database, Migrations, PostgresModule, store_error, tenancy};
use formwork_tenancy::http::OfTenant;
use tokio_postgres::NoTls;

use crate::support::{Files, get, with_http};

/// A tenant's own, over a database that sees nothing else. It knows nothing of tenants.
struct Orders(Database);

impl Orders {
    async fn place(&self, number: i64, context: &OperationContext) -> Result<(), RepositoryError> {
        let at = formwork_domain::Timestamp::from_micros(1);
        let operation = context.operation("order.place", &number, at);
        let mut transaction = self.0.begin().await?;
        transaction
            .execute("INSERT INTO orders (number) VALUES ($1)", &[&number])
            .await
            .map_err(|error| store_error("place an order", error))?;
        let placed = Envelope::new(
            "order.placed",
            1,
            "order",
            [1; 16],
            1,
            serde_json::json!({}),
        );
        let outcome = Outcome {
            id: [1; 16],
            version: 1,
        };
        transaction
            .record(&operation, vec![placed], outcome)
            .await?;
        transaction.commit().await
    }

    async fn numbers(&self) -> Result<Vec<i64>, RepositoryError> {
        let rows = self
            .0
            .reader()
            .query("SELECT number FROM orders ORDER BY number", &[])
            .await;
        let rows = rows.map_err(|error| store_error("list orders", error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

async fn place(
    OfTenant(orders): OfTenant<Orders>,
    Path(number): Path<i64>,
    context: OperationContext,
) -> Result<&'static str, Problem> {
    orders.place(number, &context).await?;
    Ok("placed")
}

async fn list(OfTenant(orders): OfTenant<Orders>) -> Result<String, Problem> {
    Ok(format!("{:?}", orders.numbers().await?))
}

struct Adapters;

impl Module for Adapters {
    fn declare(&self) -> Declaration {
        Declaration::new("adapters")
            .needs::<Database>()
            .provides_per_tenant::<Orders>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let database = wiring.get::<Database>()?;
        wiring.provide_per_tenant::<Orders>(move |tenant| {
            Ok::<_, Error>(Arc::new(Orders(database.for_tenant(tenant))))
        })
    }
}

struct Api;

impl Module for Api {
    fn declare(&self) -> Declaration {
        Declaration::new("api")
            .needs_per_tenant::<Orders>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let orders: PerTenant<Orders> = wiring.per_tenant()?;
        let router = Router::new()
            .route("/place/{number}", on_get(place))
            .route("/orders", on_get(list))
            .with_state(orders);
        wiring.contribute(Arc::new(Routes::new("orders", router)))
    }
}

/// The server's URL. Says so when there is none.
fn server() -> Option<String> {
    let url = std::env::var("FORMWORK_TEST_POSTGRES_URL").ok();
    let url = url.filter(|url| !url.is_empty());
    if url.is_none() {
        let line = "skipped: tenants over PostgreSQL need FORMWORK_TEST_POSTGRES_URL";
        writeln!(std::io::stderr(), "{line}").ok();
    }
    url
}

async fn run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driver.await.expect("the driver").expect("the connection");
}

/// Proves: R-038.
/// Shows a part of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_over_postgres_shows_each_tenant_its_own() {
    let Some(server) = server() else { return };
    let name = format!("service_{}", std::process::id());
    run(
        &server,
        &format!(
            "CREATE ROLE {name}_owner LOGIN PASSWORD 'test'; \
             CREATE ROLE {name}_plain LOGIN PASSWORD 'test'; \
             CREATE SCHEMA {name} AUTHORIZATION {name}_owner"
        ),
    )
    .await;
    let url = |role: &str| {
        let (scheme, rest) = server.split_once("://").expect("a scheme");
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let separator = if place.contains('?') { '&' } else { '?' };
        format!("{scheme}://{name}_{role}:test@{place}{separator}options=-csearch_path%3D{name}")
    };
    let table = format!(
        "CREATE TABLE orders ({}, number bigint NOT NULL, PRIMARY KEY (tenant, number)); {}",
        tenancy::COLUMN,
        tenancy::policy("orders")
    );
    let names = ["acme", "umbrella", "initech"];
    let tenants: Vec<_> = names
        .iter()
        .map(|name| format!("{name} = {{}}\n"))
        .collect();
    let files = Files::new(&format!(
        "[tenant-resolution]\nstrategies = [\"path\"]\n[postgres]\nconnections = 2\n\
         [tenancy.tenants]\n{}",
        tenants.concat()
    ));
    let (plain, owner) = (url("plain"), url("owner"));
    let app = with_http(files.app(), Router::new()).map_config(|loader| {
        loader
            .with_value("postgres.url", plain)
            .with_value("postgres.migrations-url", owner)
    });
    let running = app
        .module(PostgresModule::new(Migrations::new(&[("0001_orders.sql", &table)])).for_tenants())
        .module(Adapters)
        .module(Api)
        .start()
        .await
        .expect("a start");

    // The same numbers in all of them, at the same time.
    let requests = names
        .iter()
        .flat_map(|name| (1..=8).map(move |number| (name, number)));
    let running = Arc::new(running);
    let requests: Vec<_> = requests
        .map(|(name, number)| {
            let (path, running) = (format!("/t/{name}/place/{number}"), Arc::clone(&running));
            tokio::spawn(async move { get(&running, &path, &[]).await.brief() })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.expect("a request"), "200 placed");
    }
    // One more for one of them, and one that is there already.
    assert_eq!(
        get(&running, "/t/acme/place/9", &[]).await.brief(),
        "200 placed"
    );
    assert_eq!(get(&running, "/t/umbrella/place/1", &[]).await.status, 409);
    for (name, expected) in [
        ("acme", "200 [1, 2, 3, 4, 5, 6, 7, 8, 9]"),
        ("umbrella", "200 [1, 2, 3, 4, 5, 6, 7, 8]"),
        ("initech", "200 [1, 2, 3, 4, 5, 6, 7, 8]"),
    ] {
        let listed = get(&running, &format!("/t/{name}/orders"), &[]).await;
        assert_eq!(listed.brief(), expected, "{name}");
    }
    let database = running.get::<Database>().expect("the database");
    let seen = database
        .reader()
        .query("SELECT number FROM orders", &[])
        .await;
    assert!(seen.expect("an answer").is_empty(), "nobody sees nothing");
    let events = database
        .reader()
        .query(
            "SELECT envelope::json ->> 'tenantid', count(*) FROM formwork_outbox GROUP BY 1 ORDER BY 1",
            &[],
        )
        .await
        .expect("the outbox");
    let events: Vec<(String, i64)> = events.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [("acme", 9), ("initech", 8), ("umbrella", 8)];
    assert_eq!(
        events,
        expected.map(|(name, count)| (name.to_owned(), count))
    );

    let running = Arc::into_inner(running).expect("nobody else has it");
    running.stop().await.expect("a clean stop");
    let gone =
        format!("DROP SCHEMA {name} CASCADE; DROP ROLE {name}_owner; DROP ROLE {name}_plain");
    run(&server, &gone).await;
}
