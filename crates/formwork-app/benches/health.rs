//! Health: what a probe costs, what the checks cost, and that a hung check changes neither.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use formwork_app::{
    App, Declaration, HealthCheck, Module, Running, ServiceInfo, WireError, Wiring,
};
use formwork_config::{Environment, Loader};
use tokio::runtime::{Builder, Runtime};

/// Ten checks that count how often they are asked, and an eleventh that answers, or hangs.
struct Checks {
    asked: Arc<AtomicU64>,
    hung: bool,
}

impl Module for Checks {
    fn declare(&self) -> Declaration {
        Declaration::new("checks")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        for index in 0..10 {
            let asked = Arc::clone(&self.asked);
            let check = HealthCheck::required(format!("component-{index}"), move || {
                asked.fetch_add(1, Ordering::Relaxed);
                async { Ok::<(), String>(()) }
            });
            wiring.health_check(check)?;
        }
        let hung = self.hung;
        wiring.health_check(HealthCheck::optional("eleventh", move || async move {
            if hung {
                std::future::pending::<()>().await;
            }
            Ok::<(), String>(())
        }))
    }
}

/// An application in a runtime whose time stands still until everybody waits for it.
fn application(hung: bool) -> (Runtime, Running, Arc<AtomicU64>) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let asked = Arc::<AtomicU64>::default();
    let checks = Checks {
        asked: Arc::clone(&asked),
        hung,
    };
    let loader = Loader::new("bench").with_environment(Environment::default());
    let app = App::new(ServiceInfo::new("bench", "1.0.0"))
        .config(loader)
        .module(checks);
    let running = runtime.block_on(async {
        let running = app.start().await.expect("it starts");
        tokio::time::sleep(Duration::from_secs(5)).await;
        running
    });
    (runtime, running, asked)
}

fn health(criterion: &mut Criterion) {
    for (suffix, hung) in [("", false), (", the eleventh hung", true)] {
        let (runtime, running, asked) = application(hung);
        let health = running.health();
        let _guard = runtime.enter();
        criterion.bench_function(&format!("health snapshot read{suffix}"), |bencher| {
            bencher.iter(|| black_box(health.report()));
        });
        criterion.bench_function(&format!("health readiness{suffix}"), |bencher| {
            bencher.iter(|| black_box(health.ready()));
        });
        // From the timers to the published report; time jumps as soon as nothing is left to do.
        criterion.bench_function(&format!("health cycle of 10 checks{suffix}"), |bencher| {
            bencher.iter_custom(|cycles| {
                let until = asked.load(Ordering::Relaxed) + 10 * cycles;
                let begun = Instant::now();
                runtime.block_on(async {
                    while asked.load(Ordering::Relaxed) < until {
                        tokio::time::sleep(Duration::from_secs(10)).await;
                    }
                });
                begun.elapsed()
            });
        });
    }
}

criterion_group!(benches, health);
criterion_main!(benches);
