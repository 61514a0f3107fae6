//! Subjects that carry the tenant, on a stream that others use as well.
//!
//! What a consumer's filter leaves out, JetStream passes over for good. So nothing is published on a
//! subject with a tenant while there is a consumer that would not get it.

use std::error::Error;

use async_nats::jetstream::Context;
use futures_util::TryStreamExt;

use crate::NatsConfig;

/// A consumer that would miss events.
#[derive(Debug, thiserror::Error)]
#[error(
    "the consumer `{consumer}` takes `{filter}` only, which no subject with a tenant is: set \
     `nats.tenant-subjects` for its service too, or delete it when nobody uses it"
)]
struct Deaf {
    consumer: String,
    filter: String,
}

/// Fails while a consumer of the stream would miss events whose subject carries the tenant.
pub(crate) async fn all_listen(
    context: &Context,
    config: &NatsConfig,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = context.get_stream(&config.stream).await?;
    let mut consumers = stream.consumers();
    while let Some(consumer) = consumers.try_next().await? {
        let filter = consumer.config.filter_subject;
        if !filter.is_empty() && !filter.ends_with(".>") && filter != ">" {
            return Err(Deaf {
                consumer: consumer.name,
                filter,
            }
            .into());
        }
    }
    Ok(())
}
