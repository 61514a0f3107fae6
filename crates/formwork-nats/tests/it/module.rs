//! The module in an application.

use std::time::Duration;

use formwork_app::{App, Declaration, Module, Running, ServiceInfo, Status};
use formwork_config::{Environment, Loader};
use formwork_nats::NatsModule;
use formwork_outbox::Broker;
use formwork_test::conformance;

use crate::support::{event, message, server};

/// Uses what the module provides, so that wiring has a reason to.
struct User;

impl Module for User {
    fn declare(&self) -> Declaration {
        Declaration::new("user").needs::<dyn Broker>()
    }
}

fn app(url: &str, stream: &str) -> App {
    let loader = Loader::new("shop")
        .with_environment(Environment::of::<String, String>([]))
        .with_value("nats.url", url)
        .with_value("nats.stream", stream)
        .with_value("nats.prefix", stream);
    App::new(ServiceInfo::new("shop", "1.0.0"))
        .config(loader)
        .module(User)
        .module(NatsModule::new())
}

#[tokio::test]
async fn an_application_publishes_and_stops() {
    let Some(server) = server() else { return };
    let config = crate::support::config(&server);
    let running = app(&server, &config.stream).start().await.expect("a start");
    let broker = running.get::<dyn Broker>().expect("the broker");
    formwork_test::eventually("a publication", Duration::from_secs(5), async || {
        broker
            .publish(&[message(&event(1, 1))])
            .await
            .remove(0)
            .is_ok()
    })
    .await;
    running.stop().await.expect("a clean stop");
    crate::support::remove(&config).await;
}

fn status(running: &Running) -> Option<Status> {
    let report = running.health().report();
    report.component("nats").map(|component| component.status)
}

#[tokio::test]
async fn a_server_that_is_there_is_healthy_from_the_first_check_on() {
    let Some(server) = server() else { return };
    for _ in 0..20 {
        let config = crate::support::config(&server);
        let running = app(&server, &config.stream).start().await.expect("a start");
        formwork_test::eventually("a result", Duration::from_secs(5), async || {
            status(&running) != Some(Status::Unknown)
        })
        .await;
        assert_eq!(status(&running), Some(Status::Healthy));
        running.stop().await.expect("a clean stop");
        crate::support::remove(&config).await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_does_not_fail_the_start() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let running = app(&format!("nats://127.0.0.1:{port}"), "events")
        .start()
        .await;
    let running = running.expect("a start");
    running.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn the_module_is_a_module() {
    let Some(server) = server() else { return };
    let config = crate::support::config(&server);
    let stream = config.stream.clone();
    conformance::module(NatsModule::new)
        .within(move |app| {
            app.value("nats.url", server.clone())
                .value("nats.stream", stream.clone())
                .value("nats.prefix", stream.clone())
        })
        .await;
}
