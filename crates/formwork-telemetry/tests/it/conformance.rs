//! The modules of this crate keep the contract of modules.

use formwork_telemetry::{HealthMetricsModule, LogModule, PrometheusModule};
use formwork_test::conformance;

#[tokio::test]
async fn the_modules_are_modules() {
    conformance::module(LogModule::new)
        .within(|app| app.value("log.level", "error"))
        .await;
    conformance::module(PrometheusModule::new).await;
    conformance::module(HealthMetricsModule::new).await;
}
