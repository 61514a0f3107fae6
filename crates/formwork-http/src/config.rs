//! What can be configured, under `http`.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use formwork_config::{ByteSize, Checks, Config};

/// The HTTP server.
#[derive(Debug, Clone, Config)]
#[config(check = "HttpConfig::check")]
pub struct HttpConfig {
    /// The address to listen on. Port 0 takes a free port, which the log tells.
    #[config(default = "127.0.0.1:8080", dynamic)]
    pub listen: SocketAddr,
    /// How long a request may take until the head of its answer; then it is answered with 504.
    #[config(default = "30s", range(min = "1ms", max = "1h"), dynamic)]
    pub request_timeout: Duration,
    /// The largest request body; larger ones are answered with 413.
    #[config(default = "1MiB", dynamic)]
    pub body_limit: ByteSize,
    /// How many requests are worked on at once; further ones are answered with 503. Probes and
    /// metrics do not count.
    #[config(default = 1024, range(min = 1), dynamic)]
    pub max_concurrency: u32,
    /// How many requests per second are let in, on average; further ones are answered with 429.
    /// Not set: no limit. Probes and metrics do not count.
    #[config(range(min = 1, max = 1000000), dynamic)]
    pub rate_limit: Option<u32>,
    /// How many requests are let in at once after a pause, when there is a limit of their rate.
    #[config(default = 100, range(min = 1, max = 1000000), dynamic)]
    pub rate_burst: u32,
    /// How many connections are open at once; further ones wait to be accepted.
    #[config(default = 10000, range(min = 1, max = 1000000), dynamic)]
    pub max_connections: u32,
    /// How long the head of a request may take to arrive; then the connection is closed.
    #[config(default = "10s", range(min = "1ms", max = "1h"), dynamic)]
    pub header_timeout: Duration,
    /// How long a connection may be idle between two requests. Longer than that of the load
    /// balancer in front, so that it is the load balancer who closes.
    #[config(default = "75s", range(min = "1ms", max = "1d"), dynamic)]
    pub keep_alive: Duration,
    /// Whether answers are compressed for clients that take gzip.
    #[config(default = true, dynamic)]
    pub compression: bool,
    /// The origins a browser may call from, such as `https://shop.example`, or `*` for all. None:
    /// no CORS headers.
    #[config(default = [], dynamic)]
    pub cors_origins: Vec<String>,
}

impl HttpConfig {
    fn check(&self, checks: &mut Checks) {
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            checks.refuse(
                "cors-origins",
                format!("expected `*` or origins such as `https://shop.example`, found `{origin}`"),
            );
        }
    }
}

/// Whether a text is `*`, or scheme, host and perhaps port, and no more.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let bare = uri.scheme().is_some() && uri.authority().is_some() && uri.query().is_none();
    bare && uri.path() == "/" && !text.ends_with('/') && HeaderValue::from_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port() {
        for right in ["*", "https://shop.example", "http://127.0.0.1:3000"] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "",
            "shop.example",
            "https://shop.example/",
            "https://a/b",
            "https://a?b",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
