//! What the durable consumer of a subscription lets through, also when it was there before.

use std::error::Error;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{Context, ErrorCode};
use formwork_outbox::Subscription;

use crate::{NatsConfig, names};

/// A filter, and where delivery begins.
pub(crate) struct Filter {
    pub(crate) subject: String,
    pub(crate) begin: DeliverPolicy,
}

impl Filter {
    /// As little as the subscription can do with, but no less than its consumer had: whoever set
    /// that up before may rely on it, such as a replica with another configuration.
    ///
    /// A consumer with a filter that will not do makes way for a new one, which begins where it
    /// stood: the server takes another filter, but version 2.9 then lets nothing through when the
    /// one has wildcards and the other has not. What was delivered and not settled comes again.
    pub(crate) async fn settle(
        context: &Context,
        config: &NatsConfig,
        subscription: &Subscription,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let wanted = names::filter(config, subscription);
        let name = names::durable(&subscription.consumer);
        let stream = &config.stream;
        let before = context.get_consumer_from_stream::<pull::Config, _, _>(&name, stream);
        let before = match before.await {
            Ok(consumer) => consumer.cached_info().clone(),
            Err(error) if is_unknown(&error.kind()) => {
                return Ok(Self {
                    subject: wanted,
                    begin: DeliverPolicy::All,
                });
            }
            Err(error) => return Err(error.into()),
        };
        let subject = before.config.filter_subject;
        let family = subject.strip_suffix('>');
        if subject.is_empty()
            || subject == wanted
            || family.is_some_and(|it| wanted.starts_with(it))
        {
            return Ok(Self {
                subject,
                begin: before.config.deliver_policy,
            });
        }
        let start_sequence = before.ack_floor.stream_sequence + 1;
        tracing::info!(
            consumer = subscription.consumer,
            before = subject,
            after = wanted,
            start_sequence,
            "a consumer lets more through from now on"
        );
        context.delete_consumer_from_stream(&name, stream).await?;
        Ok(Self {
            subject: wanted,
            begin: DeliverPolicy::ByStartSequence { start_sequence },
        })
    }
}

fn is_unknown(kind: &ConsumerErrorKind) -> bool {
    match kind {
        ConsumerErrorKind::JetStream(error) => error.error_code() == ErrorCode::CONSUMER_NOT_FOUND,
        _ => false,
    }
}
