//! The modules of this crate keep the contract of modules.

use formwork_tenancy::TenancyModule;
use formwork_tenancy::http::ResolutionModule;
use formwork_test::conformance;

#[tokio::test]
async fn the_modules_are_modules() {
    conformance::module(TenancyModule::new).await;
    conformance::module(ResolutionModule::new)
        .within(|app| app.module(TenancyModule::new()))
        .await;
}
