//! What can be configured, under `tenant-resolution`.

use formwork_config::{Checks, Config};

use super::network::Network;

/// How a request says whose it is.
#[derive(Debug, Clone, Config)]
#[config(check = "ResolutionConfig::check")]
pub struct ResolutionConfig {
    /// What is asked, in this order; the first that knows the tenant decides. A claim goes before
    /// a header wherever they stand.
    #[config(default = ["claim"], length(min = 1), dynamic)]
    pub strategies: Vec<Strategy>,
    /// For `subdomain`: the domain below which each tenant has its host, such as `shop.example` for
    /// `acme.shop.example`.
    #[config(dynamic)]
    pub domain: Option<String>,
    /// For `path`: what the tenant follows, such as `/t` for `/t/acme/orders`. Routes do not see
    /// either.
    #[config(default = "/t", dynamic)]
    pub path: String,
    /// For `header`: its name.
    #[config(default = "x-tenant-id", dynamic)]
    pub header: String,
    /// For `header`: the networks it is believed from, such as `10.0.0.0/8` or `127.0.0.1`: those
    /// of the proxies that set it. From anybody else it does not count.
    #[config(default = [], dynamic)]
    pub trusted: Vec<String>,
}

/// What may say whose a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum Strategy {
    /// The credentials of the caller, see [`TenantClaim`](formwork_http::TenantClaim).
    Claim,
    /// The first label of the host.
    Subdomain,
    /// The beginning of the path.
    Path,
    /// A header that a trusted proxy sets.
    Header,
}

impl ResolutionConfig {
    fn check(&self, checks: &mut Checks) {
        let uses = |strategy| self.strategies.contains(&strategy);
        if uses(Strategy::Subdomain) && self.domain.is_none() {
            checks.refuse(
                "domain",
                "the strategy `subdomain` needs it, such as `shop.example`",
            );
        }
        if let Some(domain) = &self.domain
            && (domain.is_empty() || domain.starts_with('.') || domain.contains([':', '/']))
        {
            checks.refuse(
                "domain",
                format!("expected a domain such as `shop.example`, found `{domain}`"),
            );
        }
        if !self.path.starts_with('/') || self.path.len() < 2 || self.path.ends_with('/') {
            let found = &self.path;
            checks.refuse(
                "path",
                format!("expected a path such as `/t`, found `{found}`"),
            );
        }
        if axum::http::HeaderName::try_from(&self.header).is_err() {
            let found = &self.header;
            checks.refuse(
                "header",
                format!("expected the name of a header such as `x-tenant-id`, found `{found}`"),
            );
        }
        if uses(Strategy::Header) && self.trusted.is_empty() {
            checks.refuse(
                "trusted",
                "the strategy `header` needs the networks it is believed from, such as `10.0.0.0/8`",
            );
        }
        for network in &self.trusted {
            if network.parse::<Network>().is_err() {
                checks.refuse(
                    "trusted",
                    format!(
                        "expected addresses or networks such as `10.0.0.0/8`, found `{network}`"
                    ),
                );
            }
        }
    }
}
