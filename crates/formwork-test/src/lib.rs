#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod clock;
pub mod conformance;
mod harness;
mod identifiers;
mod wait;

pub use clock::FakeClock;
pub use harness::{AppHarness, StartedApp};
pub use identifiers::CountingIdentifiers;
pub use wait::eventually;

/// The examples of the guide are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/writing-a-module.md")]
struct Guide;
