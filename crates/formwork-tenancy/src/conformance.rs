//! The contract of [`TenantSource`], as a check that any of them can run.

use std::collections::BTreeMap;

use formwork_domain::{BoxFuture, TenantId};

use crate::{TenantSource, TenantStatus};

/// A source, and the way in which its tenants come, change and go.
pub trait Directory: TenantSource {
    /// Adds a tenant or changes its status.
    fn put<'a>(&'a self, tenant: &'a TenantId, status: TenantStatus) -> BoxFuture<'a, ()>;

    /// Takes a tenant away.
    fn take<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, ()>;
}

/// Checks that a source lists exactly the tenants there are, each once, as they are now.
/// `directory` is empty.
///
/// # Panics
/// When a part of the contract does not hold.
pub async fn tenant_source(directory: &dyn Directory) {
    assert_lists(directory, &[], "a new directory is empty").await;

    let many: Vec<TenantId> = (0..200).map(tenant).collect();
    let active = |id: &TenantId| (id.clone(), TenantStatus::Active);
    for id in many.iter().rev() {
        directory.put(id, TenantStatus::Active).await;
    }
    let mut expected: Vec<_> = many.iter().map(active).collect();
    assert_lists(directory, &expected, "all that were added are listed").await;

    directory.put(&many[7], TenantStatus::Suspended).await;
    directory.put(&many[8], TenantStatus::Active).await;
    expected[7].1 = TenantStatus::Suspended;
    assert_lists(
        directory,
        &expected,
        "a tenant has the status it was given last",
    )
    .await;

    directory.take(&many[7]).await;
    directory.take(&tenant(1_000)).await;
    expected.remove(7);
    assert_lists(
        directory,
        &expected,
        "who was taken away is gone, and nobody else",
    )
    .await;

    directory.put(&many[7], TenantStatus::Active).await;
    expected.insert(7, active(&many[7]));
    assert_lists(directory, &expected, "who was gone may come back").await;
}

async fn assert_lists(
    directory: &dyn Directory,
    expected: &[(TenantId, TenantStatus)],
    what: &str,
) {
    let records = directory.tenants().await;
    let records = records.unwrap_or_else(|error| panic!("{what}: the source answers: {error}"));
    let count = records.len();
    let found: BTreeMap<_, _> = records.into_iter().map(|it| (it.id, it.status)).collect();
    assert_eq!(found.len(), count, "{what}: each tenant is listed once");
    assert!(
        found
            .iter()
            .eq(expected.iter().map(|(id, status)| (id, status))),
        "{what}: found {found:?}"
    );
}

fn tenant(number: usize) -> TenantId {
    TenantId::new(format!("tenant-{number:04}")).expect("letters, digits and a hyphen")
}
