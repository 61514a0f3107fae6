//! How long the requests of one endpoint took.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::Histogram;

/// The histogram of request durations.
pub(crate) const DURATION: &str = "http_server_request_duration_seconds";

/// What a request without a route is counted under. Never its path: that would make as many
/// series as callers can think of.
const UNMATCHED: &str = "unmatched";

/// Handles an endpoint keeps at hand; rarer answers are looked up each time.
const KEPT: usize = 8;

/// The histograms of one endpoint, one for each method and status it has answered with.
#[derive(Default)]
pub(crate) struct Durations {
    route: OnceLock<String>,
    kept: [OnceLock<Kept>; KEPT],
}

struct Kept {
    method: &'static str,
    status: StatusCode,
    histogram: Histogram,
}

impl Durations {
    /// The template of the endpoint's route. It is only known to a request: the first one that
    /// comes by tells it.
    pub(crate) fn route(&self, matched: impl FnOnce() -> Option<String>) -> &str {
        self.route
            .get_or_init(|| matched().unwrap_or_else(|| UNMATCHED.to_owned()))
    }

    pub(crate) fn record(&self, method: &'static str, status: StatusCode, duration: Duration) {
        for slot in &self.kept {
            let kept = slot.get_or_init(|| Kept {
                method,
                status,
                histogram: self.histogram(method, status),
            });
            if kept.status == status && kept.method == method {
                kept.histogram.record(duration);
                return;
            }
        }
        self.histogram(method, status).record(duration);
    }

    fn histogram(&self, method: &'static str, status: StatusCode) -> Histogram {
        metrics::histogram!(
            DURATION,
            "http_request_method" => method,
            "http_route" => self.route(|| None).to_owned(),
            "http_response_status_code" => status.as_str().to_owned(),
        )
    }
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durations")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// The label of a method: callers can invent methods, labels they cannot.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}
