//! What the health was before can be read back.

use std::time::Instant;

use axum::Router;
use formwork_app::HealthCheck;
use serde_json::Value;
use tokio::sync::watch;

use crate::support::{PATIENCE, Parts, Service};

/// A service with one component that fails while the sender says why.
async fn start(settings: &[(&str, &str)]) -> (Service, watch::Sender<Option<&'static str>>) {
    let (sender, receiver) = watch::channel(None);
    let probe = move || std::future::ready(receiver.borrow().map_or(Ok(()), Err));
    let check = HealthCheck::optional("cache", probe);
    let parts = Parts {
        checks: vec![check.period(std::time::Duration::from_millis(5))],
        ..Parts::of(Router::new())
    };
    (Service::start(parts, settings).await, sender)
}

/// The history once its newest change leads to `status`.
async fn until(service: &Service, status: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = service.get("/health-history").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let history = answer.json();
        if history["changes"][0]["to"] == status {
            return history;
        }
        assert!(Instant::now() < deadline, "never {status}: {history}");
    }
}

fn steps(history: &Value) -> Vec<String> {
    let changes = history["changes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let step = |change: &Value| {
        let [component, from, to, message] =
            ["component", "from", "to", "message"].map(|key| text(&change[key]));
        format!("{component}: {from} to {to}, {message}")
    };
    changes.iter().map(step).collect()
}

#[tokio::test]
async fn every_change_is_kept_from_the_start_and_served_newest_first() {
    let (service, cache) = start(&[]).await;
    until(&service, "healthy").await;
    cache.send_replace(Some("connection refused"));
    until(&service, "degraded").await;
    cache.send_replace(None);
    let history = until(&service, "healthy").await;
    assert_eq!(
        steps(&history),
        [
            "cache: degraded to healthy, -",
            "cache: healthy to degraded, connection refused",
            "cache: unknown to healthy, -",
        ]
    );
    assert_eq!(history["changes"][0]["required"], false);
    let since = history["changes"][0]["since"].as_str().unwrap();
    let report = service.get("/health/cache").await.json();
    assert_eq!(report["components"][0]["since"], since);
    assert_eq!(history["missed"], 0);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_oldest_changes_are_forgotten() {
    let (service, cache) = start(&[("health-history.keep", "2")]).await;
    until(&service, "healthy").await;
    for _ in 0..3 {
        cache.send_replace(Some("connection refused"));
        until(&service, "degraded").await;
        cache.send_replace(None);
        until(&service, "healthy").await;
    }
    let history = service.get("/health-history").await.json();
    assert_eq!(
        steps(&history),
        [
            "cache: degraded to healthy, -",
            "cache: healthy to degraded, connection refused",
        ]
    );
    service.stop().await.unwrap();
}

#[tokio::test]
async fn there_is_no_history_where_components_are_not_named() {
    let (service, _cache) = start(&[("health.details", "never")]).await;
    let answer = service.get("/health-history").await;
    assert_eq!(answer.status, 404);
    answer.problem();
    service.stop().await.unwrap();
}
