//! Looking services up, and bringing applications up: what the contract sets bars for.
//!
//! A boot is everything from the list of modules to an application that accepts: what the modules
//! declare, the configuration with its files looked for and its values validated, the plan, the
//! wiring and the starts. Its stop is a measurement of its own. What the modules of `parts` do
//! themselves, such as making their names, is a part of it. The runtime is there before.

mod parts;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use formwork_app::{App, Running, ServiceInfo, Services};
use formwork_config::{Environment, Loader};
use tokio::runtime::Runtime;

use parts::{Port, fifty_tens, ten};

criterion_group!(benches, look_up, boot);
criterion_main!(benches);

fn look_up(criterion: &mut Criterion) {
    let runtime = runtime();
    let running = start(&runtime, fifty_tens);
    let services = running.services();
    let mut group = criterion.benchmark_group("look-up");

    let handle: Arc<dyn Port<250>> = services.get().expect("it is provided");
    group.bench_function("handle", |bencher| {
        bencher.iter(|| black_box(&handle).number())
    });
    group.bench_function("by-trait-of-500", |bencher| {
        bencher.iter(|| number(services))
    });
    group.bench_function("by-trait-of-500-contended", |bencher| {
        contended(services, || {
            bencher.iter(|| number(services));
        });
    });
    group.bench_function("by-trait-of-500-shared", |bencher| {
        bencher.iter(|| shared(services))
    });
    group.bench_function("by-trait-of-500-shared-contended", |bencher| {
        contended(services, || {
            bencher.iter(|| shared(services));
        });
    });
    group.bench_function("by-name-of-500", |bencher| {
        bencher.iter(|| {
            let service = services.get_named::<dyn Port<0>>(black_box("part-250"));
            service.map(|service| service.number())
        });
    });
    group.bench_function("by-name-of-500-borrowed", |bencher| {
        bencher.iter(|| named(services))
    });
    group.bench_function("by-name-of-500-borrowed-contended", |bencher| {
        contended(services, || {
            bencher.iter(|| named(services));
        });
    });
    group.finish();
    runtime.block_on(running.stop()).expect("it stops");
}

/// A look-up that borrows.
fn number(services: &Services) -> usize {
    let service = black_box(services).borrow::<dyn Port<250>>();
    service.map_or(0, |service| service.number())
}

/// A look-up by name that borrows.
fn named(services: &Services) -> usize {
    let service = services.borrow_named::<dyn Port<0>>(black_box("part-250"));
    service.map_or(0, |service| service.number())
}

/// A look-up that shares the ownership.
fn shared(services: &Services) -> usize {
    let service = black_box(services).get::<dyn Port<250>>();
    service.map_or(0, |service| service.number())
}

/// While every other core looks the same service up, in the same way.
fn contended(services: &Services, measure: impl FnOnce()) {
    let over = AtomicBool::new(false);
    let others = std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1);
    std::thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    black_box(shared(services) + number(services) + named(services));
                }
            });
        }
        measure();
        over.store(true, Ordering::Relaxed);
    });
}

fn boot(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("boot");
    for (name, assemble) in [
        ("10-modules", ten as fn(App) -> App),
        ("500-modules", fifty_tens),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let begun = Instant::now();
                    let running = start(&runtime, assemble);
                    total += begun.elapsed();
                    runtime.block_on(running.stop()).expect("it stops");
                }
                total
            });
        });
        group.bench_function(format!("{name}-stopped"), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let running = start(&runtime, assemble);
                    let begun = Instant::now();
                    runtime.block_on(running.stop()).expect("it stops");
                    total += begun.elapsed();
                }
                total
            });
        });
        group.bench_function(format!("{name}-wired"), |bencher| {
            bencher.iter(|| app(assemble).check().expect("it is fine"));
        });
    }
    group.finish();
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().expect("a runtime")
}

fn app(assemble: fn(App) -> App) -> App {
    let loader = Loader::new("shop").with_environment(Environment::default());
    assemble(App::new(ServiceInfo::new("shop", "1.0.0")).config(loader))
}

fn start(runtime: &Runtime, assemble: fn(App) -> App) -> Running {
    runtime.block_on(app(assemble).start()).expect("it starts")
}
