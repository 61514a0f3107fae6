//! The broker while its configuration changes.

use std::sync::Arc;
use std::time::Duration;

use formwork_app::{
    App, Declaration, Module, Outcome, Reloads, Running, ServiceInfo, Status, Trigger,
};
use formwork_config::{Environment, Loader};
use formwork_nats::NatsModule;
use formwork_outbox::{Broker, Incomings, Subscription};
use formwork_test::eventually;
use tempfile::TempDir;

use crate::private::Server;
use crate::support::{event, message};

const PATIENCE: Duration = Duration::from_secs(30);

/// Uses what the module provides, so that wiring has a reason to.
struct User;

impl Module for User {
    fn declare(&self) -> Declaration {
        Declaration::new("user").needs::<dyn Broker>()
    }
}

struct Service {
    directory: TempDir,
    running: Running,
    broker: Arc<dyn Broker>,
}

impl Service {
    async fn start(text: &str) -> Self {
        let directory = TempDir::new().expect("a directory");
        std::fs::write(directory.path().join("default.toml"), text).expect("it is ours");
        let loader = Loader::new("shop")
            .with_environment(Environment::default())
            .with_location(directory.path());
        let app = App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(loader)
            .module(User)
            .module(NatsModule::new());
        let running = app.start().await.expect("a start");
        let broker = running.get::<dyn Broker>().expect("the broker");
        Self {
            directory,
            running,
            broker,
        }
    }

    async fn reload(&self, text: &str) -> Outcome {
        let file = self.directory.path().join("default.toml");
        std::fs::write(file, text).expect("it is ours");
        let reloads = self.running.get::<Reloads>().expect("it has one");
        reloads.reload(Trigger::Program).await
    }

    async fn publish(&self, sequence: u64) {
        eventually("a publication", PATIENCE, async || {
            let messages = [message(&event(1, sequence))];
            self.broker.publish(&messages).await.remove(0).is_ok()
        })
        .await;
    }

    async fn subscribe(&self) -> Box<dyn Incomings> {
        let subscription = Subscription {
            consumer: "ledger".to_owned(),
            subjects: vec!["order.placed".to_owned()],
            limit: 16,
        };
        let subscribed = self.broker.subscribe(&subscription).await;
        subscribed.expect("a subscription")
    }
}

/// Takes and settles events up to this one, and returns what came; each comes at least once.
async fn take_until(incomings: &mut Box<dyn Incomings>, sequence: u64) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let incoming = tokio::time::timeout(PATIENCE, incomings.next()).await;
        let incoming = incoming.expect("it comes").expect("open");
        let came = incoming.envelope.sequence;
        incoming.settle.ack().await.expect("acknowledged");
        assert!(came <= sequence, "{came} before {sequence}");
        all.push(came);
        if came == sequence {
            return all;
        }
    }
}

fn config(port: u16, password: &str) -> String {
    format!(
        "[nats]\nurl = \"nats://shop@127.0.0.1:{port}\"\npassword = \"{password}\"\n\
         ack-wait = \"1s\"\ntimeout = \"5s\"\n"
    )
}

/// Another password is tried before anything changes. Then everything goes over a connection that was
/// made with it: the server may revoke the old one, and neither publishing nor a subscription that
/// was there before notices.
///
/// Shows a part of: R-045.
#[tokio::test]
async fn credentials_rotate() {
    let Some(server) = Server::start("one") else {
        return;
    };
    let service = Service::start(&config(server.port(), "one")).await;
    let mut incomings = service.subscribe().await;
    service.publish(1).await;
    take_until(&mut incomings, 1).await;

    let Outcome::Failed(error) = service.reload(&config(server.port(), "wrong")).await else {
        panic!("the server lets nobody in with it");
    };
    let text = error.to_string();
    assert!(
        text.starts_with("module `nats` could not prepare: could not reach NATS"),
        "{text}"
    );
    assert!(text.contains("`nats.url` comes from"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
    service.publish(2).await;
    take_until(&mut incomings, 2).await;

    // The old one is revoked: the connection is lost, and the new password is what brings it back.
    server.demand("two");
    eventually("the end of the old credentials", PATIENCE, async || {
        let messages = [message(&event(1, 3))];
        service.broker.publish(&messages).await.remove(0).is_err()
    })
    .await;
    let rotated = service.reload(&config(server.port(), "two")).await;
    let applied = rotated.applied().expect("it is good");
    assert_eq!(applied.paths, ["nats.password"]);
    service.publish(3).await;
    take_until(&mut incomings, 3).await;
    let health = service.running.health();
    eventually("a healthy broker", PATIENCE, async || {
        let report = health.report();
        report.component("nats").map(|it| it.status) == Some(Status::Healthy)
    })
    .await;
    service.running.stop().await.expect("a clean stop");
}

/// What was received on the old connection is settled on it: the old one is closed when that is
/// done, and not before.
///
/// Shows a part of: R-045.
#[tokio::test]
async fn what_is_in_hand_is_settled_on_the_connection_it_came_from() {
    let (Some(old), Some(new)) = (Server::start("one"), Server::start("two")) else {
        return;
    };
    let service = Service::start(&config(old.port(), "one")).await;
    let mut incomings = service.subscribe().await;
    service.publish(1).await;
    let incoming = tokio::time::timeout(PATIENCE, incomings.next()).await;
    let in_hand = incoming.expect("it comes").expect("open");

    let moved = service.reload(&config(new.port(), "two")).await;
    let applied = moved.applied().expect("it is good");
    assert_eq!(applied.paths, ["nats.url", "nats.password"]);
    // The subscription goes over while what came before is still in hand.
    service.publish(2).await;
    take_until(&mut incomings, 2).await;
    let retiring = || {
        service
            .running
            .modules()
            .iter()
            .any(|it| it.tasks.contains(&"retire".into()))
    };
    assert!(retiring(), "it waits for what is in hand");
    in_hand.settle.ack().await.expect("acknowledged");
    eventually("the end of the old connection", PATIENCE, async || {
        !retiring()
    })
    .await;
    // It was settled where it came from: there it does not come again.
    let back = service.reload(&config(old.port(), "one")).await;
    back.applied().expect("it is good");
    service.publish(3).await;
    assert_eq!(take_until(&mut incomings, 3).await, [3]);
    service.running.stop().await.expect("a clean stop");
}
