//! What happens in the application, told to whoever wants to know.
//!
//! Modules and the application emit [`Event`]s through [`Events`]; each [`Observer`] gets them one
//! after the other, in the order they were emitted, from a bounded queue of its own. Nobody waits
//! for an observer unless it asks for that with [`Overflow::Block`]. One that fails, panics or
//! hangs is counted and gets the next event; the others do not notice. The metric
//! `observer_events_total` counts, for each observer, what became of its events: `outcome` is
//! `delivered`, `failed`, `panicked` or `dropped`.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use formwork_app::event::{Event, Observer};
//! use formwork_app::{App, Declaration, Error, Module, ServiceInfo};
//! use formwork_domain::BoxFuture;
//!
//! #[derive(Default)]
//! struct Journal(Mutex<Vec<String>>);
//!
//! impl Observer for Journal {
//!     fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
//!         Box::pin(async move {
//!             let mut lines = self.0.lock().expect("nobody panics with the lock");
//!             lines.push(format!("{} {}", event.kind, event.subject));
//!             Ok(())
//!         })
//!     }
//! }
//!
//! struct Orders;
//!
//! impl Module for Orders {
//!     fn declare(&self) -> Declaration {
//!         Declaration::new("orders")
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Arc::new(Journal::default());
//! let app = App::new(ServiceInfo::new("shop", "1.0.0"))
//!     .module(Orders)
//!     .observe(Arc::clone(&journal));
//! app.start().await?.stop().await?;
//! let lines = journal.0.lock().expect("nobody panics with the lock");
//! assert!(lines.contains(&"formwork.module.started orders".to_owned()));
//! # Ok(())
//! # }
//! ```
//!
//! # What is not promised
//!
//! Events are told, not stored: those that wait in a queue when the process is killed are lost, and
//! so are those for which a queue has no room, unless its observer is strict. What must not be lost
//! goes through the outbox. What is emitted before the application starts reaches nobody.

mod hub;
pub mod kind;
mod lane;
mod observer;
mod record;

pub use hub::Events;
pub(crate) use hub::Source;
pub use observer::{Observer, ObserverOptions, ObserverStatus, Overflow};
pub use record::Event;
