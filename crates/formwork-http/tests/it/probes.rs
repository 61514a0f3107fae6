//! Probes tell what is known, and ask no one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use formwork_app::HealthCheck;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Client, PATIENCE, Parts, Service};

fn with_checks(checks: Vec<HealthCheck>) -> Parts {
    Parts {
        checks,
        ..Parts::of(Router::new())
    }
}

async fn until(service: &Service, path: &str, status: &str) -> crate::support::Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = service.get(path).await;
        if answer.json()["status"] == status {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} never becomes {status}");
    }
}

/// Shows a part of: R-048.
#[tokio::test]
async fn a_service_that_works_says_so() {
    let ok = || async { Ok::<(), String>(()) };
    let checks = vec![
        HealthCheck::required("database", ok).group("storage"),
        HealthCheck::optional("cache", ok),
    ];
    let service = Service::start(with_checks(checks), &[]).await;
    let health = until(&service, "/health", "healthy").await;
    assert_eq!(health.status, 200);
    assert_eq!(health.header("cache-control"), Some("no-store"));
    let health = health.json();
    let names: Vec<_> = health["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["name"])
        .collect();
    assert_eq!(names, ["cache", "database"]);

    let group = service.get("/health/storage").await;
    assert_eq!(
        (group.status, &group.json()["components"][0]["name"]),
        (200, &json!("database"))
    );
    assert_eq!(service.get("/health/cache").await.status, 200);
    let unknown = service.get("/health/nothing").await;
    assert_eq!(unknown.status, 404);
    unknown.problem();

    for path in ["/livez", "/readyz", "/startupz"] {
        let answer = service.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (200, &json!("healthy")),
            "{path}"
        );
    }
    service.stop().await.unwrap();
}

/// Shows a part of: R-048.
#[tokio::test]
async fn an_optional_failure_degrades_and_a_required_one_takes_readiness() {
    let failing = || async { Err::<(), _>("connection refused") };
    let service = Service::start(
        with_checks(vec![HealthCheck::optional("cache", failing)]),
        &[],
    )
    .await;
    assert_eq!(until(&service, "/health", "degraded").await.status, 200);
    let ready = service.get("/readyz").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &json!("degraded"))
    );
    service.stop().await.unwrap();

    let service = Service::start(
        with_checks(vec![HealthCheck::required("database", failing)]),
        &[],
    )
    .await;
    let health = until(&service, "/health", "unhealthy").await;
    assert_eq!(health.status, 503);
    assert_eq!(
        health.json()["components"][0]["message"],
        "connection refused"
    );
    assert_eq!(service.get("/readyz").await.status, 503);
    assert_eq!(service.get("/livez").await.status, 200);
    assert_eq!(service.get("/startupz").await.status, 200);
    service.stop().await.unwrap();
}

/// Shows a part of: R-048.
#[tokio::test]
async fn anonymous_callers_see_the_status_and_authorised_ones_the_details() {
    let token = "correct-horse-battery";
    let settings = [("health.details", "authorised"), ("health.token", token)];
    let checks = vec![HealthCheck::optional("cache", || async {
        Err::<(), _>("at 10.0.0.7")
    })];
    let service = Service::start(with_checks(checks), &settings).await;
    until(&service, "/health", "degraded").await;
    let get = async |path: &str, authorization: &str| {
        let mut client = service.connect().await;
        client
            .send(&format!(
                "GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: {authorization}\r\n\r\n"
            ))
            .await;
        client.answer().await
    };
    let right = format!("bearer {token}");
    for path in ["/health", "/health/cache"] {
        for wrong in [
            "",
            "Bearer",
            "Bearer correct-horse",
            "Basic correct-horse-battery",
        ] {
            let answer = get(path, wrong).await;
            assert_eq!(
                (answer.status, answer.json()),
                (200, json!({"status": "degraded"}))
            );
        }
        let answer = get(path, &right).await.json();
        assert_eq!(answer["components"][0]["message"], "at 10.0.0.7");
    }
    let refused = service.get("/health-history").await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    refused.problem();
    let answer = get("/health-history", &right).await;
    assert_eq!(
        (answer.status, &answer.json()["changes"][0]["component"]),
        (200, &json!("cache"))
    );
    service.stop().await.unwrap();
}

/// Shows a part of: R-048.
#[tokio::test]
async fn nobody_is_authorised_without_a_token() {
    let settings = [("health.details", "authorised")];
    let service = Service::start(with_checks(Vec::new()), &settings).await;
    let answer = service.get("/health").await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"status": "healthy"}))
    );
    assert_eq!(service.get("/health-history").await.status, 404);
    service.stop().await.unwrap();
}

/// Shows a part of: R-048.
#[tokio::test]
async fn details_can_be_kept_back() {
    let settings = [("health.details", "never")];
    let checks = vec![HealthCheck::optional("cache", || async {
        Err::<(), _>("at 10.0.0.7")
    })];
    let service = Service::start(with_checks(checks), &settings).await;
    for path in ["/health", "/health/cache"] {
        let answer = until(&service, path, "degraded").await;
        assert_eq!(answer.json(), json!({"status": "degraded"}));
    }
    service.stop().await.unwrap();
}

/// Shows a part of: R-048.
#[tokio::test]
async fn a_thousand_probes_at_once_ask_no_dependency_and_a_hung_check_delays_none() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let counting = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok::<(), String>(()) }
    };
    let hung = || std::future::pending::<Result<(), String>>();
    let long = Duration::from_secs(600);
    let checks = vec![
        HealthCheck::required("database", counting).period(long),
        HealthCheck::optional("hung", hung)
            .period(long)
            .timeout(long),
    ];
    let service = Service::start(with_checks(checks), &[]).await;
    until(&service, "/health/database", "healthy").await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    let mut probes = JoinSet::new();
    for index in 0..1_000 {
        let (address, path) = (
            service.address,
            ["/livez", "/readyz", "/startupz", "/health/database"][index % 4],
        );
        probes.spawn(async move {
            let mut client = Client::connect(address).await.unwrap();
            client.get(path).await.status
        });
    }
    let statuses = tokio::time::timeout(PATIENCE, probes.join_all())
        .await
        .unwrap();
    assert!(statuses.iter().all(|&status| status == 200));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    service.stop().await.unwrap();
}

/// What is not known yet is no component that works, and no reason to send work elsewhere.
///
/// Shows a part of: R-048.
#[tokio::test]
async fn what_is_not_known_is_not_served_as_healthy() {
    let hung = || std::future::pending::<Result<(), String>>();
    let long = Duration::from_secs(600);
    let check = HealthCheck::required("database", hung).timeout(long);
    let service = Service::start(with_checks(vec![check]), &[]).await;
    for path in ["/health", "/health/database"] {
        let answer = service.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (503, &json!("unknown")),
            "{path}"
        );
    }
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    service.stop().await.unwrap();
}
