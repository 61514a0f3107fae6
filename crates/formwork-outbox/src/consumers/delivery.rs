//! Handles one delivery and settles it.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Consumer;
use crate::backoff::Backoff;
use crate::relay::reason;
use crate::{BrokerError, Envelope, HandlerError, Incoming, Settle};

/// How long to stand back after a conflict: about as long as a transaction takes, and more when it
/// happens again.
const CONFLICT_FIRST: Duration = Duration::from_millis(1);
const CONFLICT_LONGEST: Duration = Duration::from_millis(64);

impl Consumer {
    /// Handles a delivery and settles it. A failed one is tried again here, unless the broker
    /// brings it back in order by itself.
    pub(super) async fn deliver(&self, incoming: Incoming, stop: &CancellationToken) {
        let Incoming {
            envelope,
            mut attempt,
            settle,
        } = incoming;
        let backoff = Backoff::new(self.config.retry_first, self.config.retry_longest);
        loop {
            let (retry, error) = match self.attempt(&envelope, settle.as_ref()).await {
                Ok(()) => {
                    self.count("handled");
                    return self.settled(&envelope, settle.ack().await);
                }
                Err(HandlerError::Retry(error)) => (attempt < self.config.attempts, error),
                Err(HandlerError::Poison(error)) => (false, error),
            };
            if !retry {
                let reason = self.given_up(&envelope, attempt, error.as_ref());
                return self.settled(&envelope, settle.dead_letter(attempt, reason).await);
            }
            self.failed(&envelope, attempt, error.as_ref());
            drop(error);
            let wait = backoff.after(attempt);
            if self.broker.redelivers_in_order() {
                return self.settled(&envelope, settle.retry(wait).await);
            }
            if !self.wait(wait, settle.as_ref(), stop).await {
                return self.give_back(settle).await;
            }
            attempt = attempt.saturating_add(1);
        }
    }

    async fn attempt(&self, envelope: &Envelope, settle: &dyn Settle) -> Result<(), HandlerError> {
        // Calling the handler may panic as well as awaiting what it returns.
        let handling = AssertUnwindSafe(self.handle(envelope));
        let handling = timeout(self.config.timeout, handling.catch_unwind());
        match self.while_working(handling, settle).await {
            Ok(Ok(Err(error))) if error.is_already_handled() => Ok(()),
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(HandlerError::Retry(panic_message(panic.as_ref()).into())),
            Err(_) => {
                let limit = self.config.timeout;
                Err(HandlerError::Retry(
                    format!("took longer than {limit:?}").into(),
                ))
            }
        }
    }

    /// Calls the handler, and again when somebody else saved the aggregate in the meantime. That is
    /// no failure: on an aggregate that many events change it happens all the time, and costs no
    /// attempt. Of those who meet there one gets on each time; the attempt's time bounds the rest.
    async fn handle(&self, envelope: &Envelope) -> Result<(), HandlerError> {
        let mut backoff = Backoff::new(CONFLICT_FIRST, CONFLICT_LONGEST);
        loop {
            match self.handler.handle(envelope).await {
                Err(error) if error.is_conflict() => {
                    self.count("conflict");
                    sleep(backoff.next()).await;
                }
                result => return result,
            }
        }
    }

    /// Waits before the next attempt. Returns whether there is to be one.
    async fn wait(&self, wait: Duration, settle: &dyn Settle, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = self.while_working(sleep(wait), settle) => true,
            () = stop.cancelled() => false,
        }
    }

    async fn while_working<T>(&self, work: impl Future<Output = T>, settle: &dyn Settle) -> T {
        let period = self.config.working;
        let mut ticks = interval_at(tokio::time::Instant::now() + period, period);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                value = &mut work => return value,
                _ = ticks.tick() => self.tell_working(settle).await,
            }
        }
    }

    pub(super) async fn tell_working(&self, settle: &dyn Settle) {
        if let Err(error) = settle.working().await {
            tracing::debug!(
                consumer = self.name(),
                error = &error as &dyn Error,
                "could not extend a delivery"
            );
        }
    }

    /// Hands a delivery back untouched.
    pub(super) async fn give_back(&self, settle: Box<dyn Settle>) {
        if let Err(error) = settle.retry(Duration::ZERO).await {
            tracing::debug!(
                consumer = self.name(),
                error = &error as &dyn Error,
                "could not give a delivery back; it comes again by itself"
            );
        }
    }

    fn failed(&self, envelope: &Envelope, attempt: u32, error: &(dyn Error + 'static)) {
        self.count("retried");
        tracing::warn!(
            consumer = self.name(),
            event = envelope.event,
            id = envelope.id,
            key = envelope.partition_key,
            attempt,
            error,
            "could not handle an event; trying again"
        );
    }

    /// Returns why.
    fn given_up(&self, envelope: &Envelope, attempt: u32, error: &(dyn Error + 'static)) -> String {
        self.count("dead");
        tracing::error!(
            consumer = self.name(),
            event = envelope.event,
            id = envelope.id,
            key = envelope.partition_key,
            attempt,
            error,
            "could not handle an event; it is a dead letter now"
        );
        reason(error)
    }

    fn settled(&self, envelope: &Envelope, result: Result<(), BrokerError>) {
        if let Err(error) = result {
            tracing::warn!(
                consumer = self.name(),
                event = envelope.event,
                id = envelope.id,
                error = &error as &dyn Error,
                "could not settle a delivery; it comes again"
            );
        }
    }

    fn count(&self, outcome: &'static str) {
        let consumer = self.name().to_owned();
        metrics::counter!("events_consumed_total", "consumer" => consumer, "outcome" => outcome)
            .increment(1);
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    match message {
        Some(message) => format!("the handler panicked: {message}"),
        None => "the handler panicked".to_owned(),
    }
}
