//! As it should be, tenants are kept apart.

use formwork_postgres::tenancy;

use super::Site;
use super::suite::{Load, violations};
use crate::support::server;

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_tenants_on_a_shared_pool_never_observe_a_foreign_row() {
    let Some(server) = server() else { return };
    let site = Site::create(&server).await;
    let mut config = site.config();
    // Few, so that every connection is used for many tenants.
    config.connections = 4;
    config.readers = 2;
    config.acquire_timeout = std::time::Duration::from_secs(60);
    let database = site.database(&config);
    assert_eq!(tenancy::check(&database).await.expect("an answer"), []);
    let load = Load {
        tenants: 500,
        workers: 25,
        operations: 16,
        seed: 2_026,
    };
    let found = violations(&database, load).await;
    assert!(found.is_empty(), "{found:#?}");
    database.close().await;
    site.drop().await;
}
