//! Applications inside a test.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use formwork_app::{App, Checked, Failures, Health, Module, Running, ServiceInfo, StartError};
use formwork_config::{Environment, Loader, Section};

/// An application put together inside a test. It reads no environment; the test sets what differs
/// from the defaults.
///
/// ```
/// use std::sync::Arc;
/// use formwork_domain::{Clock, Identifiers};
/// use formwork_outbox::{Notifier, PollingModule};
/// use formwork_test::{AppHarness, FakeClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = Arc::new(FakeClock::at("2026-03-01T09:30:00Z"));
/// let app = AppHarness::new("shop")
///     .module(PollingModule::new())
///     .provide::<dyn Clock>(clock)
///     .value("app.drain-timeout", "1s")
///     .start()
///     .await;
/// app.get::<dyn Notifier>().notify();
/// app.stop().await;
/// # }
/// ```
pub struct AppHarness {
    app: App,
    values: Vec<(String, String)>,
}

impl AppHarness {
    /// An application without modules.
    pub fn new(service: &str) -> Self {
        let nothing: [(String, String); 0] = [];
        let loader = Loader::new(service).with_environment(Environment::of(nothing));
        Self {
            app: App::new(ServiceInfo::new(service, "0.0.0-test")).config(loader),
            values: Vec::new(),
        }
    }

    /// Adds a module.
    #[must_use]
    pub fn module<M: Module>(self, module: M) -> Self {
        Self {
            app: self.app.module(module),
            ..self
        }
    }

    /// Provides a service, such as a clock that stands still.
    #[must_use]
    pub fn provide<T: ?Sized + Send + Sync + 'static>(self, service: Arc<T>) -> Self {
        Self {
            app: self.app.provide(service),
            ..self
        }
    }

    /// Sets a value of the configuration, over whatever else sets it.
    #[must_use]
    pub fn value(mut self, path: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.values.push((path.to_owned(), value.clone()));
        Self {
            app: self.app.map_config(|loader| loader.with_value(path, value)),
            ..self
        }
    }

    /// Reads files of configuration: a directory with `default.toml`, or that file itself.
    #[must_use]
    pub fn files(self, location: impl Into<PathBuf>) -> Self {
        let location = location.into();
        Self {
            app: self.app.map_config(|loader| loader.with_location(location)),
            ..self
        }
    }

    /// Loads, validates and wires, without side effects.
    ///
    /// # Errors
    /// Those of [`App::check`].
    pub fn check(self) -> Result<Checked, StartError> {
        self.app.check()
    }

    /// Every part of the configuration.
    pub fn sections(&self) -> Vec<Section> {
        self.app.sections()
    }

    /// The values that were set.
    pub(crate) fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// Starts it.
    ///
    /// # Errors
    /// Those of [`App::start`].
    pub async fn try_start(self) -> Result<StartedApp, StartError> {
        let running = self.app.start().await?;
        Ok(StartedApp { running })
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start, with everything that is wrong.
    pub async fn start(self) -> StartedApp {
        match self.try_start().await {
            Ok(started) => started,
            Err(error) => panic!("the application does not start: {error}\n{error:?}"),
        }
    }
}

/// An application at work inside a test. Dropped, its tasks are cut off.
pub struct StartedApp {
    running: Running,
}

impl StartedApp {
    /// A service it provides.
    ///
    /// # Panics
    /// When nobody provides it.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Arc<T> {
        match self.running.get::<T>() {
            Ok(service) => service,
            Err(error) => panic!("{error}"),
        }
    }

    /// Its health.
    pub fn health(&self) -> &Health {
        self.running.health()
    }

    /// The application itself.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The service of this name.
    ///
    /// # Panics
    /// When nobody provides it.
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Arc<T> {
        match self.running.get_named::<T>(name) {
            Ok(service) => service,
            Err(error) => panic!("{error}"),
        }
    }

    /// Drains and stops it.
    ///
    /// # Panics
    /// When something failed or was cut off.
    pub async fn stop(self) {
        if let Err(failures) = self.try_stop().await {
            panic!("the application does not stop in order: {failures}");
        }
    }

    /// Drains and stops it.
    ///
    /// # Errors
    /// What failed or was cut off.
    pub async fn try_stop(self) -> Result<(), Failures> {
        self.running.stop().await
    }
}

impl fmt::Debug for AppHarness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_struct("AppHarness")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StartedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedApp")
            .field("service", self.running.service())
            .finish_non_exhaustive()
    }
}
