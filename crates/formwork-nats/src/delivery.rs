//! One delivery, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::{Acker, PublishMessage};
use bytes::Bytes;
use formwork_domain::{BoxFuture, TenantId};
use formwork_outbox::{BrokerError, Settle};

use crate::broker::Shared;
use crate::connection::Connection;
use crate::names;

/// A delivery that is not settled.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<Shared>,
    pub(crate) consumer: String,
    pub(crate) event: String,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) payload: Bytes,
    pub(crate) acker: Acker,
    /// The one it is settled on, which stays open until it is.
    pub(crate) _connection: Arc<Connection>,
}

impl Settle for Delivery {
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), BrokerError>> {
        Box::pin(async move { self.say("acknowledge an event", AckKind::Ack).await })
    }

    fn retry(self: Box<Self>, after: Duration) -> BoxFuture<'static, Result<(), BrokerError>> {
        Box::pin(async move {
            self.say("ask for an event again", AckKind::Nak(Some(after)))
                .await
        })
    }

    fn dead_letter(
        self: Box<Self>,
        attempts: u32,
        reason: String,
    ) -> BoxFuture<'static, Result<(), BrokerError>> {
        const ATTEMPTED: &str = "keep a dead letter";
        Box::pin(async move {
            let error = |cause| BrokerError::new(ATTEMPTED, cause);
            let connection = self.shared.ready().await.map_err(error)?;
            let (config, tenant) = (&self.shared.config, self.tenant.as_ref());
            let subject = names::dead_subject(config, &self.consumer, &self.event, tenant);
            // Headers are lines.
            let reason = reason.replace(['\r', '\n'], " ");
            let message = PublishMessage::build()
                .payload(self.payload.clone())
                .header("Formwork-Consumer", self.consumer.as_str())
                .header("Formwork-Attempts", attempts.to_string().as_str())
                .header("Formwork-Reason", reason.as_str());
            let sent = connection.context.send_publish(subject, message).await;
            let kept = sent.map_err(|cause| error(cause.into()))?.await;
            kept.map_err(|cause| error(cause.into()))?;
            // Only now: until it is kept it must not be lost.
            self.say(ATTEMPTED, AckKind::Term).await
        })
    }

    fn working(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        Box::pin(self.say("keep an event", AckKind::Progress))
    }
}

impl Delivery {
    async fn say(&self, attempted: &'static str, kind: AckKind) -> Result<(), BrokerError> {
        let said = self.acker.ack_with(kind).await;
        said.map_err(|error| BrokerError::new(attempted, error))
    }
}
