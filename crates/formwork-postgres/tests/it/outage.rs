//! What readiness says of a database that crashes and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use formwork_app::{Declaration, HealthCheck, Module, Status, WireError, Wiring};
use formwork_postgres::{Migrations, PostgresModule};
use formwork_test::{AppHarness, StartedApp, eventually};

use crate::private::Server;

const PATIENCE: Duration = Duration::from_secs(120);

/// Counts periods: a check beside the database's, on the same clock and the same machine.
#[derive(Default)]
struct Metronome(Arc<AtomicUsize>);

impl Module for Metronome {
    fn declare(&self) -> Declaration {
        Declaration::new("metronome")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let beats = Arc::clone(&self.0);
        wiring.health_check(HealthCheck::optional("metronome", move || {
            beats.fetch_add(1, Ordering::SeqCst);
            async { Ok::<(), String>(()) }
        }))
    }
}

async fn start(server: &Server, required: bool, beats: &Arc<AtomicUsize>) -> StartedApp {
    AppHarness::new("shop")
        .value("postgres.url", server.url())
        .value("postgres.required", required.to_string())
        .value("app.health-period", "1s")
        .module(PostgresModule::new(Migrations::new(&[])))
        .module(Metronome(Arc::clone(beats)))
        .start()
        .await
}

fn status(app: &StartedApp) -> Status {
    let report = app.health().report();
    report
        .component("postgres")
        .expect("it is registered")
        .status
}

/// Shows a part of: R-048.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_killed_with_immediate_flips_readiness_within_three_periods_and_recovers() {
    let Some(server) = Server::start() else {
        return;
    };
    let beats = Arc::new(AtomicUsize::new(0));
    let demanding = start(&server, true, &beats).await;
    let modest = start(&server, false, &Arc::default()).await;
    for app in [&demanding, &modest] {
        eventually("the first answer", PATIENCE, async || {
            status(app) == Status::Healthy
        })
        .await;
        assert!(app.health().ready());
    }

    let mut changes = demanding.health().changes();
    server.kill();
    let killed = beats.load(Ordering::SeqCst);
    let flip = tokio::time::timeout(PATIENCE, changes.next()).await;
    let flip = flip.expect("in time").expect("the application lives");
    let passed = beats.load(Ordering::SeqCst) - killed;
    assert_eq!((&*flip.component, flip.to), ("postgres", Status::Unhealthy));
    assert!(flip.required);
    assert!(!demanding.health().ready());
    // Three; one that had begun, and one that the jitter of a tenth may squeeze in.
    assert!(passed <= 5, "{passed} periods until readiness flipped");
    eventually("the other one knows as well", PATIENCE, async || {
        status(&modest) == Status::Degraded
    })
    .await;
    assert!(modest.health().ready(), "it was told to do without");

    server.up();
    for app in [&demanding, &modest] {
        eventually("the recovery", PATIENCE, async || {
            status(app) == Status::Healthy
        })
        .await;
        assert!(app.health().ready());
    }
    demanding.stop().await;
    modest.stop().await;
}
