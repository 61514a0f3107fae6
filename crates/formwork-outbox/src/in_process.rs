//! A broker without a broker: consumers in the publishing process.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use formwork_domain::BoxFuture;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Broker, BrokerError, Envelope, Incoming, Incomings, Message, OutboxStore, PublishError, Settle,
    Subscription,
};

/// Of how many unfinished messages it is remembered who has handled them.
const REMEMBERED: usize = 10_000;

/// Delivers straight from the outbox to the consumers of the process.
///
/// It keeps nothing, and loses nothing: a message counts as published only when every consumer
/// that wants it has handled it or buried it. Until then the row stays in the outbox, so a crash
/// in between means that it is delivered again, which the consumers' inboxes make harmless. What
/// one consumer cannot handle becomes a dead letter of that consumer and delays nobody else.
///
/// Consumers must have subscribed before the first message is published. A consumer that has
/// subscribed once is waited for from then on.
pub struct InProcessBroker {
    store: Arc<dyn OutboxStore>,
    consumers: Mutex<Vec<Arc<Subscriber>>>,
    /// Who has handled those messages that somebody still wants again.
    handled: Mutex<HashMap<String, HashSet<String>>>,
    budget: Duration,
}

impl InProcessBroker {
    /// A broker that keeps dead letters in the store.
    pub fn new(store: Arc<dyn OutboxStore>) -> Self {
        Self {
            store,
            consumers: Mutex::default(),
            handled: Mutex::default(),
            budget: Duration::from_secs(1),
        }
    }

    /// Delivers the messages of one key one after the other. When the time is up the rest is
    /// withheld, so that one busy key does not keep the relay from all others.
    async fn deliver_in_order(
        &self,
        messages: Vec<(usize, &Message)>,
        until: Instant,
    ) -> Vec<(usize, Result<(), PublishError>)> {
        let mut results = Vec::with_capacity(messages.len());
        let mut open = true;
        for (index, message) in messages {
            if !open {
                results.push((index, Err(PublishError::Withheld)));
                continue;
            }
            let result = self.deliver(message).await;
            open = result.is_ok() && Instant::now() < until;
            results.push((index, result));
        }
        results
    }

    /// Delivers to every consumer that wants the message and has not handled it.
    async fn deliver(&self, message: &Message) -> Result<(), PublishError> {
        let done = lock(&self.handled)
            .get(&message.envelope.id)
            .cloned()
            .unwrap_or_default();
        let deliveries: Vec<_> = lock(&self.consumers)
            .iter()
            .filter(|consumer| {
                consumer.wants(message) && !done.contains(&consumer.subscription.consumer)
            })
            .map(Arc::clone)
            .map(|consumer| self.deliver_to(consumer, message))
            .collect();

        let mut failure = None;
        for failed in join_all(deliveries).await.into_iter().flatten() {
            failure = Some(worse(failure, failed));
        }
        match failure {
            None => {
                lock(&self.handled).remove(&message.envelope.id);
                Ok(())
            }
            Some(failure) => Err(failure),
        }
    }

    async fn deliver_to(
        &self,
        consumer: Arc<Subscriber>,
        message: &Message,
    ) -> Option<PublishError> {
        let name = &consumer.subscription.consumer;
        match consumer.send(message).await {
            Some(Answer::Handled) => {}
            Some(Answer::Later(Duration::ZERO)) => return Some(PublishError::Withheld),
            Some(Answer::Later(after)) => return Some(PublishError::Later { after }),
            Some(Answer::Dead { attempts, reason }) => {
                let buried = self
                    .store
                    .bury(name, &message.envelope, attempts, &reason)
                    .await;
                if let Err(error) = buried {
                    return Some(PublishError::Unavailable(error.into()));
                }
            }
            None => {
                let reason = format!("the consumer `{name}` is not running");
                return Some(PublishError::Unavailable(reason.into()));
            }
        }
        let mut handled = lock(&self.handled);
        if handled.len() >= REMEMBERED {
            // Left behind by messages that another process took over. Forgetting is harmless.
            handled.clear();
        }
        handled
            .entry(message.envelope.id.clone())
            .or_default()
            .insert(name.clone());
        None
    }
}

impl Broker for InProcessBroker {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        Box::pin(async move {
            let until = Instant::now() + self.budget;
            let mut keys: Vec<Vec<(usize, &Message)>> = Vec::new();
            let mut places = HashMap::new();
            for (index, message) in messages.iter().enumerate() {
                let key = message.envelope.partition_key.as_str();
                let place = *places.entry(key).or_insert(keys.len());
                if place == keys.len() {
                    keys.push(Vec::new());
                }
                keys[place].push((index, message));
            }
            let deliveries = keys
                .into_iter()
                .map(|messages| self.deliver_in_order(messages, until));
            let mut results: Vec<_> = join_all(deliveries).await.into_iter().flatten().collect();
            results.sort_unstable_by_key(|(index, _)| *index);
            results.into_iter().map(|(_, result)| result).collect()
        })
    }

    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        let (sender, receiver) = mpsc::channel(subscription.limit.max(1));
        let mut consumers = lock(&self.consumers);
        let known = consumers
            .iter()
            .position(|consumer| consumer.subscription.consumer == subscription.consumer);
        let mut listeners = known.map_or_else(Vec::new, |known| {
            lock(&consumers.swap_remove(known).listeners).clone()
        });
        listeners.retain(|listener| !listener.is_closed());
        listeners.push(sender);
        consumers.push(Arc::new(Subscriber {
            subscription: subscription.clone(),
            listeners: Mutex::new(listeners),
        }));
        let incomings: Box<dyn Incomings> = Box::new(InProcessIncomings(receiver));
        Box::pin(std::future::ready(Ok(incomings)))
    }

    fn publishes_in_order(&self) -> bool {
        true
    }

    fn redelivers_in_order(&self) -> bool {
        true
    }
}

impl fmt::Debug for InProcessBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consumers: Vec<_> = lock(&self.consumers)
            .iter()
            .map(|consumer| consumer.subscription.consumer.clone())
            .collect();
        f.debug_struct("InProcessBroker")
            .field("consumers", &consumers)
            .finish_non_exhaustive()
    }
}

/// A durable consumer and who listens for it now.
struct Subscriber {
    subscription: Subscription,
    listeners: Mutex<Vec<mpsc::Sender<Incoming>>>,
}

impl Subscriber {
    fn wants(&self, message: &Message) -> bool {
        match &message.consumer {
            Some(consumer) => *consumer == self.subscription.consumer,
            None => self.subscription.wants(&message.envelope.event),
        }
    }

    /// Sends it to a listener, always the same one for a key while the listeners stay, and waits
    /// for the answer. `None` when nobody listens or the listener goes away.
    async fn send(&self, message: &Message) -> Option<Answer> {
        let listener = {
            let mut listeners = lock(&self.listeners);
            listeners.retain(|listener| !listener.is_closed());
            let count = u16::try_from(listeners.len())
                .ok()
                .filter(|count| *count > 0)?;
            let place = crate::partition_of(&message.envelope.partition_key, count);
            listeners[usize::from(place)].clone()
        };
        let (sender, answer) = oneshot::channel();
        let incoming = Incoming {
            envelope: Envelope::clone(&message.envelope),
            attempt: message.attempt,
            settle: Box::new(InProcessSettle(sender)),
        };
        listener.send(incoming).await.ok()?;
        answer.await.ok()
    }
}

enum Answer {
    Handled,
    Later(Duration),
    Dead { attempts: u32, reason: String },
}

struct InProcessSettle(oneshot::Sender<Answer>);

impl InProcessSettle {
    fn answer(self, answer: Answer) -> BoxFuture<'static, Result<(), BrokerError>> {
        let result = self
            .0
            .send(answer)
            .map_err(|_| BrokerError::new("settle a delivery", "the publisher is gone"));
        Box::pin(std::future::ready(result))
    }
}

impl Settle for InProcessSettle {
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.answer(Answer::Handled)
    }

    fn retry(self: Box<Self>, after: Duration) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.answer(Answer::Later(after))
    }

    fn dead_letter(
        self: Box<Self>,
        attempts: u32,
        reason: String,
    ) -> BoxFuture<'static, Result<(), BrokerError>> {
        self.answer(Answer::Dead { attempts, reason })
    }
}

struct InProcessIncomings(mpsc::Receiver<Incoming>);

impl Incomings for InProcessIncomings {
    fn next(&mut self) -> BoxFuture<'_, Option<Incoming>> {
        Box::pin(self.0.recv())
    }
}

/// Of two failures the one that decides: a consumer that is gone before one that asks again, and
/// of those that ask again the one that asks first.
fn worse(known: Option<PublishError>, new: PublishError) -> PublishError {
    match (known, new) {
        (Some(PublishError::Later { after: one }), PublishError::Later { after: other }) => {
            PublishError::Later {
                after: one.min(other),
            }
        }
        (Some(known @ PublishError::Unavailable(_)), _) => known,
        (_, new) => new,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
