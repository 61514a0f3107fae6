//! The contract of `Module`.

mod suite;
mod usage;
mod watched;

use std::fmt;

use formwork_app::Module;

pub use suite::ModuleSuite;

/// Checks a module: await what this returns.
///
/// - It declares the same thing every time, and nothing happens meanwhile.
/// - Every default in the sample of its configuration can be read and is allowed.
/// - Wiring it opens nothing and spawns nothing.
/// - It starts and stops in order, within the deadlines, more than once in a process, and leaves
///   no task behind.
/// - A start that is cut off at any `await` leaves nothing behind that is in the way of the next.
/// - Neither its `Debug` nor that of the application shows a secret that was set.
///
/// What it needs from others and what it must be told comes with
/// [`within`](ModuleSuite::within).
///
/// ```
/// use formwork_app::{Declaration, Module};
/// use formwork_test::conformance;
///
/// #[derive(Debug)]
/// struct Greeter;
///
/// impl Module for Greeter {
///     fn declare(&self) -> Declaration {
///         Declaration::new("greeter")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// conformance::module(|| Greeter).await;
/// # }
/// ```
///
/// # Panics
/// When a part of the contract does not hold.
pub fn module<M: Module + fmt::Debug>(make: impl Fn() -> M + 'static) -> ModuleSuite<M> {
    ModuleSuite::new(make)
}
