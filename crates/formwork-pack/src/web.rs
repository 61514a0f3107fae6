//! Bytes from a file or from the web, within bounds.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::{Limits, PackError};

/// What is at a place: a URL, or a path relative to `base`.
pub(crate) fn get(at: &str, base: &Path, limits: &Limits) -> Result<Vec<u8>, PackError> {
    if is_url(at) {
        return fetch(at, limits);
    }
    let path = base.join(at);
    let read = |source| PackError::Read {
        path: path.clone(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(read)?;
    let count = file.take(limits.fetched + 1).read_to_end(&mut bytes);
    count.map_err(read)?;
    if bytes.len() as u64 > limits.fetched {
        return Err(too_large(at, limits));
    }
    Ok(bytes)
}

pub(crate) fn is_url(at: &str) -> bool {
    at.contains("://")
}

/// A place named in a file at another place.
pub(crate) fn beside(at: &str, name: &str) -> String {
    if is_url(name) || Path::new(name).is_absolute() {
        return name.to_owned();
    }
    match at.rfind('/') {
        Some(end) => format!("{}/{name}", &at[..end]),
        None => name.to_owned(),
    }
}

fn fetch(url: &str, limits: &Limits) -> Result<Vec<u8>, PackError> {
    let failed = |message: String| PackError::Fetch {
        at: url.to_owned(),
        message,
    };
    let is_secure = url.starts_with("https://");
    if !is_secure && !is_loopback(url) {
        return Err(failed("only https is fetched".to_owned()));
    }
    let mut config = Agent::config_builder()
        .https_only(is_secure)
        .timeout_global(Some(Duration::from_secs(120)))
        .max_redirects(if is_secure { 5 } else { 0 });
    if is_secure {
        let found = rustls_native_certs::load_native_certs();
        let roots = found
            .certs
            .iter()
            .map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        config = config.tls_config(tls.build());
    }
    let agent: Agent = config.build().into();
    let mut answer = agent
        .get(url)
        .call()
        .map_err(|error| failed(error.to_string()))?;
    let body = answer.body_mut().with_config().limit(limits.fetched);
    body.read_to_vec().map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(_) => too_large(url, limits),
        error => failed(error.to_string()),
    })
}

fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        let rest = host.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    })
}

fn too_large(at: &str, limits: &Limits) -> PackError {
    PackError::Fetch {
        at: at.to_owned(),
        message: format!("it has more than {} bytes", limits.fetched),
    }
}

#[cfg(test)]
mod tests {
    use super::{beside, is_loopback};

    #[test]
    fn only_the_machine_itself_is_a_loopback() {
        for url in [
            "http://127.0.0.1:80/x",
            "http://localhost/x",
            "http://[::1]:9/x",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://example.org/x",
            "http://127.0.0.1.example.org/x",
            "http://localhost@example.org/x",
            "http://localhost:1@example.org/x",
            "https://localhost/x",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn an_archive_lies_beside_its_index_unless_it_says_otherwise() {
        assert_eq!(
            beside("https://a.org/x/i.toml", "p.zip"),
            "https://a.org/x/p.zip"
        );
        assert_eq!(beside("../i.toml", "p.zip"), "../p.zip");
        assert_eq!(beside("i.toml", "p.zip"), "p.zip");
        assert_eq!(
            beside("i.toml", "https://b.org/p.zip"),
            "https://b.org/p.zip"
        );
    }
}
