//! Takes deliveries from the broker and hands them out by key.

use std::collections::{HashMap, VecDeque};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Consumer;
use crate::{Incoming, Incomings};

/// Deliveries that wait, by key, in the order they came.
#[derive(Default)]
struct Waiting {
    /// Every key that is being worked on or ready, with what waits behind it.
    queues: HashMap<String, VecDeque<Incoming>>,
    /// Keys nobody works on yet, whose queue is not empty.
    ready: VecDeque<String>,
}

impl Waiting {
    fn push(&mut self, incoming: Incoming) {
        let key = incoming.envelope.partition_key.clone();
        if let Some(queue) = self.queues.get_mut(&key) {
            queue.push_back(incoming);
        } else {
            self.queues.insert(key.clone(), VecDeque::from([incoming]));
            self.ready.push_back(key);
        }
    }

    fn take(&mut self) -> Option<(String, Incoming)> {
        let key = self.ready.pop_front()?;
        let incoming = self.queues.get_mut(&key)?.pop_front()?;
        Some((key, incoming))
    }

    fn done(&mut self, key: String) {
        match self.queues.get(&key) {
            Some(queue) if !queue.is_empty() => self.ready.push_back(key),
            _ => {
                self.queues.remove(&key);
            }
        }
    }

    fn drain(self) -> impl Iterator<Item = Incoming> {
        self.queues.into_values().flatten()
    }
}

impl Consumer {
    /// Consumes until the subscription ends or `stop` is cancelled.
    pub(super) async fn consume(
        &self,
        mut incomings: Box<dyn Incomings>,
        stop: &CancellationToken,
    ) {
        let mut waiting = Waiting::default();
        let mut running = FuturesUnordered::new();
        let mut held = 0;
        let mut working = interval(self.config.working);
        working.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while running.len() < self.config.concurrency.max(1)
                && let Some((key, incoming)) = waiting.take()
            {
                running.push(async move {
                    self.deliver(incoming, stop).await;
                    key
                });
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(key) = running.next() => {
                    held -= 1;
                    waiting.done(key);
                }
                incoming = incomings.next(), if held < self.config.buffer.max(1) => {
                    let Some(incoming) = incoming else { break };
                    held += 1;
                    waiting.push(incoming);
                }
                _ = working.tick() => {
                    for incoming in waiting.queues.values().flatten() {
                        self.tell_working(incoming.settle.as_ref()).await;
                    }
                }
            }
        }
        // What is being handled is finished; what waits is somebody else's.
        while running.next().await.is_some() {}
        for incoming in waiting.drain() {
            self.give_back(incoming.settle).await;
        }
    }
}
