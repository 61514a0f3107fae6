#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod backoff;
mod broker;
mod consumers;
mod envelope;
mod handler;
mod idempotency;
mod in_process;
mod inbox;
mod memory;
mod modules;
mod notifier;
mod operations;
mod relay;
mod store;

pub use broker::{
    Broker, BrokerError, Incoming, Incomings, Message, PublishError, Settle, Subscription,
};
pub use consumers::{Consumer, ConsumersConfig};
pub use envelope::{Envelope, EnvelopeError};
pub use handler::{Handler, HandlerError};
pub use idempotency::IdempotencyStore;
pub use in_process::InProcessBroker;
pub use inbox::InboxStore;
pub use memory::MemoryStore;
pub use modules::{
    Consumers, ConsumersModule, EventPublisherModule, HealthEventsModule, InProcessBrokerModule,
    PollingModule, RelayModule,
};
pub use notifier::{Hints, LocalNotifier, Notifier};
pub use operations::StoredOperations;
pub use relay::{AfterDeath, OutboxConfig, Relay};
pub use store::{
    Claim, Claimed, Dead, DeadId, Lease, OutboxStore, Pending, Position, Settlement, Stats,
    StoreError, Verdict, partition_of,
};
