//! Publishing beside the outbox: one envelope, until the broker has taken or rejected it.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::{Broker, Envelope, Message, PublishError};

const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_LONGEST: Duration = Duration::from_secs(15);

/// Tries until the broker has taken it.
///
/// # Errors
/// Why the broker rejected it.
pub(super) async fn publish(
    broker: &dyn Broker,
    envelope: Envelope,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
    let mut message = [Message {
        envelope,
        attempt: 1,
        consumer: None,
    }];
    loop {
        // A broker answers for every message; one that does not has not taken it.
        let pause = match broker.publish(&message).await.pop() {
            Some(Ok(())) => return Ok(()),
            Some(Err(PublishError::Rejected(source))) => return Err(source),
            Some(Err(PublishError::Later { after })) => after,
            Some(Err(PublishError::Unavailable(_) | PublishError::Withheld)) | None => {
                backoff.next()
            }
        };
        sleep(pause).await;
        message[0].attempt = message[0].attempt.saturating_add(1);
    }
}
