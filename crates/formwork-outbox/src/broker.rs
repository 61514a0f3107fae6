//! What carries events from the relay to consumers.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use formwork_domain::BoxFuture;

use crate::Envelope;

/// Carries events, durably, at least once.
///
/// # Contract
/// - [`publish`](Self::publish) answers for every message, in order. `Ok` means that the broker
///   will still have it after it crashed (as far as its configuration goes), never that it was
///   merely written to a socket.
/// - It answers in bounded time: what is not confirmed by then is not available.
/// - The message's identifier is handed to the broker's deduplication where it has one.
/// - An outage is [`PublishError::Unavailable`] and costs the event nothing; a message that will
///   never be taken is [`PublishError::Rejected`]. Mixing them up either loses events in an outage
///   or blocks a key for ever.
pub trait Broker: Send + Sync {
    /// Hands messages over, all on their way at once, and waits until each is confirmed or not.
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>>;

    /// Starts to receive as a durable consumer: what is published while nobody listens is
    /// delivered later. Subscribing twice under one name shares the work. A broker that cannot be
    /// reached is an error, not a reason to wait.
    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>>;

    /// Whether [`publish`](Self::publish) never takes a message after it failed to take an earlier
    /// one of the same key in the same call; such later ones are [`PublishError::Withheld`]. When
    /// not, the relay never has two messages of one key in a call.
    fn publishes_in_order(&self) -> bool {
        false
    }

    /// Whether a delivery given back with [`Settle::retry`] comes again before any later one of
    /// its key. When not, the consumer keeps it and tries again by itself while later ones wait.
    fn redelivers_in_order(&self) -> bool {
        false
    }
}

/// An event on its way to the broker.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event.
    pub envelope: Envelope,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The only consumer it is for. Brokers that cannot address one deliver to all; their
    /// inboxes make that harmless.
    pub consumer: Option<String>,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The broker cannot be reached or does not answer in time. Says nothing about the message.
    #[error("the broker is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The broker will not take this message.
    #[error("the broker rejected the message")]
    Rejected(#[source] Box<dyn Error + Send + Sync>),
    /// A consumer inside the publishing process asks for it again later. Bounded by the consumer,
    /// not by the relay.
    #[error("a consumer asked for the message again later")]
    Later {
        /// How much later.
        after: Duration,
    },
    /// Nothing happened to it: an earlier message of the same key was not taken, or a consumer
    /// that is stopping gave it back. It comes with a later batch.
    #[error("the message was not looked at")]
    Withheld,
}

/// Who wants to receive what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The durable name of the consumer, such as `payment.request-on-order-placed`.
    pub consumer: String,
    /// The events it wants: `order.placed`, `order.*`, or `*` for all.
    pub subjects: Vec<String>,
    /// How many deliveries may be unsettled at a time.
    pub limit: usize,
}

impl Subscription {
    /// Whether it wants an event of this name.
    pub fn wants(&self, event: &str) -> bool {
        self.subjects
            .iter()
            .any(|subject| match subject.strip_suffix('*') {
                Some(prefix) => event.starts_with(prefix),
                None => subject == event,
            })
    }
}

/// The stream of deliveries to a subscriber. Dropping it ends the subscription, not the durable
/// consumer.
pub trait Incomings: Send {
    /// The next delivery, or `None` when the broker is closing. Connections that break are mended
    /// inside. May be dropped and called again without losing a delivery.
    fn next(&mut self) -> BoxFuture<'_, Option<Incoming>>;
}

/// One delivery. Dropped unsettled, it is delivered again.
pub struct Incoming {
    /// The event.
    pub envelope: Envelope,
    /// Which delivery of it this is, from 1, as far as the broker knows.
    pub attempt: u32,
    /// What settles it.
    pub settle: Box<dyn Settle>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("envelope", &self.envelope)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// Says what became of a delivery. After an error it may be delivered again.
pub trait Settle: Send + Sync {
    /// It was handled.
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), BrokerError>>;

    /// It is wanted again, later. After no time at all: it is given back untouched.
    fn retry(self: Box<Self>, after: Duration) -> BoxFuture<'static, Result<(), BrokerError>>;

    /// It is given up: kept where an operator finds it, and not delivered again.
    fn dead_letter(
        self: Box<Self>,
        attempts: u32,
        reason: String,
    ) -> BoxFuture<'static, Result<(), BrokerError>>;

    /// It is still being worked on: do not deliver it again yet. Called every few seconds.
    fn working(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Why a broker could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("could not {attempted}")]
pub struct BrokerError {
    /// What was being attempted, such as `subscribe`.
    pub attempted: &'static str,
    /// The client's error.
    pub source: Box<dyn Error + Send + Sync>,
}

impl BrokerError {
    /// The broker failed while `attempted` was being done.
    pub fn new(attempted: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            attempted,
            source: source.into(),
        }
    }
}
