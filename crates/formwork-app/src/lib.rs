//! Module lifecycle, typed service registry, health and task supervision.
//!
//! An application is an explicit list of modules. A module declares what it needs and provides,
//! takes and hands over services while it is wired, and starts and stops:
//!
//! ```
//! use std::sync::Arc;
//!
//! use formwork_app::{App, Declaration, Module, ServiceInfo, WireError, Wiring};
//! use formwork_config::{Config, Loader};
//!
//! /// Prices.
//! #[derive(Config)]
//! struct PricesConfig {
//!     /// What is added to every price, in percent.
//!     #[config(default = 19, range(max = 100))]
//!     tax: u32,
//! }
//!
//! /// The service: prices with tax.
//! struct Prices {
//!     tax: u64,
//! }
//!
//! impl Prices {
//!     fn gross(&self, net: u64) -> u64 {
//!         net + net * self.tax / 100
//!     }
//! }
//!
//! struct PricesModule;
//!
//! impl Module for PricesModule {
//!     fn declare(&self) -> Declaration {
//!         Declaration::new("prices")
//!             .version(env!("CARGO_PKG_VERSION"))
//!             .config::<PricesConfig>("prices")
//!             .provides::<Prices>()
//!     }
//!
//!     fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
//!         let config: PricesConfig = wiring.config()?;
//!         let tax = config.tax.into();
//!         wiring.provide(Arc::new(Prices { tax }))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Its test: the whole application, with a value of the configuration set.
//! let app = App::new(ServiceInfo::new("shop", "1.0.0"))
//!     .config(Loader::new("shop").with_value("prices.tax", "7"))
//!     .module(PricesModule);
//! let running = app.start().await?;
//! assert_eq!(running.get::<Prices>()?.gross(1_000), 1_070);
//! running.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When it goes wrong
//!
//! Every mistake in the configuration and the wiring is found before anything starts, all in one
//! report:
//!
//! ```
//! use formwork_app::{App, Declaration, Module, ServiceInfo};
//!
//! trait Store: Send + Sync {}
//!
//! struct Orders;
//!
//! impl Module for Orders {
//!     fn declare(&self) -> Declaration {
//!         Declaration::new("orders").needs::<dyn Store>()
//!     }
//! }
//!
//! let app = App::new(ServiceInfo::new("shop", "1.0.0")).module(Orders);
//! assert_eq!(
//!     app.check().unwrap_err().to_string(),
//!     "\
//! the wiring has 1 problem
//!   nobody provides the `dyn Store` that `orders` needs
//!     hint: add a module that provides it"
//! );
//! ```
//!
//! When a module fails, panics or hangs in its start, those that had started are stopped again, in
//! reverse, and everything that failed is reported.
//!
//! # Life
//!
//! | | |
//! |---|---|
//! | `wire` | in the order of the needs; no side effects, it also runs for `--check-config` |
//! | `start` | level by level, the modules of a level together; each has `app.start-timeout` |
//! | at work | health checks run in the background, tasks are supervised |
//! | SIGTERM | not ready; goes on accepting for `app.drain-delay` |
//! | then | every module is told to take no new work ([`Context::shutdown`]) |
//! | `drain` | waits for what is in flight, in reverse; all together have `app.drain-timeout` |
//! | `stop` | in reverse, after the module's tasks; all together have `app.stop-timeout` |
//! | the end | exit code 0, or 1 when something failed or was cut off; a second signal ends it at once |
//!
//! What happens is told to observers: [`event`]. Log lines of modules come within spans that name
//! `module`, `instance` and `phase`; those of tasks `module`, `instance` and `task`.
//! [`AppConfig::longest_stop`] says how long whoever ends the process must wait.
//!
//! # Which provider
//!
//! Of several providers of a service the exact name wins, then the higher priority, then the
//! earlier registration, with a warning: services are registered in the order of their modules'
//! names, so that the order of [`App::module`] calls decides nothing. What is still equal is an
//! error. Two providers with the same name and priority are an error. A module never gets its own service, so that it can wrap that of the
//! next provider.
//!
//! # How many of a service
//!
//! | scope | declared with | found |
//! |---|---|---|
//! | global | [`Declaration::provides`] | by type, or by type and name |
//! | tenant | [`Declaration::provides_per_tenant`] | through [`PerTenant`], never without a tenant |
//! | instance | [`Declaration::instance`], [`App::instance`] | by type and the name of the instance |
//!
//! # Decorators
//!
//! A module wraps services of others with [`Declaration::decorates`], and
//! [`App::decorate_modules`] wraps modules. The first registered is the innermost; only an explicit
//! priority changes that.
//!
//! # What is not promised
//!
//! A module that blocks its thread in an `async` method cannot be cut off: it is left behind, and
//! takes a thread of the runtime with it. When none is left, or when it blocks in `declare` or
//! `wire`, [`main`] names it and ends the process; [`App::run`] cannot. A *task* that blocks its
//! thread is only noticed when it does not end in time. Under [`main`], a process that uses more
//! memory than `app.memory-limit` says who was at work and ends; what asks for more than the system
//! gives in one go is ended by the system, without a word. Services live as long as somebody holds
//! a handle.

#![warn(missing_docs)]

mod app;
mod context;
mod declaration;
mod decorator;
mod entry;
mod error;
pub mod event;
mod health;
mod lifecycle;
mod milliseconds;
mod module;
mod panic;
mod per_tenant;
mod plan;
mod registry;
mod reload;
mod service;
mod signal;
mod sources;
mod tasks;
mod wiring;

pub use app::{
    App, AppConfig, Cause, Checked, Failure, Failures, Inventory, ModuleInfo, Phase, Running,
    ServiceEntry, Signals, StartError, StaticChanges, Timeline, TimelineEntry,
};
pub use context::Context;
pub use declaration::{Declaration, Provision, Scope, ServiceType};
pub use decorator::ModuleDecorator;
pub use entry::{main, main_with};
pub use error::{Class, Error};
pub use health::{
    Answer, Change, Changes, Component, Health, HealthCheck, IntoAnswer, Report, Status,
};
pub use lifecycle::{AlreadyStopping, IllegalTransition, Lifecycle, State, StopReason};
pub use module::Module;
pub use per_tenant::{PerTenant, TenantServices};
pub use plan::{Edge, EdgeKind, Graph, GraphNode, Problem, WiringErrors};
pub use registry::Services;
pub use reload::{
    Applied, Attempt, Commit, Live, Outcome, Reload, ReloadError, ReloadStatus, Reloads, Trigger,
};
#[cfg(feature = "watch")]
pub use reload::{ConfigReloadConfig, ConfigReloadModule, Watch};
pub use service::ServiceInfo;
pub use sources::{SystemClock, UuidV7};
pub use tasks::{Policy, Tasks};
pub use wiring::{WireError, Wiring};
