//! What a subscription receives.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::{self, AckKind};
use formwork_domain::{BoxFuture, TenantId};
use formwork_outbox::{BrokerError, Envelope, Incoming, Incomings, Settle, Subscription};
use futures_util::{FutureExt, StreamExt};

use crate::broker::{CONSUMER, Shared};
use crate::connection::Connection;
use crate::delivery::Delivery;
use crate::filter::Filter;
use crate::names;

/// How long the server keeps a request for messages open.
const EXPIRES: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(3);

/// The pauses between two attempts to mend a subscription.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The deliveries of a durable pull consumer.
pub(crate) struct NatsIncomings {
    shared: Arc<Shared>,
    subscription: Subscription,
    open: Option<Open>,
    pause: Duration,
}

/// What is received from.
struct Open {
    connection: Arc<Connection>,
    messages: pull::Stream,
    /// How many more are taken from a connection that is retired: those that are here already.
    leftovers: usize,
}

impl Open {
    /// The next message; `None` when there will be no more.
    async fn next(&mut self) -> Option<Result<jetstream::Message, pull::MessagesError>> {
        let retired = self.connection.retired.clone();
        let next = self.messages.next();
        if !retired.is_cancelled() {
            return tokio::select! {
                biased;
                next = next => next,
                () = retired.cancelled() => None,
            };
        }
        self.leftovers = self.leftovers.checked_sub(1)?;
        next.now_or_never().flatten()
    }
}

impl NatsIncomings {
    pub(crate) fn new(shared: Arc<Shared>, subscription: Subscription) -> Self {
        Self {
            shared,
            subscription,
            open: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Creates the consumer, if there is none of the name, and begins to receive.
    pub(crate) async fn open(&mut self) -> Result<(), BrokerError> {
        let error = |error| BrokerError::new("subscribe", error);
        let config = &self.shared.config;
        let connection = self.shared.ready().await.map_err(error)?;
        let filter = Filter::settle(&connection.context, config, &self.subscription).await;
        let filter = filter.map_err(error)?;
        let consumer = pull::Config {
            durable_name: Some(names::durable(&self.subscription.consumer)),
            deliver_policy: filter.begin,
            ack_policy: AckPolicy::Explicit,
            ack_wait: config.ack_wait,
            max_ack_pending: self.subscription.limit.try_into().unwrap_or(i64::MAX),
            filter_subject: filter.subject,
            num_replicas: config.replicas as usize,
            ..pull::Config::default()
        };
        let consumer = connection
            .context
            .create_consumer_on_stream(consumer, &config.stream)
            .await
            .map_err(|cause| error(cause.into()))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(self.subscription.limit)
            .expires(EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|cause| error(cause.into()))?;
        self.open = Some(Open {
            connection,
            messages,
            leftovers: self.subscription.limit,
        });
        self.pause = FIRST_PAUSE;
        Ok(())
    }

    async fn receive(&mut self) -> Incoming {
        loop {
            let Some(open) = &mut self.open else {
                if let Err(error) = self.open().await {
                    self.log(&error);
                    self.pause().await;
                }
                continue;
            };
            match open.next().await {
                Some(Ok(message)) => {
                    let connection = Arc::clone(&open.connection);
                    if let Some(incoming) = self.incoming(message, connection).await {
                        return incoming;
                    }
                }
                // Another connection has taken the place of the one that is disturbed.
                Some(Err(_)) if open.connection.retired.is_cancelled() => self.open = None,
                Some(Err(error)) => {
                    self.open = None;
                    self.log(&error);
                    self.pause().await;
                }
                None => self.open = None,
            }
        }
    }

    /// The delivery, unless it is not for us or no event at all; then it is settled here.
    async fn incoming(
        &self,
        message: jetstream::Message,
        connection: Arc<Connection>,
    ) -> Option<Incoming> {
        let (message, acker) = message.split();
        let attempt = acker_attempt(&message);
        let envelope = match Envelope::from_json(&message.payload) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(
                    subject = %message.subject,
                    consumer = self.subscription.consumer,
                    error = &error as &dyn std::error::Error,
                    "received what is no event; it is a dead letter now"
                );
                let event = message.subject.as_str();
                let event = event
                    .strip_prefix(&self.shared.config.prefix)
                    .unwrap_or(event);
                let event = event.trim_start_matches('.');
                // Whose it is, is in its subject at most.
                let delivery = self.delivery(event, None, message.payload, acker, connection);
                let buried = Box::new(delivery)
                    .dead_letter(attempt, error.to_string())
                    .await;
                if let Err(error) = buried {
                    self.log(&error);
                }
                return None;
            }
        };
        let addressee = message
            .headers
            .as_ref()
            .and_then(|headers| headers.get(CONSUMER));
        let for_others = addressee.is_some_and(|it| it.as_str() != self.subscription.consumer);
        if for_others || !self.subscription.wants(&envelope.event) {
            if let Err(error) = acker.ack_with(AckKind::Ack).await {
                self.log(&BrokerError::new("skip an event", error));
            }
            return None;
        }
        let tenant = envelope.tenant.clone();
        let delivery = self.delivery(&envelope.event, tenant, message.payload, acker, connection);
        Some(Incoming {
            envelope,
            attempt,
            settle: Box::new(delivery),
        })
    }

    fn delivery(
        &self,
        event: &str,
        tenant: Option<TenantId>,
        payload: bytes::Bytes,
        acker: jetstream::message::Acker,
        connection: Arc<Connection>,
    ) -> Delivery {
        Delivery {
            shared: Arc::clone(&self.shared),
            _connection: connection,
            consumer: self.subscription.consumer.clone(),
            event: event.to_owned(),
            tenant,
            payload,
            acker,
        }
    }

    /// Waits before the next attempt to mend the subscription.
    async fn pause(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn log(&self, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(
            consumer = self.subscription.consumer,
            error,
            "a subscription is disturbed"
        );
    }
}

/// Which delivery it is, as the server counts.
fn acker_attempt(message: &async_nats::Message) -> u32 {
    // `$JS.ACK.stream.consumer.delivered.…`, or with domain and account before the stream.
    let reply = message.reply.as_deref().unwrap_or_default();
    let tokens: Vec<&str> = reply.split('.').collect();
    let index = if tokens.len() > 9 { 6 } else { 4 };
    tokens
        .get(index)
        .and_then(|it| it.parse().ok())
        .unwrap_or(1)
}

impl Incomings for NatsIncomings {
    fn next(&mut self) -> BoxFuture<'_, Option<Incoming>> {
        Box::pin(async {
            let closing = self.shared.closing.clone();
            closing.run_until_cancelled(self.receive()).await
        })
    }
}
