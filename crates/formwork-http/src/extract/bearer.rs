//! The token a caller sends.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use formwork_config::Secret;

/// The token of `authorization: Bearer …`; `None` when there are several such headers, as which of
/// them a proxy in front has looked at is not known.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Secret<String>> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (all.next(), all.next()) else {
        return None;
    };
    let header = header.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim().to_owned()))
}
