//! The modules of `formwork-app` keep the contract of modules.

use formwork_app::ConfigReloadModule;
use formwork_test::conformance;

#[tokio::test]
async fn the_modules_are_modules() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("default.toml"), "").expect("a file");
    let place = folder.path().to_owned();
    conformance::module(ConfigReloadModule::new)
        .within(move |app| app.files(&place))
        .await;
}
