//! The strategies.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, Uri, header};
use formwork_http::{Peer, Problem, TenantClaim};

use super::network::Network;
use super::problem::{mismatch, missing};
use super::{ResolutionConfig, Strategy};

/// The tenant that was taken off the path.
#[derive(Debug, Clone)]
struct PathTenant(String);

/// The strategies, as they are configured.
#[derive(Debug)]
pub(super) struct Resolver {
    strategies: Vec<Strategy>,
    domain: Option<String>,
    path: String,
    header: HeaderName,
    trusted: Vec<Network>,
    /// How callers name a tenant by these strategies.
    how_to_name: Arc<str>,
}

impl Resolver {
    /// The configuration has been checked: what it says can be read.
    pub(super) fn new(config: &ResolutionConfig) -> Self {
        Self {
            strategies: config.strategies.clone(),
            domain: config.domain.as_ref().map(|it| it.to_ascii_lowercase()),
            path: format!("{}/", config.path),
            header: HeaderName::try_from(&config.header)
                .unwrap_or(HeaderName::from_static("x-tenant-id")),
            trusted: config
                .trusted
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
            how_to_name: how_to_name(config).into(),
        }
    }

    /// What a request has to do to name its tenant.
    pub(super) fn how_to_name(&self) -> Arc<str> {
        Arc::clone(&self.how_to_name)
    }

    /// What the request says, by the first strategy that knows.
    pub(super) fn resolve<'a>(&self, parts: &'a Parts) -> Result<Option<Cow<'a, str>>, Problem> {
        let claim = self.ask(Strategy::Claim, parts)?;
        for strategy in &self.strategies {
            let Some(named) = self.ask(*strategy, parts)? else {
                continue;
            };
            return match claim {
                Some(claim) if claim == named => Ok(Some(named)),
                // A proxy does not know better than whoever gave out the credentials.
                Some(claim) if *strategy == Strategy::Header => Ok(Some(claim)),
                Some(_) => Err(mismatch()),
                None => Ok(Some(named)),
            };
        }
        Ok(None)
    }

    fn ask<'a>(
        &self,
        strategy: Strategy,
        parts: &'a Parts,
    ) -> Result<Option<Cow<'a, str>>, Problem> {
        if !self.strategies.contains(&strategy) {
            return Ok(None);
        }
        match strategy {
            Strategy::Claim => {
                let claim = parts.extensions.get::<TenantClaim>();
                Ok(claim.map(|claim| Cow::Borrowed(&*claim.0)))
            }
            Strategy::Subdomain => Ok(self.subdomain(parts)),
            Strategy::Path => {
                let tenant = parts.extensions.get::<PathTenant>();
                Ok(tenant.map(|tenant| Cow::Borrowed(&*tenant.0)))
            }
            Strategy::Header => self.header(parts),
        }
    }

    /// The label before the domain. What has more labels, or none, is no tenant's host.
    fn subdomain<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        let host = match parts.uri.host() {
            Some(host) => host,
            None => parts.headers.get(header::HOST)?.to_str().ok()?,
        };
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let host = host.strip_suffix('.').unwrap_or(host);
        let domain = self.domain.as_ref()?;
        let cut = host.len().checked_sub(domain.len())?;
        if !host.is_char_boundary(cut) || !host[cut..].eq_ignore_ascii_case(domain) {
            return None;
        }
        let label = host[..cut].strip_suffix('.')?;
        if label.is_empty() || label.contains('.') {
            return None;
        }
        // Hosts are the same in capitals.
        match label.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Some(Cow::Owned(label.to_ascii_lowercase())),
            false => Some(Cow::Borrowed(label)),
        }
    }

    fn header<'a>(&self, parts: &'a Parts) -> Result<Option<Cow<'a, str>>, Problem> {
        let mut values = parts.headers.get_all(&self.header).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let peer = parts.extensions.get::<Peer>();
        let trusted = peer.is_some_and(|peer| {
            let address = peer.0.ip();
            self.trusted.iter().any(|network| network.contains(address))
        });
        if !trusted {
            tracing::debug!(header = %self.header, "the tenant of a caller that is not trusted");
            return Ok(None);
        }
        match (value.to_str(), values.next()) {
            (Ok(text), None) => Ok(Some(Cow::Borrowed(text))),
            _ => Err(missing().with_detail(format!(
                "expected the header `{}` to be one tenant",
                self.header
            ))),
        }
    }

    /// Takes the tenant off the path.
    pub(super) fn reroute(&self, parts: &mut Parts) -> Option<Uri> {
        if !self.strategies.contains(&Strategy::Path) {
            return None;
        }
        let whole = parts.uri.path_and_query()?.as_str();
        let rest = whole.strip_prefix(&self.path)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (tenant, rest) = rest.split_at(end);
        let rest: Cow<'_, str> = match rest.starts_with('/') {
            true => Cow::Borrowed(rest),
            false => Cow::Owned(format!("/{rest}")),
        };
        let mut uri = parts.uri.clone().into_parts();
        uri.path_and_query = Some(rest.parse::<PathAndQuery>().ok()?);
        let tenant = PathTenant(tenant.to_owned());
        let uri = Uri::from_parts(uri).ok()?;
        parts.extensions.insert(tenant);
        Some(uri)
    }
}

/// In the order they are asked.
fn how_to_name(config: &ResolutionConfig) -> String {
    let mut ways: Vec<String> = Vec::new();
    for strategy in &config.strategies {
        let way = match strategy {
            Strategy::Claim => "send credentials that are for a tenant".to_owned(),
            Strategy::Subdomain => {
                let domain = config.domain.as_deref().unwrap_or_default();
                format!("ask the host `TENANT.{domain}`")
            }
            Strategy::Path => format!("put `{}/TENANT` before the path", config.path),
            Strategy::Header => format!(
                "have the header `{}` set by a proxy that is trusted",
                config.header
            ),
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.join(", or ")
}
