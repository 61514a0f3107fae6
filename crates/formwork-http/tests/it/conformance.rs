//! The modules of this crate keep the contract of modules.

use formwork_http::{AdminModule, HealthHistoryModule, HttpModule, ProbesModule};
use formwork_test::conformance;

#[tokio::test]
async fn the_modules_are_modules() {
    conformance::module(HttpModule::new)
        .within(|app| app.value("http.listen", "127.0.0.1:0"))
        .await;
    conformance::module(ProbesModule::new)
        .within(|app| app.value("health.token", "correct-horse-battery"))
        .await;
    conformance::module(HealthHistoryModule::new).await;
    conformance::module(AdminModule::new)
        .within(|app| {
            app.value("admin.token", "correct-horse-battery")
                .value("admin.listen", "127.0.0.1:0")
        })
        .await;
    conformance::module(AdminModule::new)
        .within(|app| app.value("admin.token", "correct-horse-battery"))
        .await;
}
