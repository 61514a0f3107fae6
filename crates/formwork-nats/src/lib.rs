#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod broker;
mod connection;
mod delivery;
mod filter;
mod incomings;
mod module;
mod names;
mod options;
mod servers;
mod tenants;

pub use broker::NatsBroker;
pub use module::NatsModule;
pub use options::NatsConfig;
