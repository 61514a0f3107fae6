//! Mistakes are found before the first request.

use axum::Router;
use axum::routing::get;
use formwork_app::{App, ServiceInfo};
use formwork_config::{Environment, Loader};
use formwork_http::{HttpModule, Routes, ServerAddress};

use crate::support::{Parts, Service, app};

fn routes(name: &'static str, path: &str) -> Parts {
    let router = Router::new().route(path, get(async move || name));
    Parts {
        name,
        routes: vec![Routes::new(name, router)],
        ..Parts::default()
    }
}

/// Shows a part of: R-026.
#[tokio::test]
async fn modules_share_one_server() {
    let app = app(&[])
        .module(routes("orders", "/orders"))
        .module(routes("payments", "/payments"));
    let running = app.start().await.unwrap();
    let address = running.get::<ServerAddress>().unwrap().get().unwrap();
    let service = Service { running, address };
    assert_eq!(service.get("/orders").await.text(), "orders");
    assert_eq!(service.get("/payments").await.text(), "payments");
    service.stop().await.unwrap();
}

#[test]
fn a_route_claimed_twice_names_both() {
    let app = app(&[])
        .module(routes("orders", "/orders"))
        .module(routes("sales", "/orders"));
    let error = app.check().unwrap_err().to_string();
    assert!(
        error.contains("`sales`") && error.contains("`orders`"),
        "{error}"
    );
    assert!(error.contains("/orders"), "{error}");
    let taken = app_with_probe().check().unwrap_err().to_string();
    assert!(
        taken.contains("`mine`") && taken.contains("`probes`"),
        "{taken}"
    );
}

/// The server alone serves nothing: probes and history are there when their modules are.
#[tokio::test]
async fn what_is_not_chosen_is_not_served() {
    let loader = Loader::new("test")
        .with_environment(Environment::default())
        .with_value("http.listen", "127.0.0.1:0");
    let app = App::new(ServiceInfo::new("test", "1.0.0")).config(loader);
    let running = app.module(HttpModule::new()).start().await.unwrap();
    let address = running.get::<ServerAddress>().unwrap().get().unwrap();
    let service = Service { running, address };
    for path in [
        "/livez",
        "/readyz",
        "/startupz",
        "/health",
        "/health-history",
    ] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
    service.stop().await.unwrap();
}

fn app_with_probe() -> formwork_app::App {
    app(&[]).module(routes("mine", "/livez"))
}

#[tokio::test]
async fn an_address_in_use_is_named_with_what_to_do() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let settings = [("http.listen", &*address)];
    let error = app(&settings).start().await.unwrap_err().to_string();
    let said = format!("module `http` could not start: cannot listen on `{address}`: ");
    assert!(error.starts_with(&said), "{error}");
    let hint = "; hint: another process listens there: stop it, or choose another address; \
                `http.listen` is set by the program";
    assert!(error.ends_with(hint), "{error}");
}

#[test]
fn configuration_is_checked_before_anything_starts() {
    for (path, value) in [
        ("http.request-timeout", "0s"),
        ("http.max-concurrency", "0"),
        ("http.cors-origins", "shop.example"),
        ("http.body-limit", "much"),
        ("health.details", "sometimes"),
        ("health-history.keep", "0"),
    ] {
        let error = app(&[(path, value)]).check().unwrap_err().to_string();
        assert!(error.contains(path), "{error}");
    }
}
