//! No connection keeps a tenant, whatever became of whoever used it.

use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;

use bytes::BytesMut;
use formwork_domain::{Outcome, RepositoryError};
use formwork_postgres::Database;
use futures_util::FutureExt;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::{Site, tenant};
use crate::support::{operation, server};

const OUTCOME: Outcome = Outcome {
    id: [1; 16],
    version: 1,
};

/// The tenant a transaction and a read without one find on their connection.
async fn left_behind(database: &Database) -> Vec<String> {
    const ASK: &str = "SELECT coalesce(current_setting('formwork.tenant', true), '')";
    let read = database.reader().query(ASK, &[]).await.expect("an answer");
    let mut transaction = database.begin().await.expect("a transaction");
    let written = transaction.query(ASK, &[]).await.expect("an answer");
    read.iter()
        .chain(&written)
        .map(|row| row.get::<_, String>(0))
        .filter(|tenant| !tenant.is_empty())
        .collect()
}

/// A parameter that panics when it is sent.
#[derive(Debug)]
struct Bomb;

impl ToSql for Bomb {
    fn to_sql(
        &self,
        _: &Type,
        _: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        panic!("a parameter that cannot be sent")
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn a_connection_never_keeps_a_tenant_however_its_transaction_ends() {
    let Some(server) = server() else { return };
    let site = Site::create(&server).await;
    let mut config = site.config();
    // The next one always gets the same connection.
    config.connections = 1;
    config.readers = 1;
    let whole = site.database(&config);
    let database = whole.for_tenant(&tenant(1));
    let insert = "INSERT INTO orders (id, owner, amount) VALUES ($1, 'tenant-1', 0)";
    let id = 1_i64;

    let mut transaction = database.begin().await.expect("a transaction");
    transaction.execute(insert, &[&id]).await.expect("a row");
    transaction.commit().await.expect("a commit");
    assert_eq!(left_behind(&whole).await, [""; 0], "after a commit");

    drop(database.begin().await.expect("a transaction"));
    assert_eq!(left_behind(&whole).await, [""; 0], "before a statement");

    let mut transaction = database.begin().await.expect("a transaction");
    let rows = transaction.query("SELECT id FROM orders", &[]).await;
    assert_eq!(rows.expect("rows").len(), 1);
    drop(transaction);
    assert_eq!(left_behind(&whole).await, [""; 0], "dropped half-way");

    let mut transaction = database.begin().await.expect("a transaction");
    let sleeping = transaction.query("SELECT pg_sleep(10)", &[]);
    let cut = tokio::time::timeout(std::time::Duration::from_millis(20), sleeping).await;
    cut.expect_err("it still sleeps");
    drop(transaction);
    assert_eq!(left_behind(&whole).await, [""; 0], "dropped under way");

    let mut transaction = database.begin().await.expect("a transaction");
    transaction
        .execute(insert, &[&id])
        .await
        .expect_err("twice");
    drop(transaction);
    assert_eq!(left_behind(&whole).await, [""; 0], "after a failure");

    let mut transaction = database.begin().await.expect("a transaction");
    transaction.execute("SELECT 1", &[]).await.expect("a row");
    let committing = transaction.commit();
    drop(committing.now_or_never());
    assert_eq!(
        left_behind(&whole).await,
        [""; 0],
        "a commit nobody waits for"
    );

    let mut transaction = database.begin().await.expect("a transaction");
    let exploding = AssertUnwindSafe(transaction.execute(insert, &[&Bomb]));
    exploding.catch_unwind().await.expect_err("a panic");
    drop(transaction);
    assert_eq!(left_behind(&whole).await, [""; 0], "after a panic");

    whole.close().await;
    site.drop().await;
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn a_shared_connection_never_keeps_a_tenant_however_a_read_ends() {
    let Some(server) = server() else { return };
    let site = Site::create(&server).await;
    let mut config = site.config();
    config.readers = 1;
    let whole = site.database(&config);
    let database = whole.for_tenant(&tenant(1));
    let ask = "SELECT current_setting('formwork.tenant', true)";
    let pid = "SELECT pg_backend_pid()";
    let before: i32 = whole.reader().query(pid, &[]).await.expect("a row")[0].get(0);

    let own = database.reader().query(ask, &[]).await.expect("a row");
    assert_eq!(own[0].get::<_, &str>(0), "tenant-1");
    assert_eq!(left_behind(&whole).await, [""; 0], "after a read");

    let wrong = database.reader().query("SELECT 1 / 0", &[]).await;
    wrong.expect_err("a failure");
    assert_eq!(left_behind(&whole).await, [""; 0], "after a failure");

    let slow = "SELECT pg_sleep(0.01)";
    drop(database.reader().query(slow, &[]).await);
    for _ in 0..20 {
        // Sent, but nobody waits for the answer.
        drop(database.reader().query(slow, &[]).now_or_never());
    }
    assert_eq!(left_behind(&whole).await, [""; 0], "after a dropped read");

    let after: i32 = whole.reader().query(pid, &[]).await.expect("a row")[0].get(0);
    assert_eq!(before, after, "it was one connection all the time");

    let text = "SELECT $1::text";
    let exploding = AssertUnwindSafe(database.reader().query(text, &[&Bomb]));
    exploding.catch_unwind().await.expect_err("a panic");
    assert_eq!(left_behind(&whole).await, [""; 0], "after a panic");

    whole.close().await;
    site.drop().await;
}

/// Shows a part of.
#[tokio::test]
async fn a_transaction_of_one_tenant_refuses_the_change_of_another() {
    let Some(server) = server() else { return };
    let site = Site::create(&server).await;
    let database = site.database(&site.config());
    for foreign in [operation(), operation().for_tenant(tenant(2))] {
        let own = database.for_tenant(&tenant(1));
        let mut transaction = own.begin().await.expect("a transaction");
        let refused = transaction.record(&foreign, Vec::new(), OUTCOME).await;
        let Err(RepositoryError::Unavailable { source, .. }) = refused else {
            panic!("recorded {foreign:?}");
        };
        assert!(
            source
                .to_string()
                .starts_with("the transaction is that of tenant `tenant-1`"),
            "{source}"
        );
        transaction
            .commit()
            .await
            .expect_err("nothing is committed");
    }
    site.drop().await;
}

/// The plain role has what a service needs: the outbox works, and its retention makes and drops
/// tables as their owner.
#[tokio::test]
async fn a_plain_role_can_do_all_that_the_runtime_does() {
    use formwork_outbox::OutboxStore as _;
    let Some(server) = server() else { return };
    let site = Site::create(&server).await;
    let database = site.database(&site.config());
    let again = database.migrate(&super::migrations()).await;
    assert_eq!(again.expect("migrations").names, [""; 0]);
    let event = crate::support::event(1, 1);
    let own = operation().for_tenant(tenant(1));
    crate::support::commit(&database, &own, vec![event])
        .await
        .expect("committed");
    let store = crate::support::store(&database);
    let stats = store.stats().await.expect("stats");
    assert_eq!(stats.pending, 1);
    let purged = store.purge(std::time::Duration::from_secs(60)).await;
    assert_eq!(purged.expect("a purge"), 0);
    let mut transaction = database.begin().await.expect("a transaction");
    let refused = transaction.execute("TRUNCATE orders", &[]).await;
    refused.expect_err("not its to truncate");
    drop(transaction);
    site.drop().await;
}
