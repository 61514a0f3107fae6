//! Brokers and notifiers with one mistake each, which the suites find.

use std::sync::Arc;

use formwork_app::SystemClock;
use formwork_domain::BoxFuture;
use formwork_outbox::{
    Broker, BrokerError, Hints, InProcessBroker, Incomings, LocalNotifier, MemoryStore, Message,
    Notifier, PublishError, Subscription,
};
use formwork_test::{CountingIdentifiers, conformance};

#[derive(Debug, Clone, Copy)]
enum Mistake {
    /// Hands messages of a key over in the wrong order.
    Order,
    /// Says that it has what it has not.
    Loss,
}

struct Wrong {
    right: InProcessBroker,
    mistake: Mistake,
}

impl Wrong {
    fn broker(mistake: Mistake) -> Arc<dyn Broker> {
        let identifiers = Arc::new(CountingIdentifiers::new());
        let store = MemoryStore::new("shop", Arc::new(SystemClock), identifiers);
        Arc::new(Self {
            right: InProcessBroker::new(Arc::new(store)),
            mistake,
        })
    }
}

impl Broker for Wrong {
    fn publish<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> BoxFuture<'a, Vec<Result<(), PublishError>>> {
        Box::pin(async move {
            let mut turned = messages.to_vec();
            match self.mistake {
                Mistake::Order => turned.reverse(),
                Mistake::Loss => turned.retain(|message| message.envelope.sequence != 2),
            }
            let mut results = self.right.publish(&turned).await;
            results.resize_with(messages.len(), || Ok(()));
            results
        })
    }

    fn subscribe<'a>(
        &'a self,
        subscription: &'a Subscription,
    ) -> BoxFuture<'a, Result<Box<dyn Incomings>, BrokerError>> {
        self.right.subscribe(subscription)
    }

    fn publishes_in_order(&self) -> bool {
        true
    }

    fn redelivers_in_order(&self) -> bool {
        true
    }
}

#[tokio::test]
#[should_panic(expected = "order: the events of a key arrive as they were published")]
async fn a_broker_that_turns_the_order_round_is_found() {
    conformance::broker(async || Wrong::broker(Mistake::Order)).await;
}

#[tokio::test]
#[should_panic(expected = "deliver: in time")]
async fn a_broker_that_loses_messages_is_found() {
    conformance::broker(async || Wrong::broker(Mistake::Loss)).await;
}

struct Deaf(LocalNotifier);

impl Notifier for Deaf {
    fn notify(&self) {}

    fn subscribe(&self) -> Hints {
        self.0.subscribe()
    }

    fn source(&self) -> &'static str {
        "deaf"
    }
}

#[tokio::test]
#[should_panic(expected = "notifier: the first subscriber is woken")]
async fn a_notifier_that_never_wakes_is_found() {
    conformance::notifier(async || Arc::new(Deaf(LocalNotifier::new())) as Arc<dyn Notifier>).await;
}
