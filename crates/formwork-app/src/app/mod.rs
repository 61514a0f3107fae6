//! The application: modules put together, checked, started and stopped.

mod assemble;
mod config;
mod drive;
mod error;
mod inventory;
mod memory;
mod round;
mod running;
mod signals;
mod start;
mod timeline;
mod unit;
mod watch;
mod wire;

use std::process::ExitCode;
use std::sync::Arc;

use formwork_config::{Explanation, Loader, Section};
use formwork_domain::{Clock, Identifiers};

pub use config::{AppConfig, StaticChanges};
pub(crate) use drive::drive_call;
pub use error::{Cause, Failure, Failures, Phase, StartError};
pub use inventory::{Inventory, ModuleInfo, ServiceEntry};
pub use running::Running;
pub use signals::Signals;
pub use timeline::{Timeline, TimelineEntry};

use assemble::{Assembled, ModuleDecoration};
pub(crate) use memory::most;
pub(crate) use signals::listen;
pub(crate) use watch::Calls;

use crate::declaration::Provision;
use crate::decorator::{Decorated, InstanceOf};
use crate::event::Observer;
use crate::plan::{Declared, Graph, Plan, WiringErrors};
use crate::registry::Value;
use crate::{Module, ModuleDecorator, Reloads, ServiceInfo, SystemClock, UuidV7};

/// An application: an explicit list of modules.
///
/// ```
/// use formwork_app::{App, Declaration, Module, ServiceInfo};
///
/// struct Orders;
///
/// impl Module for Orders {
///     fn declare(&self) -> Declaration {
///         Declaration::new("orders")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::new(ServiceInfo::new("shop", "1.0.0")).module(Orders);
/// let running = app.start().await?;
/// running.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct App {
    service: ServiceInfo,
    loader: Loader,
    registered: Vec<Registered>,
    decorations: Vec<ModuleDecoration>,
    own: Vec<Own>,
    inventory: Inventory,
    observers: Vec<Arc<dyn Observer>>,
    calls: Calls,
}

struct Registered {
    module: Box<dyn Module>,
    type_name: &'static str,
    overrides: bool,
}

/// A service of the application itself.
struct Own {
    provision: Provision,
    /// An `Arc<T>`.
    value: Value,
}

impl App {
    /// An application without modules. It provides the [`Clock`] and the [`Identifiers`] of the
    /// process to those that need them, and its [`Inventory`].
    pub fn new(service: ServiceInfo) -> Self {
        let fallback = i32::MIN;
        let inventory = Inventory::default();
        Self {
            loader: Loader::new(&service.name),
            service,
            registered: Vec::new(),
            decorations: Vec::new(),
            own: Vec::new(),
            inventory: inventory.clone(),
            observers: Vec::new(),
            calls: Calls::default(),
        }
        .provide_at(fallback, Arc::new(inventory))
        .provide_at::<dyn Clock>(fallback, Arc::new(SystemClock))
        .provide_at::<dyn Identifiers>(fallback, Arc::new(UuidV7))
    }

    /// Where the configuration comes from.
    #[must_use]
    pub fn config(mut self, loader: Loader) -> Self {
        self.loader = loader;
        self
    }

    /// Changes where the configuration comes from.
    #[must_use]
    pub fn map_config(mut self, change: impl FnOnce(Loader) -> Loader) -> Self {
        self.loader = change(self.loader);
        self
    }

    /// Adds a module. The order of these calls does not matter, but for modules that decorate the
    /// same services: see [`Declaration::decorates`](crate::Declaration::decorates).
    #[must_use]
    pub fn module<M: Module>(self, module: M) -> Self {
        self.register(module, false)
    }

    /// Adds a module as the instance called `name`, in kebab-case; see
    /// [`Declaration::instance`](crate::Declaration::instance).
    #[must_use]
    pub fn instance<M: Module>(mut self, name: impl Into<String>, module: M) -> Self {
        self.registered.push(Registered {
            module: Box::new(Decorated {
                inner: Box::new(module),
                decorator: Box::new(InstanceOf(name.into())),
            }),
            type_name: std::any::type_name::<M>(),
            overrides: false,
        });
        self
    }

    /// Wraps the module called `name`, which of an instance is `{module}@{instance}`. The order of
    /// several decorators is told at [`ModuleDecorator`].
    #[must_use]
    pub fn decorate_module<D: ModuleDecorator>(
        mut self,
        name: impl Into<String>,
        decorator: D,
    ) -> Self {
        let mut decorator = Some(Box::new(decorator) as Box<dyn ModuleDecorator>);
        self.decorations.push(ModuleDecoration {
            only: Some(name.into()),
            make: Box::new(move |_| decorator.take()),
        });
        self
    }

    /// Wraps every module for whose name `make` returns a decorator. The order of several
    /// decorators is told at [`ModuleDecorator`].
    #[must_use]
    pub fn decorate_modules<D: ModuleDecorator>(
        mut self,
        mut make: impl FnMut(&str) -> Option<D> + Send + 'static,
    ) -> Self {
        self.decorations.push(ModuleDecoration {
            only: None,
            make: Box::new(move |name| {
                let decorator = make(name)?;
                Some(Box::new(decorator))
            }),
        });
        self
    }

    /// Puts a module in the place of the one with the same name, wherever that is added.
    #[must_use]
    pub fn override_module<M: Module>(self, module: M) -> Self {
        self.register(module, true)
    }

    /// Provides a service on behalf of the application, such as a clock that tests move.
    #[must_use]
    pub fn provide<T: ?Sized + Send + Sync + 'static>(self, service: Arc<T>) -> Self {
        self.provide_at(0, service)
    }

    /// Tells an observer everything that happens. Modules contribute theirs as `dyn Observer`.
    #[must_use]
    pub fn observe<O: Observer>(mut self, observer: Arc<O>) -> Self {
        self.observers.push(observer);
        self
    }

    /// The service this is.
    pub fn service(&self) -> &ServiceInfo {
        &self.service
    }

    /// Every part of the configuration, in the order of the modules' names.
    pub fn sections(&self) -> Vec<Section> {
        let modules = self.registered.iter();
        let declarations = modules.map(|registered| {
            let name = registered.type_name;
            let _entered = self.calls.enter(name, "declare", assemble::DECLARE);
            registered.module.declare().settled()
        });
        sections(declarations.filter_map(|declaration| declaration.section))
    }

    /// Loads, validates and wires, without side effects.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration and the wiring.
    pub fn check(self) -> Result<Checked, StartError> {
        self.prepare()?.check()
    }

    /// Starts every module.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration and the wiring, or every module that
    /// failed; what had started has been stopped again then.
    pub async fn start(self) -> Result<Running, StartError> {
        self.prepare()?.wire()?.start().await
    }

    /// Starts, works until a signal or a failure, stops in order. A second signal ends it at once.
    pub async fn run(self) -> ExitCode {
        self.run_with(Signals::process()).await
    }

    /// As [`run`](Self::run), with the signals from elsewhere.
    pub async fn run_with(self, signals: Signals) -> ExitCode {
        match self.prepare() {
            Ok(prepared) => prepared.run(signals, |_| ()).await,
            Err(error) => {
                report(&error);
                ExitCode::FAILURE
            }
        }
    }

    /// Lets somebody look at the calls of modules while they go on.
    pub(crate) fn watched(mut self, calls: &Calls) -> Self {
        self.calls = calls.clone();
        self
    }

    fn register<M: Module>(mut self, module: M, overrides: bool) -> Self {
        self.registered.push(Registered {
            module: Box::new(module),
            type_name: std::any::type_name::<M>(),
            overrides,
        });
        self
    }

    fn provide_at<T: ?Sized + Send + Sync + 'static>(
        mut self,
        priority: i32,
        service: Arc<T>,
    ) -> Self {
        self.own.push(Own {
            provision: Provision::of::<T>().priority(priority),
            value: Box::new(service),
        });
        self
    }

    /// Loads the configuration and makes the plan.
    pub(crate) fn prepare(mut self) -> Result<Prepared, StartError> {
        let Assembled {
            modules,
            declared,
            problems,
        } = Assembled::of(self.registered, self.decorations, &self.calls);
        let reloads = Provision::of::<Reloads>().priority(i32::MIN);
        let own = self.own.iter().map(|own| own.provision.clone());
        let own: Vec<_> = own.chain([reloads.clone()]).collect();
        let plan = match Plan::new(&declared, &own) {
            Ok(plan) if problems.is_empty() => Ok(plan),
            Ok(plan) => {
                let mut graph = plan.graph(&declared).clone();
                graph.mark(&problems);
                Err(WiringErrors { problems, graph })
            }
            Err(mut errors) => {
                errors.problems.splice(0..0, problems);
                Err(errors)
            }
        };
        let snapshot = self.loader.load(&sections(
            declared
                .iter()
                .filter_map(|module| module.declaration.section.clone()),
        ));
        let (plan, snapshot) = match (plan, snapshot) {
            (Ok(plan), Ok(snapshot)) => (plan, snapshot),
            (Err(wiring), Ok(_)) => return Err(wiring.into()),
            (Ok(_), Err(config)) => return Err(config.into()),
            (Err(wiring), Err(config)) => {
                return Err(StartError::ConfigAndWiring { config, wiring });
            }
        };
        let config = match snapshot.shared::<AppConfig>(APP) {
            Some(config) => AppConfig::clone(&config),
            None => snapshot.get(APP)?,
        };
        let service = Arc::new(Reloads::new(self.loader, snapshot));
        self.own.push(Own {
            provision: reloads,
            value: Box::new(Arc::clone(&service)),
        });
        Ok(Prepared {
            service: self.service,
            own: self.own,
            observers: self.observers,
            modules,
            declared: Arc::new(declared),
            plan: Arc::new(plan),
            reloads: service,
            config,
            inventory: self.inventory,
            calls: self.calls,
        })
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("service", &self.service)
            .field("modules", &self.registered)
            .field("own", &self.own)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.type_name)
    }
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.provision.fmt(f)
    }
}

/// What a check without side effects has to show.
#[derive(Debug)]
pub struct Checked {
    /// Every value of the configuration with its origin.
    pub explanation: Explanation,
    /// The modules in the order of their start, and what ties them.
    pub graph: Graph,
    /// What is not wrong but worth a look.
    pub warnings: Vec<String>,
}

/// An application with its configuration loaded and its plan made; nothing is wired yet.
pub(crate) struct Prepared {
    service: ServiceInfo,
    own: Vec<Own>,
    observers: Vec<Arc<dyn Observer>>,
    modules: Vec<Box<dyn Module>>,
    declared: Arc<Vec<Declared>>,
    plan: Arc<Plan>,
    reloads: Arc<Reloads>,
    pub(crate) config: AppConfig,
    inventory: Inventory,
    calls: Calls,
}

impl Prepared {
    pub(crate) fn check(self) -> Result<Checked, StartError> {
        let wired = self.wire()?;
        Ok(Checked {
            explanation: wired.reloads.current().explain(),
            graph: wired.plan.graph(&wired.declared).clone(),
            warnings: [&*wired.plan.warnings, &wired.plan.unused(&wired.declared)].concat(),
        })
    }
}

/// The prefix of the application's own configuration.
pub(crate) const APP: &str = "app";

fn sections(of_modules: impl Iterator<Item = Section>) -> Vec<Section> {
    let mut sections: Vec<_> = of_modules.collect();
    sections.push(Section::of::<AppConfig>(APP));
    sections.sort_by(|a, b| a.prefix().cmp(b.prefix()));
    sections.dedup_by(|a, b| a.prefix() == b.prefix());
    sections
}

/// Says why the application did not start: on standard error, as logging may not work yet.
pub(crate) fn report(error: &StartError) {
    match error {
        StartError::Modules(failures) => eprint!("{}", failures.report()),
        StartError::Interrupted { failures, .. } => {
            eprintln!("{}error: {error}", failures.report());
        }
        other => eprintln!("error: {}", crate::error::chain(other)),
    }
}

/// Says what failed in the end, and how much was cut off.
pub(crate) fn report_stop(failures: &Failures) {
    let cut_off = failures.cut_off();
    eprintln!("error: stopped with failures, {cut_off} cut off\n{failures}");
}

/// Says why the application stopped by itself, at the end of all that its stop has told.
pub(crate) fn report_end(reason: &crate::StopReason) {
    eprintln!("error: stopped because {reason}");
}
