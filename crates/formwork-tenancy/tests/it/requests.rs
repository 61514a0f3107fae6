//! Whose a request is.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::get as on_get;
use formwork_app::{Declaration, Module, Running, Trigger, WireError, Wiring};
use formwork_app::{Outcome, Reloads};
use formwork_http::{Gate, OperationContext, Problem, TenantClaim};
use formwork_tenancy::http::CurrentTenant;

use crate::support::{Files, get, with_http};

const TENANTS: &str = "
[tenancy.tenants]
acme = {}
umbrella = {}
old = { status = \"suspended\" }
";

const ALL: &str = "
[tenant-resolution]
strategies = [\"subdomain\", \"path\", \"claim\", \"header\"]
domain = \"shop.example\"
trusted = [\"127.0.0.1\"]
";

/// Stands in for whatever authenticates callers.
struct Credentials;

impl Gate for Credentials {
    fn admit(&self, parts: &mut Parts) -> Result<(), Problem> {
        if let Some(tenant) = parts.headers.get("x-credentials-of") {
            let tenant = tenant.to_str().unwrap_or_default().to_owned();
            parts.extensions.insert(TenantClaim(tenant));
        }
        Ok(())
    }
}

impl Module for Credentials {
    fn declare(&self) -> Declaration {
        // After the module of the tenants, so that only the order of the gates can put it first.
        Declaration::new("zz-credentials").contributes::<dyn Gate>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        wiring.contribute::<dyn Gate>(Arc::new(Credentials))
    }
}

/// The same tenant, as the three ways of asking for it say it.
async fn whose(CurrentTenant(tenant): CurrentTenant, context: OperationContext) -> String {
    let operation = context.operation("test", &(), formwork_domain::Timestamp::from_micros(0));
    assert_eq!(context.tenant.as_ref(), Some(tenant.id()));
    assert_eq!(operation.tenant, context.tenant);
    tenant.id().to_string()
}

async fn anybody(context: OperationContext) -> String {
    context
        .tenant
        .map_or_else(|| "nobody".to_owned(), |it| it.to_string())
}

async fn start(config: &str) -> (Files, Running) {
    let files = Files::new(&format!("{TENANTS}{config}"));
    let router = Router::new()
        .route("/whose", on_get(whose))
        .route("/anybody", on_get(anybody))
        .route("/docs", on_get(anybody));
    let app = with_http(files.app(), router).module(Credentials);
    let running = app.start().await.expect("a start");
    (files, running)
}

/// A path, headers, and the brief of the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

async fn check(running: &Running, cases: &[Case<'_>]) {
    for (path, headers, expected) in cases {
        let answer = get(running, path, headers).await;
        assert_eq!(answer.brief(), *expected, "{path} {headers:?}");
    }
}

/// Proves.
/// Shows a part of: R-005.
#[tokio::test]
async fn every_strategy_names_the_tenant() {
    let (_files, running) = start(ALL).await;
    check(
        &running,
        &[
            ("/whose", &[("host", "acme.shop.example")], "200 acme"),
            ("/whose", &[("host", "ACME.Shop.Example:8080")], "200 acme"),
            ("/whose", &[("host", "acme.shop.example.")], "200 acme"),
            ("/t/acme/whose", &[], "200 acme"),
            ("/t/acme/whose?x=/t/umbrella/", &[], "200 acme"),
            ("/whose", &[("x-credentials-of", "acme")], "200 acme"),
            ("/whose", &[("x-tenant-id", "acme")], "200 acme"),
        ],
    )
    .await;
    running.stop().await.expect("a clean stop");
}

/// Proves.
#[tokio::test]
async fn no_tenant_is_400_an_unknown_one_404_a_suspended_one_403() {
    let (_files, running) = start(ALL).await;
    check(
        &running,
        &[
            ("/whose", &[], "400 tenant-missing"),
            ("/whose", &[("host", "shop.example")], "400 tenant-missing"),
            (
                "/whose",
                &[("host", "acme.other.example")],
                "400 tenant-missing",
            ),
            (
                "/whose",
                &[("host", "a.acme.shop.example")],
                "400 tenant-missing",
            ),
            (
                "/whose",
                &[("host", "acmeshop.example")],
                "400 tenant-missing",
            ),
            ("/whose", &[("x-tenant-id", "nobody")], "404 tenant-unknown"),
            (
                "/whose",
                &[("x-tenant-id", "../acme")],
                "404 tenant-unknown",
            ),
            ("/whose", &[("x-tenant-id", "Acme")], "404 tenant-unknown"),
            ("/t//whose", &[], "404 tenant-unknown"),
            ("/t/nobody/whose", &[], "404 tenant-unknown"),
            ("/whose", &[("x-tenant-id", "old")], "403 tenant-suspended"),
            (
                "/whose",
                &[("x-tenant-id", "acme"), ("x-tenant-id", "umbrella")],
                "400 tenant-missing",
            ),
            ("/nowhere", &[], "400 tenant-missing"),
            ("/nowhere", &[("x-tenant-id", "acme")], "404 about:blank"),
        ],
    )
    .await;
    // Those who run the service have no tenant.
    assert_eq!(get(&running, "/livez", &[]).await.status, 200);
    running.stop().await.expect("a clean stop");
}

/// Whoever is refused is told what to do about it, as it is configured.
///
/// Proves.
#[tokio::test]
async fn a_refusal_says_how_a_tenant_is_named() {
    let detail = async |running: &Running, path: &str, headers: &[(&str, &str)]| {
        let answer = get(running, path, headers).await;
        let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        problem["detail"].as_str().unwrap_or_default().to_owned()
    };
    let (_files, running) = start(ALL).await;
    assert_eq!(
        detail(&running, "/whose", &[]).await,
        "`/whose` needs a tenant, and none was named: ask the host `TENANT.shop.example`, \
         or put `/t/TENANT` before the path, or send credentials that are for a tenant, \
         or have the header `x-tenant-id` set by a proxy that is trusted"
    );
    assert_eq!(
        detail(&running, "/whose", &[("x-tenant-id", "old")]).await,
        "the tenant `old` is suspended"
    );
    assert_eq!(
        detail(&running, "/t/nobody/whose", &[]).await,
        "there is no tenant `nobody`"
    );
    running.stop().await.expect("a clean stop");

    // What the guard lets pass may be refused by its handler.
    let (_files, running) = start(
        "[tenancy]\nguard = \"off\"\n[tenant-resolution]\nstrategies = [\"header\"]\n\
         header = \"x-customer\"\ntrusted = [\"127.0.0.1\"]",
    )
    .await;
    check(&running, &[("/anybody", &[], "200 nobody")]).await;
    assert_eq!(
        detail(&running, "/whose", &[]).await,
        "the route needs a tenant, and the request names none: \
         have the header `x-customer` set by a proxy that is trusted"
    );
    running.stop().await.expect("a clean stop");
}

/// Its configuration, or something of its own that cannot be made.
///
/// Proves: R-015.
#[tokio::test]
async fn a_tenant_that_cannot_be_served_is_503_and_says_so() {
    let files = Files::new(&format!("{TENANTS}{ALL}"));
    files.tenant("acme", "[shop]\norders = 5000");
    let app = with_http(files.app(), Router::new().route("/whose", on_get(whose)));
    let running = app.start().await.expect("a start");
    let answer = get(&running, "/whose", &[("x-tenant-id", "acme")]).await;
    assert_eq!(answer.brief(), "503 tenant-unavailable");
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(
        problem["detail"],
        "the configuration of the tenant `acme` is not valid"
    );
    assert!(!answer.body.contains("5000"), "never a value");
    check(
        &running,
        &[("/whose", &[("x-tenant-id", "umbrella")], "200 umbrella")],
    )
    .await;
    running.stop().await.expect("a clean stop");
}

/// Proves.
#[tokio::test]
async fn the_claim_beats_the_header_and_refuses_another_host() {
    let header_first = ALL.replace("\"claim\", \"header\"", "\"header\", \"claim\"");
    for config in [ALL, &header_first] {
        let (_files, running) = start(config).await;
        let both = [("x-tenant-id", "umbrella"), ("x-credentials-of", "acme")];
        let hosted = [
            ("host", "umbrella.shop.example"),
            ("x-credentials-of", "acme"),
        ];
        let agreed = [("host", "acme.shop.example"), ("x-credentials-of", "acme")];
        check(
            &running,
            &[
                ("/whose", &both, "200 acme"),
                ("/whose", &hosted, "403 tenant-mismatch"),
                (
                    "/t/umbrella/whose",
                    &[("x-credentials-of", "acme")],
                    "403 tenant-mismatch",
                ),
                ("/whose", &agreed, "200 acme"),
                (
                    "/whose",
                    &[("x-credentials-of", "nobody")],
                    "404 tenant-unknown",
                ),
            ],
        )
        .await;
        running.stop().await.expect("a clean stop");
    }
}

/// Proves.
#[tokio::test]
async fn the_first_strategy_that_knows_decides_in_the_declared_order() {
    let both = [("host", "umbrella.shop.example"), ("x-tenant-id", "acme")];
    for (strategies, expected) in [
        ("\"subdomain\", \"header\"", "200 umbrella"),
        ("\"header\", \"subdomain\"", "200 acme"),
    ] {
        let config = format!(
            "[tenant-resolution]\nstrategies = [{strategies}]\ndomain = \"shop.example\"\n\
             trusted = [\"127.0.0.0/8\"]"
        );
        let (_files, running) = start(&config).await;
        check(
            &running,
            &[
                ("/whose", &both, expected),
                // Not among the strategies: a path like any other, and credentials nobody asks for.
                (
                    "/t/acme/whose",
                    &[("x-tenant-id", "acme")],
                    "404 about:blank",
                ),
                (
                    "/whose",
                    &[("x-credentials-of", "acme")],
                    "400 tenant-missing",
                ),
            ],
        )
        .await;
        running.stop().await.expect("a clean stop");
    }
}

/// Proves.
#[tokio::test]
async fn the_header_of_a_peer_that_is_not_trusted_does_not_count() {
    let config = ALL.replace("127.0.0.1", "10.0.0.0/8");
    let (_files, running) = start(&config).await;
    check(
        &running,
        &[
            ("/whose", &[("x-tenant-id", "acme")], "400 tenant-missing"),
            (
                "/whose",
                &[("x-tenant-id", "acme"), ("x-forwarded-for", "10.0.0.1")],
                "400 tenant-missing",
            ),
            ("/whose", &[("x-tenant-id", "nobody")], "400 tenant-missing"),
        ],
    )
    .await;
    running.stop().await.expect("a clean stop");
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn what_is_allowed_needs_no_tenant_and_may_have_one() {
    let config = format!("{ALL}[tenancy]\nallow = [\"/docs\"]\n");
    let config = config.replace("[tenancy]\n", "");
    let (before, after) = config.split_once("allow").expect("a list");
    let config = format!("{before}\n[tenancy]\nallow{after}");
    let (_files, running) = start(&config).await;
    check(
        &running,
        &[
            ("/docs", &[], "200 nobody"),
            ("/docs", &[("x-tenant-id", "acme")], "200 acme"),
            ("/docs", &[("x-tenant-id", "nobody")], "404 tenant-unknown"),
            ("/anybody", &[], "400 tenant-missing"),
        ],
    )
    .await;
    running.stop().await.expect("a clean stop");
}

/// Proves: R-038.
/// Shows a part of: R-014.
#[tokio::test]
async fn a_reload_changes_the_guard_and_the_strategies() {
    let (files, running) = start(ALL).await;
    check(&running, &[("/anybody", &[], "400 tenant-missing")]).await;
    files.base(&format!(
        "{TENANTS}[tenancy]\nguard = \"lenient\"\n[tenant-resolution]\nstrategies = [\"claim\"]"
    ));
    let reloads = running.get::<Reloads>().expect("reloads");
    let outcome = reloads.reload(Trigger::Program).await;
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    check(
        &running,
        &[
            ("/anybody", &[], "200 nobody"),
            ("/anybody", &[("x-tenant-id", "acme")], "200 nobody"),
            ("/whose", &[], "400 tenant-missing"),
            ("/whose", &[("x-credentials-of", "acme")], "200 acme"),
        ],
    )
    .await;
    running.stop().await.expect("a clean stop");
}

/// Every mistake of the configuration at once.
#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused() {
    let files = Files::new(
        "[tenancy]\nallow = [\"/a/*/b\"]\n[tenancy.tenants]\nAcme = {}\n\
         [tenant-resolution]\nstrategies = [\"subdomain\", \"header\"]\npath = \"t\"\n\
         header = \"a b\"",
    );
    let refused = with_http(files.app(), Router::new()).start().await;
    let refused = format!("{:?}", refused.expect_err("no start"));
    for part in [
        "found `/a/*/b`",
        "found `Acme`",
        "the strategy `subdomain` needs it",
        "found `t`",
        "found `a b`",
        "needs the networks it is believed from",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}
