//! Metrics in the Prometheus text format, under `/metrics`.

mod health;
mod process;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use formwork_app::{Context, Declaration, Error, Module, Policy, WireError, Wiring};
use formwork_domain::BoxFuture;
use formwork_http::Routes;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use health::HealthMetricsModule;

use health::HealthGauges;

/// The media type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the buckets of durations, in seconds: those OpenTelemetry recommends for HTTP,
/// and finer ones below.
const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0,
    7.5, 10.0,
];

/// Upper bounds of the buckets of sizes, in bytes.
const BYTES: [f64; 8] = [
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
];

/// How often measurements are moved into their buckets, so that they do not pile up unscraped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process: there can be only one, so all applications in it share it.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Records what the `metrics` facade is told and serves it, with the figures of the process, under
/// `/metrics` for a Prometheus server to fetch.
#[derive(Default)]
pub struct PrometheusModule {
    recorder: Option<PrometheusHandle>,
}

impl PrometheusModule {
    /// The module; there is nothing to configure.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for PrometheusModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusModule").finish_non_exhaustive()
    }
}

impl Module for PrometheusModule {
    fn declare(&self) -> Declaration {
        Declaration::new("prometheus")
            .version(env!("CARGO_PKG_VERSION"))
            .collects::<HealthGauges>()
            .contributes::<Routes>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let recorder = recorder()?;
        let service = wiring.service();
        metrics::describe_gauge!("build_info", "Which service this is; always 1.");
        metrics::gauge!(
            "build_info",
            "service" => service.name.clone(),
            "version" => service.version.clone(),
        )
        .set(1.0);
        self.recorder = Some(recorder.clone());
        let health = wiring.all::<HealthGauges>();
        let router = Router::new().route("/metrics", get(async move || scrape(&recorder, &health)));
        wiring.contribute(Arc::new(Routes::new("metrics", router).operational()))
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let Some(recorder) = self.recorder.clone() else {
                return Err(Error::lifecycle(
                    "metrics were started before they were wired",
                ));
            };
            let stopping = context.stopping();
            let upkeep = move || {
                let (recorder, stopping) = (recorder.clone(), stopping.clone());
                async move {
                    let mut ticks = tokio::time::interval(UPKEEP);
                    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
                        recorder.run_upkeep();
                    }
                    Ok(())
                }
            };
            context.tasks().spawn("upkeep", Policy::restart(), upkeep);
            Ok(())
        })
    }
}

/// The recorder of this process, made and installed by the first who asks; others wait for it.
fn recorder() -> Result<PrometheusHandle, Error> {
    let mut installed = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(recorder) = &*installed {
        return Ok(recorder.clone());
    }
    let recorder = builder()
        .map_err(|error| Error::lifecycle("cannot set up metrics").because(error))?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| {
        Error::lifecycle("another recorder of metrics is installed; choose one of the two")
    })?;
    Ok(installed.insert(handle).clone())
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)
}

fn scrape(
    recorder: &PrometheusHandle,
    health: &[Arc<HealthGauges>],
) -> ([(header::HeaderName, &'static str); 1], String) {
    let mut text = recorder.render();
    process::render(&mut text);
    for gauges in health {
        gauges.render(&mut text);
    }
    ([(header::CONTENT_TYPE, TEXT)], text)
}
