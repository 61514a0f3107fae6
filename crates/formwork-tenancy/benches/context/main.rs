//! What it costs to know the tenant, with 500 active ones: of a request that was resolved, of an
//! operation, by name, and through the guard.
//!
//! Who answers a request asks for the same tenant again and again, and has it at hand: another one
//! is asked for after every 64 times. What it takes to read the length of a name is a part of each
//! figure.

use std::hint::black_box;

use axum::http::Request;
use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use formwork_app::{App, ServiceInfo};
use formwork_config::{Environment, Loader};
use formwork_domain::{Operation, TenantId, Timestamp};
use formwork_tenancy::{Tenancy, TenancyModule, Tenant};

const TENANTS: usize = 500;
const IN_A_ROW: usize = 64;

fn context(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ids: Vec<TenantId> = (0..TENANTS)
        .map(|number| TenantId::new(format!("tenant-{number:03}")).expect("a tenant"))
        .collect();
    let names: Vec<_> = ids.iter().map(|id| format!("{id} = {{}}")).collect();
    let loader = Loader::new("bench")
        .with_environment(Environment::default())
        .with_value("tenancy.tenants", format!("{{ {} }}", names.join(", ")));
    let app = App::new(ServiceInfo::new("bench", "1.0.0"))
        .config(loader)
        .module(TenancyModule::new());
    let running = runtime.block_on(app.start()).expect("a start");
    let tenancy = running.get::<Tenancy>().expect("the tenants");

    // As the gate leaves them.
    let requests: Vec<Request<()>> = ids
        .iter()
        .map(|id| {
            let mut request = Request::new(());
            let tenant = tenancy.tenant(id).expect("a tenant");
            request.extensions_mut().insert(tenant.id().clone());
            request.extensions_mut().insert(tenant);
            request
        })
        .collect();
    let operations: Vec<Operation> = ids
        .iter()
        .map(|id| Operation::new(Timestamp::from_micros(0)).for_tenant(id.clone()))
        .collect();

    let mut group = criterion.benchmark_group("tenant");
    group.bench_function("of-a-request", |bencher| {
        ask(bencher, |index| {
            let tenant = requests[index].extensions().get::<Tenant>();
            tenant.map(|tenant| length(tenant.id()))
        });
    });
    group.bench_function("of-an-operation", |bencher| {
        ask(bencher, |index| {
            operations[index].tenant.as_ref().map(length)
        });
    });
    group.bench_function("handle-by-identifier", |bencher| {
        ask(bencher, |index| {
            let tenant = tenancy.tenant(&ids[index]).ok();
            tenant.map(|tenant| length(tenant.id()))
        });
    });
    group.bench_function("through-the-guard", |bencher| {
        ask(bencher, |index| {
            let tenant = tenancy.enter("order.place", Some(&ids[index])).ok();
            tenant.flatten().map(|tenant| length(tenant.id()))
        });
    });
    group.finish();
    runtime.block_on(running.stop()).expect("a clean stop");
}

fn length(tenant: &TenantId) -> usize {
    tenant.as_str().len()
}

/// One question after the other, in an order that no cache can guess.
fn ask(bencher: &mut Bencher<'_>, question: impl Fn(usize) -> Option<usize>) {
    let mut asked = 0;
    let mut index = 0;
    bencher.iter(|| {
        asked += 1;
        if asked % IN_A_ROW == 0 {
            index = (index * 181 + 7) % TENANTS;
        }
        question(black_box(index)).expect("there is a tenant")
    });
}

criterion_group!(benches, context);
criterion_main!(benches);
