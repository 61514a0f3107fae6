//! The parts of an application that this crate brings.

mod consumers;
mod event_publisher;
mod health_events;
mod in_process_broker;
mod polling;
mod publish;
mod relay;
mod retention;

pub use consumers::{Consumers, ConsumersModule};
pub use event_publisher::EventPublisherModule;
pub use health_events::HealthEventsModule;
pub use in_process_broker::InProcessBrokerModule;
pub use polling::PollingModule;
pub use relay::RelayModule;
