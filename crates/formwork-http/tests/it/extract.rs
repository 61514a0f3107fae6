//! Every refusal of an extractor is a problem that says where.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::Request;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use formwork_domain::{Timestamp, Version};
use formwork_http::{
    Actor, Created, IfMatch, Json, Listing, OperationContext, PROBLEM_JSON, Path, PathId, Problem,
    Query, Versioned,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    customer: String,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    quantity: u32,
}

#[derive(Debug, Deserialize, Serialize)]
struct Filter {
    state: Option<String>,
    least: Option<u32>,
}

#[derive(axum::extract::FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
struct Axums<T>(T);

fn routes() -> Router {
    Router::new()
        .route(
            "/orders",
            post(async |Json(order): Json<Order>| Json(order)),
        )
        .route(
            "/orders/{id}",
            get(async |PathId(id): PathId<Order>| id.to_string()),
        )
        .route(
            "/numbers/{number}",
            get(async |Path(n): Path<u8>| n.to_string()),
        )
        .route(
            "/named/{number}",
            get(async |Path(n): Path<HashMap<String, u8>>| format!("{n:?}")),
        )
        .route(
            "/find",
            get(async |Query(filter): Query<Filter>| Json(filter)),
        )
        .route(
            "/list",
            get(async |list: Listing<Filter>| Json((list.filters, list.page.limit))),
        )
        .route(
            "/match",
            get(async |IfMatch(version): IfMatch| format!("{:?}", version.map(Version::get))),
        )
        .route(
            "/axum",
            post(async |Axums(order): Axums<Order>| Json(order)),
        )
        .route(
            "/operation",
            get(async |context: OperationContext| {
                let at = Timestamp::from_micros(7);
                format!("{:?}", context.operation("order.place", &("7", 1), at))
            }),
        )
        .route(
            "/actor",
            get(async |context: OperationContext| context.actor.unwrap_or_default())
                .layer(Extension(Actor("ada".to_owned()))),
        )
}

async fn call(request: axum::http::request::Builder, body: &str) -> (u16, String, String) {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = routes().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type");
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

async fn refused(request: axum::http::request::Builder, body: &str) -> (u16, Value) {
    let (status, kind, body) = call(request, body).await;
    assert_eq!(kind, PROBLEM_JSON, "{status} {body}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["status"], status);
    (status, problem)
}

fn post_json(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

async fn check_json(body: &str, status: u16, violation: Value) {
    let (actual, problem) = refused(post_json("/orders"), body).await;
    assert_eq!(actual, status, "{problem}");
    assert_eq!(problem["violations"][0], violation, "{problem}");
}

#[tokio::test]
async fn a_json_body_of_the_wrong_shape_names_the_field() {
    check_json(
        r#"{"customer":"ada","lines":[{"quantity":1},{"quantity":"two"}]}"#,
        422,
        json!({"path": "lines[1].quantity", "code": "type", "message": "invalid type: string \"two\", expected u32"}),
    )
    .await;
    check_json(
        r#"{"customer":"ada","lines":[{}]}"#,
        422,
        json!({"path": "lines[0].quantity", "code": "required", "message": "is required"}),
    )
    .await;
    check_json(
        r#"{"lines":[]}"#,
        422,
        json!({"path": "customer", "code": "required", "message": "is required"}),
    )
    .await;
    check_json(
        r#"{"customer":"ada","lines":[{"quantity":1,"colour":"red"}]}"#,
        422,
        json!({"path": "lines[0].colour", "code": "unknown", "message": "is not known"}),
    )
    .await;
    check_json(
        r#"{"customer":"ada","customer":"bob","lines":[]}"#,
        422,
        json!({"path": "customer", "code": "duplicate", "message": "is given twice"}),
    )
    .await;
    check_json(
        "[]",
        422,
        json!({"path": "", "code": "type", "message": "invalid length 0, expected struct Order with 2 elements"}),
    )
    .await;
}

async fn check_all(request: axum::http::request::Builder, body: &str, expected: &[(&str, &str)]) {
    let (_, problem) = refused(request, body).await;
    let mut found: Vec<_> = problem["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{problem}");
}

#[tokio::test]
async fn every_mistake_of_a_body_is_told_at_once() {
    let json = || post_json("/orders");
    check_all(
        json(),
        "{}",
        &[("customer", "required"), ("lines", "required")],
    )
    .await;
    check_all(
        json(),
        r#"{"colour":"red","lines":[{"quantity":"two","x":1},{},7,{"quantity":-1}],"y":{}}"#,
        &[
            ("colour", "unknown"),
            ("lines[0].quantity", "type"),
            ("lines[0].x", "unknown"),
            ("lines[1].quantity", "required"),
            ("lines[2]", "type"),
            ("lines[3].quantity", "type"),
            ("y", "unknown"),
            ("customer", "required"),
        ],
    )
    .await;
    check_all(
        json(),
        r#"{"customer":1,"customer":2}"#,
        &[("customer", "type"), ("lines", "required")],
    )
    .await;
    check_all(
        json(),
        r#"{"customer":"a","customer":"b","x":1}"#,
        &[
            ("customer", "duplicate"),
            ("x", "unknown"),
            ("lines", "required"),
        ],
    )
    .await;
    check_all(json(), "7", &[("", "type")]).await;
    check_all(
        json(),
        r#"{"lines":{"quantity":1}}"#,
        &[("lines", "type"), ("customer", "required")],
    )
    .await;
}

#[tokio::test]
async fn a_body_full_of_mistakes_is_refused_with_some_of_them() {
    let lines = vec![r#"{"quantity":"x"}"#; 100_000].join(",");
    let (status, problem) =
        refused(post_json("/orders"), &format!("{{\"lines\":[{lines}]}}")).await;
    assert_eq!(status, 422);
    let told = problem["violations"].as_array().unwrap().len();
    assert!((1..=50).contains(&told), "{told}");
}

#[tokio::test]
async fn every_mistake_of_a_listing_is_told_at_once() {
    let list = |query: &str| Request::get(format!("/list?{query}"));
    let (status, _, body) = call(list("state=open&limit=5&sort=-total"), "").await;
    assert_eq!(
        (status, &*body),
        (200, r#"[{"state":"open","least":null},5]"#)
    );
    let (status, _, _) = call(list(""), "").await;
    assert_eq!(status, 200);
    check_all(
        list("colour=red&least=few&limit=many&x=1&colour=blue"),
        "",
        &[
            ("colour", "unknown"),
            ("x", "unknown"),
            ("least", "type"),
            ("limit", "type"),
        ],
    )
    .await;
    check_all(
        list("state=open&state=closed&least=x&cursor=a&cursor=b"),
        "",
        &[
            ("state", "duplicate"),
            ("least", "type"),
            ("cursor", "duplicate"),
        ],
    )
    .await;
}

proptest! {
    #[test]
    fn any_body_and_any_query_is_answered(body in json_text(), query in "[a-z=&%0-9]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (status, _, _) = call(post_json("/orders"), &body).await;
            assert!([200, 400, 422].contains(&status), "{status} {body}");
            let (status, _, _) = call(Request::get(format!("/list?{query}")), "").await;
            assert!([200, 400].contains(&status), "{status} {query}");
        });
    }
}

/// Bodies that are nearly orders.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("-1".to_owned()),
        Just("null".to_owned()),
        Just("\"x\"".to_owned()),
        Just("1e400".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let name = prop_oneof![Just("customer"), Just("lines"), Just("quantity"), Just("x")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name, inner), 0..4).prop_map(|fields| {
                let fields: Vec<_> = fields.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

#[tokio::test]
async fn a_body_that_is_no_json_is_malformed() {
    for body in [
        "",
        "{",
        "{\"customer\":}",
        "{\"customer\":\"ada\",\"lines\":[]} x",
        "\u{0}",
    ] {
        let (status, problem) = refused(post_json("/orders"), body).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(problem["type"], "urn:problem-type:malformed");
        assert!(problem["detail"].is_string());
    }
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    for kind in [
        "",
        "text/plain",
        "application/xml",
        "json",
        "application/jsonp",
    ] {
        let request = Request::post("/orders").header("content-type", kind);
        assert_eq!(refused(request, "{}").await.0, 415, "{kind}");
    }
    assert_eq!(refused(Request::post("/orders"), "{}").await.0, 415);
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/merge-patch+json",
    ] {
        let request = Request::post("/orders").header("content-type", kind);
        let (status, _, body) = call(request, r#"{"customer":"ada","lines":[]}"#).await;
        assert_eq!((status, &*body), (200, r#"{"customer":"ada","lines":[]}"#));
    }
}

#[tokio::test]
async fn a_body_over_axums_limit_is_too_large() {
    let body = format!("\"{}\"", "x".repeat(3 * 1024 * 1024));
    assert_eq!(refused(post_json("/orders"), &body).await.0, 413);
}

#[tokio::test]
async fn rejections_of_axums_own_extractors_convert() {
    let (status, problem) = refused(post_json("/axum"), "{").await;
    assert_eq!(
        (status, &problem["type"]),
        (400, &json!("urn:problem-type:malformed"))
    );
    let (status, problem) = refused(post_json("/axum"), "{}").await;
    assert_eq!(
        (status, &problem["type"]),
        (422, &json!("urn:problem-type:invalid"))
    );
    assert_eq!(refused(Request::post("/axum"), "{}").await.0, 415);
}

#[tokio::test]
async fn path_parameters_that_do_not_fit_are_named() {
    let (status, problem) = refused(Request::get("/orders/seven"), "").await;
    assert_eq!(status, 400);
    assert_eq!(problem["violations"][0]["path"], "id");
    let id = "0197a3c0-5b5e-7c3a-9a51-0242ac120002";
    assert_eq!(call(Request::get(format!("/orders/{id}")), "").await.2, id);

    let (status, problem) = refused(Request::get("/numbers/256"), "").await;
    assert_eq!(
        (status, &problem["violations"][0]["message"]),
        (400, &json!("expected `u8`"))
    );
    let (status, problem) = refused(Request::get("/named/x"), "").await;
    assert_eq!(
        (status, &problem["violations"][0]["path"]),
        (400, &json!("number"))
    );
    assert_eq!(refused(Request::get("/numbers/%ff"), "").await.0, 400);
}

#[tokio::test]
async fn query_parameters_that_do_not_fit_are_named() {
    let (status, problem) = refused(Request::get("/find?state=open&least=x"), "").await;
    assert_eq!(status, 400);
    assert_eq!(problem["violations"][0]["path"], "least");
    assert_eq!(
        problem["violations"][0]["message"],
        "invalid digit found in string"
    );
    let (status, _, body) = call(Request::get("/find?state=a%20b"), "").await;
    assert_eq!((status, &*body), (200, r#"{"state":"a b","least":null}"#));
}

#[tokio::test]
async fn if_match_is_one_strong_tag() {
    let tagged = |tag: &'static str| Request::get("/match").header("if-match", tag);
    assert_eq!(call(tagged("\"3\""), "").await.2, "Some(3)");
    assert_eq!(call(tagged("*"), "").await.2, "None");
    assert_eq!(call(Request::get("/match"), "").await.2, "None");
    assert_eq!(refused(tagged("3"), "").await.0, 400);
    assert_eq!(refused(tagged("\"3\", \"4\""), "").await.0, 400);
    assert_eq!(refused(tagged("W/\"3\""), "").await.0, 412);
    let twice = tagged("\"3\"").header("if-match", "\"4\"");
    assert_eq!(refused(twice, "").await.0, 400);
}

#[tokio::test]
async fn an_operation_carries_what_the_headers_say() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = Request::get("/operation")
        .header("x-correlation-id", "c-1")
        .header("x-request-id", "r-1")
        .header("traceparent", TRACE)
        .header("idempotency-key", "k-1");
    let (_, _, operation) = call(request, "").await;
    for part in [
        "Some(\"c-1\")",
        TRACE,
        "scope: \"order.place\"",
        "key: \"k-1\"",
        "actor: None",
    ] {
        assert!(operation.contains(part), "{part} in {operation}");
    }
    // `printf '["7",1]' | sha256sum`
    let digest = "7f2a690d4c27ed5ada5fa0a5f506edf18f367aef36704095a9f3fc67295dcc32";
    assert!(operation.contains(digest), "{operation}");

    let request = Request::get("/operation")
        .header("x-correlation-id", "not visible")
        .header("x-request-id", "r-1")
        .header("traceparent", "garbage");
    let (_, _, operation) = call(request, "").await;
    for part in ["Some(\"r-1\")", "trace_parent: None", "idempotency: None"] {
        assert!(operation.contains(part), "{part} in {operation}");
    }
    assert_eq!(call(Request::get("/actor"), "").await.2, "ada");
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_visible() {
    let keyed = |key: String| Request::get("/operation").header("idempotency-key", key);
    assert_eq!(call(keyed("k".repeat(255)), "").await.0, 200);
    for key in [
        String::new(),
        "k".repeat(256),
        "a b".to_owned(),
        "é".to_owned(),
    ] {
        assert_eq!(refused(keyed(key.clone()), "").await.0, 400, "{key}");
    }
    let twice = keyed("a".to_owned()).header("idempotency-key", "b");
    assert_eq!(refused(twice, "").await.0, 400);
}

#[tokio::test]
async fn answers_tell_the_version_they_show() {
    let created = Created {
        location: "/orders/7".to_owned(),
        version: Version::new(1),
        body: json!({"id": 7}),
    }
    .into_response();
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()["location"], "/orders/7");
    assert_eq!(created.headers()["etag"], "\"1\"");
    assert_eq!(created.headers()["content-type"], "application/json");

    let shown = Versioned {
        version: Version::new(3),
        body: json!({}),
    }
    .into_response();
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["etag"], "\"3\"");
}
