//! Reads on shared connections.

use std::time::Duration;

use formwork_postgres::{Database, Error};
use futures_util::FutureExt;
use futures_util::future::try_join_all;

use crate::support::{Schema, run, server};

async fn backend(database: &Database) -> Result<i32, Error> {
    let rows = database
        .reader()
        .query("SELECT pg_backend_pid()", &[])
        .await?;
    Ok(rows[0].get(0))
}

/// Fifty reads at a time, all on one connection: none waits for a free one.
#[tokio::test]
async fn a_connection_carries_many_reads_at_a_time() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let mut config = schema.config();
    config.readers = 1;
    let database = schema.database(&config);
    let reads = (0..50).map(|_| backend(&database));
    let backends = try_join_all(reads).await.expect("answers");
    assert!(
        backends.iter().all(|pid| *pid == backends[0]),
        "{backends:?}"
    );
    schema.drop().await;
}

/// Shows a part of: S-21.
#[tokio::test]
async fn a_read_that_is_dropped_leaves_the_connection_usable() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let mut config = schema.config();
    config.readers = 1;
    let database = schema.database(&config);
    let before = backend(&database).await.expect("an answer");
    for _ in 0..20 {
        let read = database.reader().query("SELECT pg_sleep(0.01)", &[]);
        // Sent, but nobody waits for the answer.
        assert!(read.boxed().as_mut().now_or_never().is_none());
    }
    let after = backend(&database).await.expect("an answer");
    assert_eq!(before, after);
    schema.drop().await;
}

#[tokio::test]
async fn a_read_survives_the_loss_of_its_connection() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let mut config = schema.config();
    config.readers = 1;
    let database = schema.database(&config);
    let first = backend(&database).await.expect("an answer");
    run(&server, &format!("SELECT pg_terminate_backend({first})")).await;
    let second = backend(&database)
        .await
        .expect("an answer on a new connection");
    assert_ne!(first, second);
    schema.drop().await;
}

#[tokio::test]
async fn reads_cannot_write() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let error = database
        .reader()
        .query("DELETE FROM orders RETURNING id", &[])
        .await
        .expect_err("a refusal");
    let source = std::error::Error::source(&error)
        .expect("a source")
        .to_string();
    assert!(source.contains("read-only transaction"), "{source}");
    schema.drop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = format!("postgres://a@127.0.0.1:{port}/b");
    let url = url.parse().expect("an address");
    let mut config = formwork_postgres::PostgresConfig::new(url);
    config.connect_timeout = Duration::from_millis(50);
    let identifiers = std::sync::Arc::new(crate::support::Counting::default());
    let database = Database::new(&config, "shop", identifiers);
    assert!(matches!(database.check().await, Err(Error::Closed)));
    database.open();
    // The port accepts connections and says nothing.
    assert!(matches!(
        database.check().await,
        Err(Error::ConnectTimeout(_))
    ));
    drop(listener);
    assert!(matches!(database.check().await, Err(Error::Connect(_))));
}
