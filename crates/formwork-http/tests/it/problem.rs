//! Every failure of a domain has one status and one shape.

use axum::response::IntoResponse;
use formwork_domain::{
    DomainError, MoneyError, Outcome, RepositoryError, UseCaseError, Version, Violations,
};
use formwork_http::{PROBLEM_JSON, Problem};
use serde_json::Value;

async fn check(problem: Problem, status: u16, kind: &str) -> Value {
    let response = problem.into_response();
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], kind);
    assert!(body["title"].is_string());
    body
}

#[tokio::test]
async fn what_a_domain_refuses() {
    let mut violations = Violations::one("lines[0].quantity", "too_small", "must be at least 1");
    violations.add("customer", "required", "is required");
    let body = check(violations.into(), 422, "urn:problem-type:invalid").await;
    assert_eq!(body["violations"][0]["path"], "lines[0].quantity");
    assert_eq!(body["violations"][0]["code"], "too_small");
    assert_eq!(body["violations"][0]["message"], "must be at least 1");
    assert_eq!(body["violations"][1]["path"], "customer");

    let state = DomainError::State {
        command: "ship",
        state: "cancelled",
    };
    let body = check(state.into(), 409, "urn:problem-type:state").await;
    assert_eq!(
        body["detail"],
        "`ship` is not possible in state `cancelled`"
    );

    let rule = DomainError::Rule {
        rule: "credit",
        message: "the credit limit is reached",
    };
    let body = check(rule.into(), 409, "urn:problem-type:rule").await;
    assert_eq!(body["detail"], "the credit limit is reached");
    assert_eq!(body["violations"][0]["code"], "credit");

    let money = DomainError::Money(MoneyError::Overflow);
    check(money.into(), 422, "urn:problem-type:invalid").await;
    check(
        DomainError::Overflow.into(),
        422,
        "urn:problem-type:invalid",
    )
    .await;
}

#[tokio::test]
async fn what_a_use_case_cannot_do() {
    let missing = UseCaseError::NotFound {
        aggregate: "order",
        key: "7".to_owned(),
    };
    let body = check(missing.into(), 404, "about:blank").await;
    assert_eq!(body["detail"], "there is no order `7`");

    let stale = UseCaseError::VersionMismatch {
        expected: Version::new(2),
        actual: Version::new(3),
    };
    check(stale.into(), 412, "urn:problem-type:version-mismatch").await;
}

#[tokio::test]
async fn what_a_repository_cannot_do() {
    let check_repository = async |error: RepositoryError, status, kind| {
        check(UseCaseError::Repository(error).into(), status, kind).await
    };
    check_repository(RepositoryError::Conflict, 409, "urn:problem-type:conflict").await;
    let taken = RepositoryError::Duplicate { field: "email" };
    let body = check_repository(taken, 409, "urn:problem-type:duplicate").await;
    assert_eq!(body["violations"][0]["path"], "email");
    let other = RepositoryError::Replayed { outcome: None };
    check_repository(other, 422, "urn:problem-type:idempotency-key-reused").await;
    let same = RepositoryError::Replayed {
        outcome: Some(Outcome {
            id: [0; 16],
            version: 1,
        }),
    };
    check_repository(same, 409, "urn:problem-type:already-done").await;

    let down = RepositoryError::unavailable("save order", "password=hunter2 refused");
    let body = check_repository(down, 503, "urn:problem-type:unavailable").await;
    assert!(!body.to_string().contains("hunter2"), "{body}");
    let corrupt = RepositoryError::corrupt("order 7", "secret bytes");
    let body = check_repository(corrupt, 500, "about:blank").await;
    assert!(!body.to_string().contains("secret"), "{body}");
}

#[tokio::test]
async fn a_dependency_that_is_down_says_when_to_come_back() {
    let problem = Problem::from(RepositoryError::unavailable("save order", "refused"));
    assert_eq!(problem.into_response().headers()["retry-after"], "1");
}
