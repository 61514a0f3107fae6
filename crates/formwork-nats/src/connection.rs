//! The connection, and the streams on it.

use std::error::Error;
use std::future;
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{self, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, connection::State};
use tokio::sync::{Mutex, watch};

use crate::NatsConfig;
use crate::servers::{Login, Servers};

/// The pause between two attempts to connect grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long the first attempt to connect is waited for.
const FIRST_ATTEMPT: Duration = Duration::from_secs(1);

/// A connection that mends itself.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) context: Context,
    /// Whether the streams exist, as far as known. Locked while they are created.
    streams: Mutex<bool>,
}

/// The server is not reached at the moment.
#[derive(Debug, thiserror::Error)]
#[error("not connected to NATS")]
pub(crate) struct NotConnected;

impl Connection {
    /// Connects, or has tried once: a server that cannot be reached is tried again until it can.
    /// Returns within a second.
    pub(crate) async fn open(config: &NatsConfig) -> Result<Self, async_nats::ConnectError> {
        let (tried, mut first) = watch::channel(false);
        let options = ConnectOptions::new()
            .name("formwork")
            .connection_timeout(config.timeout)
            .request_timeout(Some(config.timeout))
            .ping_interval(Duration::from_secs(10))
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(pause_before)
            .event_callback(move |event| {
                match event {
                    Event::Connected => tracing::info!("connected to NATS"),
                    event => tracing::warn!(%event, "NATS"),
                }
                tried.send_replace(true);
                future::ready(())
            });
        let Servers { addresses, login } = Servers::of(config);
        let options = match login {
            None => options,
            Some(Login::Token(token)) => options.token(token.expose().clone()),
            Some(Login::Password(user, password)) => {
                options.user_and_password(user, password.expose().clone())
            }
        };
        let client = options.connect(addresses).await?;
        // Whoever asks next finds a server that is there connected.
        let attempt = first.wait_for(|tried| *tried);
        tokio::time::timeout(FIRST_ATTEMPT, attempt).await.ok();
        let context = ContextBuilder::new()
            .timeout(config.timeout)
            .ack_timeout(config.timeout)
            .build(client.clone());
        Ok(Self {
            client,
            context,
            streams: Mutex::new(false),
        })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Creates the streams that do not exist yet.
    pub(crate) async fn ensure_streams(
        &self,
        config: &NatsConfig,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if !self.is_connected() {
            return Err(NotConnected.into());
        }
        let mut exist = self.streams.lock().await;
        if !*exist {
            let events = format!("{}.>", config.prefix);
            self.ensure_stream(config, config.stream.clone(), events)
                .await?;
            let dead = format!("dead.{}.>", config.prefix);
            self.ensure_stream(config, format!("{}-dead", config.stream), dead)
                .await?;
            *exist = true;
        }
        Ok(())
    }

    /// Somebody noticed that a stream is gone: it is created again before the next use.
    pub(crate) async fn forget_streams(&self) {
        *self.streams.lock().await = false;
    }

    async fn ensure_stream(
        &self,
        config: &NatsConfig,
        name: String,
        subject: String,
    ) -> Result<Stream, jetstream::context::CreateStreamError> {
        let stream = stream::Config {
            name,
            subjects: vec![subject],
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            max_age: config.retention,
            duplicate_window: config.duplicate_window.min(config.retention),
            num_replicas: config.replicas as usize,
            ..stream::Config::default()
        };
        self.context.get_or_create_stream(stream).await
    }
}

/// How long to wait before this attempt to connect, counted from one since the last success.
fn pause_before(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(2)).map_or(10, |many| many.min(10));
    match attempt {
        0 | 1 => Duration::ZERO,
        _ => (Duration::from_millis(40) * 2_u32.pow(doublings)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_is_made_at_once_and_later_ones_wait_longer_and_longer() {
        let pauses = [1, 2, 3, 8, usize::MAX].map(|attempt| pause_before(attempt).as_millis());
        assert_eq!(pauses, [0, 40, 80, 2_000, 2_000]);
    }
}
