//! Sources of tenants.

use std::error::Error;

use formwork_domain::{BoxFuture, TenantId};
use formwork_tenancy::conformance::{Directory, tenant_source};
use formwork_tenancy::{MemoryTenants, TenantRecord, TenantSource, TenantStatus};

/// The directory in memory, perhaps with a mistake.
#[derive(Default)]
struct Memory {
    tenants: MemoryTenants,
    keeps: bool,
    repeats: bool,
}

impl TenantSource for Memory {
    fn tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, Box<dyn Error + Send + Sync>>> {
        Box::pin(async {
            let mut records = self.tenants.tenants().await?;
            if self.repeats {
                records.extend(records.first().cloned());
            }
            Ok(records)
        })
    }
}

impl Directory for Memory {
    fn put<'a>(&'a self, tenant: &'a TenantId, status: TenantStatus) -> BoxFuture<'a, ()> {
        self.tenants.set(tenant.clone(), status);
        Box::pin(std::future::ready(()))
    }

    fn take<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, ()> {
        if !self.keeps {
            self.tenants.remove(tenant);
        }
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn the_directory_in_memory_keeps_the_contract() {
    tenant_source(&Memory::default()).await;
}

#[tokio::test]
#[should_panic(expected = "who was taken away is gone")]
async fn a_source_that_keeps_tenants_is_found() {
    let keeps = true;
    tenant_source(&Memory {
        keeps,
        ..Memory::default()
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "each tenant is listed once")]
async fn a_source_that_repeats_itself_is_found() {
    let repeats = true;
    tenant_source(&Memory {
        repeats,
        ..Memory::default()
    })
    .await;
}
