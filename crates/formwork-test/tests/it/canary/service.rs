//! The service whose secrets must not leak: every module there is, and one that asks for trouble.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use formwork_app::event::{Event, Observer};
use formwork_app::{
    App, ConfigReloadModule, Declaration, Error, HealthCheck, Live, Module, Reloads, ServiceInfo,
    Trigger, WireError, Wiring,
};
use formwork_config::{Config, Secret};
use formwork_domain::BoxFuture;
use formwork_http::{AdminModule, HealthHistoryModule, HttpModule, ProbesModule, Problem, Routes};
use formwork_nats::NatsModule;
use formwork_outbox::{ConsumersModule, InProcessBrokerModule, PollingModule, RelayModule};
use formwork_postgres::{ListenNotifyModule, PostgresModule};
use formwork_sqlite::SqliteModule;
use formwork_telemetry::{HealthMetricsModule, LogModule, PrometheusModule};

/// Set for the process that plays the service: the modules it is made of.
pub(super) const CHILD: &str = "FORMWORK_TEST_CANARY";
/// Its command line, an argument per line.
pub(super) const ARGUMENTS: &str = "FORMWORK_TEST_CANARY_ARGUMENTS";

/// The service: does nothing unless it is started by another test.
#[test]
fn service() -> ExitCode {
    let Ok(modules) = std::env::var(CHILD) else {
        return ExitCode::SUCCESS;
    };
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();
    let arguments = arguments.lines().map(Into::into).collect::<Vec<_>>();
    let modules = Modules::of(&modules);
    let service = ServiceInfo::new("shop", "1.0.0");
    formwork_app::main_with(arguments, service, |app| modules.add_to(app))
}

/// What the service is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modules {
    /// What needs no server.
    Embedded,
    /// What needs PostgreSQL and NATS.
    Servers,
}

impl Modules {
    pub(crate) const ALL: [Self; 2] = [Self::Embedded, Self::Servers];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Servers => "servers",
        }
    }

    fn of(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|modules| modules.name() == name)
            .expect("one of the names")
    }

    pub(crate) fn add_to(self, app: App) -> App {
        let app = app
            .module(LogModule::new())
            .module(HttpModule::new())
            .module(ProbesModule::new())
            .module(AdminModule::new())
            .module(HealthHistoryModule::new())
            .module(PrometheusModule::new())
            .module(HealthMetricsModule::new())
            .module(RelayModule::new())
            .module(ConfigReloadModule::new())
            .module(ConsumersModule::new())
            .module(VaultModule);
        match self {
            Self::Embedded => app
                .module(SqliteModule::new(formwork_sqlite::Migrations::new(&[])))
                .module(InProcessBrokerModule::new())
                .module(PollingModule::new()),
            Self::Servers => app
                .module(PostgresModule::new(formwork_postgres::Migrations::new(&[])))
                .module(ListenNotifyModule::new())
                .module(NatsModule::new()),
        }
    }
}

/// A vault.
#[derive(Debug, Clone, Config)]
#[expect(
    dead_code,
    reason = "printed as a whole, which must not show the secrets in it"
)]
struct VaultConfig {
    /// What opens it.
    #[config(dynamic)]
    token: Secret<String>,
    /// Where it is.
    #[config(class = "confidential", dynamic)]
    place: Secret<String>,
    /// What opens its drawers.
    drawers: Option<Vec<Secret<String>>>,
    /// What opens its rooms.
    rooms: Option<BTreeMap<String, Secret<String>>>,
    /// How often it was opened.
    #[config(default = 0, range(max = 9), dynamic)]
    times: u32,
    /// Who guards it.
    #[config(nested)]
    guard: Guard,
}

/// The guard.
#[derive(Debug, Clone, Config)]
#[expect(
    dead_code,
    reason = "printed as a whole, which must not show the secrets in it"
)]
struct Guard {
    /// What the guard says.
    #[config(secret)]
    password: Secret<String>,
    /// Whether somebody is there.
    #[config(default = true)]
    present: bool,
}

/// Panics, fails and prints with its secrets at hand.
#[derive(Debug)]
struct VaultModule;

#[derive(Clone)]
struct Vault {
    config: Live<VaultConfig>,
    reloads: Arc<Reloads>,
}

impl Module for VaultModule {
    fn declare(&self) -> Declaration {
        Declaration::new("vault")
            .config::<VaultConfig>("vault")
            .needs::<Reloads>()
            .contributes::<Routes>()
            .contributes::<dyn Observer>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let vault = Vault {
            config: wiring.live()?,
            reloads: wiring.get()?,
        };
        let config = vault.config.clone();
        let failing = move || {
            let config = config.load();
            async move { Err::<(), _>(format!("could not open {config:?}")) }
        };
        wiring.health_check(HealthCheck::optional("vault", failing))?;
        let config = vault.config.clone();
        let panicking = move || {
            let config = config.load();
            async move { panic!("with {config:?}") as Result<(), String> }
        };
        wiring.health_check(HealthCheck::optional("guard", panicking))?;
        wiring.contribute::<dyn Observer>(Arc::new(Announcements))?;
        let router = Router::new()
            .route("/vault", get(show))
            .route("/vault/panic", get(panics))
            .route("/vault/fail", get(fail))
            .route("/vault/reload", get(reload))
            .route("/vault/leak", get(leak))
            .with_state(vault);
        wiring.contribute(Arc::new(Routes::new("vault", router)))
    }
}

/// Logs everything that is told to observers.
struct Announcements;

impl Observer for Announcements {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            tracing::info!(event = event.to_json(), "told");
            Ok(())
        })
    }
}

async fn show(State(vault): State<Vault>) -> String {
    format!("{:?} {:?}", vault.config.load(), vault.reloads.current())
}

async fn panics(State(vault): State<Vault>) -> String {
    panic!("with {:?}", vault.config.load());
}

async fn fail(State(vault): State<Vault>) -> Response {
    let error = Error::config(format!("could not open {:?}", vault.config.load()));
    tracing::error!(error = &error as &dyn std::error::Error, config = ?vault.config.load(), "failed");
    Problem::new(StatusCode::BAD_GATEWAY)
        .with_detail(error.to_string())
        .into_response()
}

async fn reload(State(vault): State<Vault>) -> String {
    let outcome = vault.reloads.reload(Trigger::Program).await;
    format!("{outcome:?} {:?}", vault.reloads.status())
}

/// The mistake that the test must find.
async fn leak(State(vault): State<Vault>) -> String {
    vault.config.load().token.expose().clone()
}
