//! Logs: one line per event on standard output, filtered by what the configuration says.

mod config;
mod escape;
mod fields;
mod filter;
mod json;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use formwork_app::{
    Commit, Context, Declaration, Error, Module, Provision, Reload, WireError, Wiring,
};
use formwork_domain::BoxFuture;
use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;

pub use config::{LogConfig, LogFormat};
pub use filter::{LogFilter, ParseFilterError};
use json::JsonLayer;

/// Writes what the service logs to standard output.
///
/// What is logged changes with `log.level` when the configuration is reloaded; the module also
/// provides [`LogFilter`], with which the program changes it. Where the process has a subscriber
/// of its own already, as in tests, that one stays.
#[derive(Debug, Clone, Default)]
pub struct LogModule {
    filter: Option<LogFilter>,
}

impl LogModule {
    /// The module, to be configured under `log`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Module for LogModule {
    fn declare(&self) -> Declaration {
        Declaration::new("log")
            .version(env!("CARGO_PKG_VERSION"))
            .config::<LogConfig>("log")
            .offers(Provision::of::<LogFilter>().extra())
            .starts_first()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: LogConfig = wiring.config()?;
        let targets = filter::parse(&config.level)
            .map_err(|error| Error::config("`log.level` is not valid").because(error))?;
        let filter = install(targets, config.format);
        self.filter = Some(filter.clone());
        wiring.provide(Arc::new(filter))
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let config = reload.config::<LogConfig>()?;
            let targets = filter::parse(&config.level)
                .map_err(|error| Error::config("`log.level` is not valid").because(error))?;
            let Some(filter) = self.filter.clone() else {
                return Ok(None);
            };
            let commit = move || filter.replace(targets);
            Ok(Some(Box::new(commit) as Box<dyn Commit>))
        })
    }
}

/// Makes everything that is logged from here on go to standard output.
fn install(targets: Targets, format: LogFormat) -> LogFilter {
    let (layer, handle) = reload::Layer::new(targets);
    let filtered = Registry::default().with(layer);
    match format {
        LogFormat::Json => set(filtered.with(JsonLayer::new(io::stdout))),
        LogFormat::Text => set(filtered.with(
            tracing_subscriber::fmt::layer()
                .with_ansi(io::stdout().is_terminal())
                .with_writer(io::stdout),
        )),
    }
    LogFilter::new(handle)
}

fn set(subscriber: impl Subscriber + Send + Sync) {
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("the process has a subscriber already; it stays");
    }
}
