//! The connection, and the streams on it.

use std::error::Error;
use std::future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{self, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, connection::State};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::NatsConfig;
use crate::servers::{Login, Servers};

/// The pause between two attempts to connect grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long the first attempt to connect is waited for.
const FIRST_ATTEMPT: Duration = Duration::from_secs(1);

/// A client that has lost its server and is not needed any more would try for ever: it cannot be told
/// to give up, only to wait.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// A connection that mends itself. Whoever uses it holds an `Arc` of it.
pub(crate) struct Connection {
    pub(crate) context: Context,
    client: Client,
    /// How long closing may take.
    timeout: Duration,
    /// Whether the streams exist, as far as known. Locked while they are created.
    streams: Mutex<bool>,
    /// Cancelled when another one has taken its place: who receives from it goes over to that.
    pub(crate) retired: CancellationToken,
    /// Cancelled when nobody uses it any more.
    unused: CancellationToken,
}

/// A connection whose place another one has taken, for as long as somebody may use it.
pub(crate) struct Retired {
    client: Client,
    timeout: Duration,
    unused: CancellationToken,
}

/// The server is not reached at the moment.
#[derive(Debug, thiserror::Error)]
#[error("not connected to NATS")]
pub(crate) struct NotConnected;

impl Connection {
    /// Connects, or has tried once: a server that cannot be reached is tried again until it can.
    /// Returns within a second.
    pub(crate) async fn open(config: &NatsConfig) -> Result<Self, async_nats::ConnectError> {
        let retired = CancellationToken::new();
        let (tried, mut first) = watch::channel(false);
        let options = options(config, &retired, move || {
            tried.send_replace(true);
        });
        let options = options.retry_on_initial_connect();
        let client = options.connect(Servers::of(config).addresses).await?;
        // Whoever asks next finds a server that is there connected.
        let attempt = first.wait_for(|tried| *tried);
        tokio::time::timeout(FIRST_ATTEMPT, attempt).await.ok();
        Ok(Self::on(client, config, retired))
    }

    /// Connects, or says why it could not.
    pub(crate) async fn establish(config: &NatsConfig) -> Result<Self, async_nats::ConnectError> {
        let retired = CancellationToken::new();
        let options = options(config, &retired, || ());
        let client = options.connect(Servers::of(config).addresses).await?;
        Ok(Self::on(client, config, retired))
    }

    fn on(client: Client, config: &NatsConfig, retired: CancellationToken) -> Self {
        Self {
            context: ContextBuilder::new()
                .timeout(config.timeout)
                .ack_timeout(config.timeout)
                .build(client.clone()),
            client,
            timeout: config.timeout,
            streams: Mutex::new(false),
            retired,
            unused: CancellationToken::new(),
        }
    }

    /// Another one has taken its place.
    pub(crate) fn retire(self: Arc<Self>) -> Retired {
        self.retired.cancel();
        Retired {
            client: self.client.clone(),
            timeout: self.timeout,
            unused: self.unused.clone(),
        }
    }

    /// Sends what is still to be sent, and disconnects.
    pub(crate) async fn close(&self) {
        close(&self.client, self.timeout).await;
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
impl Drop for Connection {
    fn drop(&mut self) {
        self.retired.cancel();
        self.unused.cancel();
    }
}

impl Retired {
    /// Disconnects when nobody uses it any more, or when `end` has come. May not be dropped: what is
    /// still to be sent would be lost.
    pub(crate) async fn close_after(self, end: impl Future<Output = ()>) {
        tokio::select! {
            () = self.unused.cancelled() => {}
            () = end => {}
        }
        close(&self.client, self.timeout).await;
    }
}

async fn close(client: &Client, timeout: Duration) {
    if client.connection_state() != State::Connected {
        return;
    }
    let drained = async {
        client.flush().await?;
        client.drain().await?;
        Ok::<_, async_nats::Error>(())
    };
    match tokio::time::timeout(timeout, drained).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "could not drain the connection to NATS"),
        Err(_) => tracing::debug!("could not drain the connection to NATS in time"),
    }
}

/// How to connect; whatever comes of an attempt, `tried` is called.
fn options(
    config: &NatsConfig,
    retired: &CancellationToken,
    tried: impl Fn() + Send + Sync + 'static,
) -> ConnectOptions {
    let (waits, told) = (retired.clone(), retired.clone());
    let options = ConnectOptions::new()
        .name("formwork")
        .connection_timeout(config.timeout)
        .request_timeout(Some(config.timeout))
        .ping_interval(Duration::from_secs(10))
        .max_reconnects(None)
        .reconnect_delay_callback(move |attempt| match waits.is_cancelled() {
            true => NEVER,
            false => pause_before(attempt),
        })
        .event_callback(move |event| {
            match event {
                Event::Connected => tracing::info!("connected to NATS"),
                event if told.is_cancelled() => {
                    tracing::debug!(%event, "a former connection to NATS");
                }
                event => tracing::warn!(%event, "NATS"),
            }
            tried();
            future::ready(())
        });
    match Servers::of(config).login {
        None => options,
        Some(Login::Token(token)) => options.token(token.expose().clone()),
        Some(Login::Password(user, password)) => {
            options.user_and_password(user, password.expose().clone())
        }
    }
}

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
