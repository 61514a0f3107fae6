//! A reload from the asking to the last commit: files read, validated and compared, five modules
//! prepared and committed. What a file's change costs after the debounce.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where its set-up fails"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use formwork_app::{
    App, Commit, Context, Declaration, Error, Live, Module, Reload, Reloads, Running, ServiceInfo,
    Trigger, WireError, Wiring,
};
use formwork_config::{Config, Environment, Loader};
use formwork_domain::BoxFuture;

/// A module's values.
#[derive(Config)]
struct Knobs {
    /// How many.
    #[config(default = 1, dynamic)]
    size: u32,
    /// How long.
    #[config(default = "5s", dynamic)]
    limit: std::time::Duration,
    /// Where.
    #[config(default = "127.0.0.1:80")]
    listen: std::net::SocketAddr,
    /// Who.
    #[config(default = ["a", "b"])]
    names: Vec<String>,
}

struct Tuned {
    name: &'static str,
    size: Arc<AtomicU32>,
    live: Option<Arc<Live<Knobs>>>,
}

impl Module for Tuned {
    fn declare(&self) -> Declaration {
        Declaration::new(self.name)
            .config::<Knobs>(self.name)
            .offers(
                formwork_app::Provision::of::<Live<Knobs>>()
                    .named(self.name)
                    .extra(),
            )
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let live = Arc::new(wiring.live::<Knobs>()?);
        self.live = Some(Arc::clone(&live));
        wiring.provide_named(self.name, live)
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let config = reload.config::<Knobs>()?;
            let size = Arc::clone(&self.size);
            let all = config.size + config.limit.subsec_millis() + u32::from(config.listen.port());
            let all = all + config.names.len() as u32;
            let commit = move || size.store(all, Ordering::Relaxed);
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

async fn start(location: &std::path::Path) -> Running {
    let loader = Loader::new("bench")
        .with_environment(Environment::default())
        .with_location(location);
    let mut app = App::new(ServiceInfo::new("bench", "1.0.0")).config(loader);
    for name in NAMES {
        app = app.module(Tuned {
            name,
            size: Arc::default(),
            live: None,
        });
    }
    app.start().await.unwrap()
}

fn write(location: &std::path::Path, size: u32) {
    let lines = NAMES.map(|name| format!("[{name}]\nsize = {size}\nlimit = \"{size}ms\"\n"));
    std::fs::write(location.join("default.toml"), lines.concat()).unwrap();
}

fn reload(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    write(directory.path(), 1);
    let running = runtime.block_on(start(directory.path()));
    let reloads = running.get::<Reloads>().unwrap();

    let mut size = 1;
    criterion.bench_function("reload/5 modules, 10 values changed", |bencher| {
        bencher.iter_custom(|count| {
            let mut taken = std::time::Duration::ZERO;
            for _ in 0..count {
                size += 1;
                write(directory.path(), size);
                let begun = std::time::Instant::now();
                let outcome = runtime.block_on(reloads.reload(Trigger::Program));
                taken += begun.elapsed();
                assert_eq!(outcome.applied().unwrap().paths.len(), 10);
            }
            taken
        });
    });
    criterion.bench_function("reload/nothing changed", |bencher| {
        bencher.iter(|| runtime.block_on(reloads.reload(Trigger::Program)));
    });
    let live = running.get_named::<Live<Knobs>>("c").unwrap();
    criterion.bench_function("reload/live value", |bencher| {
        bencher.iter(|| black_box(live.load().size));
    });
    runtime.block_on(running.stop()).unwrap();
}

criterion_group!(benches, reload);
criterion_main!(benches);
