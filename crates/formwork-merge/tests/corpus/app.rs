//! What the service is made of. The only place that names adapters.

use formwork_app::{App, ServiceInfo};
use formwork_http::HttpModule;
use formwork_http::ProbesModule;
use formwork_outbox::InProcessBrokerModule;
use formwork_outbox::PollingModule;
use formwork_outbox::{ConsumersModule, RelayModule};
use formwork_sqlite::{Migrations, SqliteModule};
use formwork_telemetry::LogModule;
use formwork_telemetry::PrometheusModule;
use infrastructure::persistence::sqlite::MIGRATIONS;

use crate::{modules, own};

/// The name and version the service goes by.
pub fn service() -> ServiceInfo {
    ServiceInfo::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// Adds every module the service is made of.
pub fn assemble(app: App) -> App {
    let app = app
        .module(LogModule::new())
        .module(PrometheusModule::new())
        .module(SqliteModule::new(Migrations::new(MIGRATIONS)))
        .module(modules::Persistence)
        .module(modules::Cache)
        .module(InProcessBrokerModule::new())
        .module(PollingModule::new())
        .module(RelayModule::new())
        .module(ConsumersModule::new())
        .module(modules::UseCases)
        .module(modules::Reactions)
        .module(modules::Api)
        .module(ProbesModule::new())
        .module(modules::Docs)
        .module(HttpModule::new());
    own::assemble(app)
}
