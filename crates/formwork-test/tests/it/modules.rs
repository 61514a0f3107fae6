//! The modules of the runtime keep the contract of modules.

use formwork_app::{App, ConfigReloadModule, ServiceInfo};
use formwork_config::{Environment, Loader};
use formwork_test::conformance;

use crate::canary::service::Modules;

#[tokio::test]
async fn the_modules_are_modules() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("default.toml"), "").expect("a file");
    let place = folder.path().to_owned();
    conformance::module(ConfigReloadModule::new)
        .within(move |app| app.files(&place))
        .await;
}

/// Every module of the runtime says which version it is of: that of the core, with which it is
/// released.
///
/// Proves: R-050.
#[tokio::test]
async fn modules_say_their_versions() {
    for modules in Modules::ALL {
        let token = "sixteen characters";
        let mut loader = Loader::new("shop").with_environment(Environment::default());
        for path in ["vault.token", "vault.place", "vault.guard.password"] {
            loader = loader.with_value(path, token);
        }
        for path in ["admin.token", "health.token"] {
            loader = loader.with_value(path, token);
        }
        if modules == Modules::Servers {
            loader = loader
                .with_value("postgres.url", "postgres://nobody@127.0.0.1:9/none")
                .with_value("nats.url", "nats://127.0.0.1:9");
        }
        let app = App::new(ServiceInfo::new("shop", "1.0.0")).config(loader);
        let checked = modules.add_to(app).check().expect("all is well");
        let nodes = checked.graph.nodes;
        assert!(nodes.len() > 10, "{nodes:?}");
        for node in nodes.iter().filter(|node| node.name != "vault") {
            assert_eq!(node.version, env!("CARGO_PKG_VERSION"), "{node:?}");
        }
    }
}
