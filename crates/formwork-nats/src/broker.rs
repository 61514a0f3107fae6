//! The broker.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use formwork_domain::BoxFuture;
use formwork_outbox::{Broker, BrokerError, Incomings, Message, PublishError, Subscription};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::connection::{Connection, Retired};
use crate::incomings::NatsIncomings;
use crate::{NatsConfig, names, tenants};

/// The header that names the only consumer a message is for.
pub(crate) const CONSUMER: &str = "Formwork-Consumer";

/// Events over NATS JetStream.
///
/// - An event named `order.placed` is published as `{prefix}.order.placed`, with
///   `nats.tenant-subjects` that of a tenant as `{prefix}.order.placed.{tenant}`, its identifier as
///   `Nats-Msg-Id`, so that the server drops repetitions. All messages of a call are on their way
///   at once; each is confirmed by the server.
/// - A subscription is a durable pull consumer with explicit acknowledgement, of the name of the
///   subscription, and begins with the oldest event in the stream.
/// - What a consumer gives up is kept on `dead.{prefix}.{consumer}.{event}`.
#[derive(Clone)]
pub struct NatsBroker {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// What does not change; where the servers are and how to log in is the connection's.
    pub(crate) config: NatsConfig,
    connection: ArcSwapOption<Connection>,
    pub(crate) closing: CancellationToken,
    /// Whether all consumers of the stream take subjects with a tenant, as far as known.
    listen: AtomicBool,
}

/// The broker was not opened, or is closed.
#[derive(Debug, thiserror::Error)]
#[error("the connection to NATS is not open")]
struct NotOpen;

impl NatsBroker {
    /// A broker on this server. Nothing is opened yet.
    pub fn new(config: NatsConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                config,
                connection: ArcSwapOption::empty(),
                closing: CancellationToken::new(),
                listen: AtomicBool::new(false),
            }),
        }
    }

    /// Connects. A server that cannot be reached within a second is tried again until it can;
    /// publishing says that it is unavailable meanwhile.
    ///
    /// # Errors
    /// When the URL is not valid.
    pub async fn open(&self) -> Result<(), BrokerError> {
        let opened = Connection::open(&self.shared.config).await;
        let connection = opened.map_err(|error| BrokerError::new("connect to NATS", error))?;
        // A second call changes nothing.
        let none = None::<Arc<Connection>>;
        self.shared
            .connection
            .compare_and_swap(&none, Some(Arc::new(connection)));
        Ok(())
    }

    /// A connection to where `config` says, on which the streams exist.
    pub(crate) async fn prepare(&self, config: &NatsConfig) -> Result<Connection, BrokerError> {
        let established = Connection::establish(config).await;
        let connection = established.map_err(|error| BrokerError::new("connect to NATS", error))?;
        let ensured = connection.ensure_streams(&self.shared.config).await;
        ensured.map_err(|error| BrokerError::new("reach JetStream", error))?;
        Ok(connection)
    }

    /// Uses this connection from now on. Returns the one there was, which is to be closed; `None`
    /// when there was none, or the broker is closed.
    pub(crate) fn replace(&self, connection: Connection) -> Option<Retired> {
        if self.shared.closing.is_cancelled() {
            return None;
        }
        let before = self.shared.connection.swap(Some(Arc::new(connection)));
        // It may be another server, with other consumers.
        self.shared.listen.store(false, Ordering::Relaxed);
        before.map(Connection::retire)
    }

    /// Whether the server answers and has the stream.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), BrokerError> {
        let error = |cause| BrokerError::new("reach JetStream", cause);
        let connection = self.shared.ready().await.map_err(error)?;
        // Not the account: servers before 2.10 describe it in another way.
        let stream = connection
            .context
            .get_stream(&self.shared.config.stream)
            .await;
        stream.map_err(|cause| error(cause.into()))?;
        let listen = self.shared.all_listen(&connection).await;
        listen.map_err(|cause| BrokerError::new("publish with tenants", cause))
    }

    /// Ends subscriptions, sends what is still to be sent, and disconnects.
    pub async fn close(&self) {
        self.shared.closing.cancel();
        if let Some(connection) = self.shared.connection() {
            connection.close().await;
        }
    }
}

impl Shared {
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.load_full()
    }

    /// A connection on which the streams exist.
    pub(crate) async fn ready(
        &self,
    ) -> Result<Arc<Connection>, Box<dyn std::error::Error + Send + Sync>> {
        let connection = self.connection().ok_or(NotOpen)?;
        connection.ensure_streams(&self.config).await?;
        Ok(connection)
    }

    /// Fails while a consumer of the stream would miss what is published with a tenant.
    async fn all_listen(
        &self,
        connection: &Connection,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.config.tenant_subjects && !self.listen.load(Ordering::Relaxed) {
            tenants::all_listen(&connection.context, &self.config).await?;
            self.listen.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Broker for NatsBroker {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        Box::pin(async move {
            let ready = async {
                let connection = self.shared.ready().await?;
                self.shared.all_listen(&connection).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(connection)
            };
            let connection = match ready.await {
                Ok(connection) => connection,
                Err(error) => {
                    let reason = error.to_string();
                    let unavailable = |_| Err(PublishError::Unavailable(reason.clone().into()));
                    return messages.iter().map(unavailable).collect();
                }
            };
            let mut sent = Vec::with_capacity(messages.len());
            for message in messages {
                sent.push(self.send(&connection, message).await);
            }
            let confirmed = sent.into_iter().map(async |sent| match sent?.await {
                Ok(_) => Ok(()),
                Err(error) => {
                    if error.kind() == PublishErrorKind::StreamNotFound {
                        connection.forget_streams().await;
                    }
                    Err(publish_error(error))
                }
            });
            join_all(confirmed).await
        })
    }

    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        Box::pin(async move {
            let mut incomings = NatsIncomings::new(Arc::clone(&self.shared), subscription.clone());
            incomings.open().await?;
            Ok(Box::new(incomings) as Box<dyn Incomings>)
        })
    }
}

impl NatsBroker {
    /// Writes a message to the connection; the answer comes later.
    async fn send(
        &self,
        connection: &Connection,
        message: &Message,
    ) -> Result<PublishAckFuture, PublishError> {
        let envelope = &message.envelope;
        let publish = PublishMessage::build().payload(envelope.to_json().into());
        let publish = match &message.consumer {
            // A replay would be dropped as a repetition.
            Some(consumer) => publish.header(CONSUMER, consumer.as_str()),
            None => publish.message_id(&envelope.id),
        };
        let tenant = envelope.tenant.as_ref();
        let subject = names::subject(&self.shared.config, &envelope.event, tenant);
        let sent = connection.context.send_publish(subject, publish).await;
        sent.map_err(publish_error)
    }
}

fn publish_error(error: async_nats::jetstream::context::PublishError) -> PublishError {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => PublishError::Rejected(error.into()),
        _ => PublishError::Unavailable(error.into()),
    }
}

impl fmt::Debug for NatsBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsBroker")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}
