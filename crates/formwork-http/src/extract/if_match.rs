//! The version a caller acts on.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use formwork_domain::Version;

use crate::Problem;
use crate::problem::failure::version_mismatch;
use crate::problem::rejection::malformed;

/// The version of the `If-Match` header, `None` when there is no header or it is `*`.
///
/// What is no entity tag, or more than one, is refused with 400; an entity tag no version has, or
/// a weak one, which matches nothing, with 412.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<Version>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => parse(value).map(Self),
            (Some(_), Some(_)) => Err(unreadable()),
        }
    }
}

fn parse(value: &HeaderValue) -> Result<Option<Version>, Problem> {
    let text = value.to_str().map_err(|_| unreadable())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let (weak, tag) = match text.strip_prefix("W/") {
        Some(tag) => (true, tag),
        None => (false, text),
    };
    let opaque = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .filter(|opaque| !opaque.contains(['"', ' ']))
        .ok_or_else(unreadable)?;
    let canonical = !opaque.starts_with(['0', '+']) || opaque == "0";
    match opaque.parse() {
        Ok(number) if canonical && !weak => Ok(Some(Version::new(number))),
        _ => Err(version_mismatch(
            "no version has the entity tag of `If-Match`",
        )),
    }
}

fn unreadable() -> Problem {
    malformed().with_detail("expected `If-Match` to be one entity tag such as `\"3\"`, or `*`")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use proptest::prelude::*;

    use super::*;

    fn check(value: &'static str) -> Result<Option<u64>, StatusCode> {
        parse(&HeaderValue::from_static(value))
            .map(|version| version.map(Version::get))
            .map_err(|problem| problem.status())
    }

    #[test]
    fn reads_one_strong_tag() {
        assert_eq!(check("\"3\""), Ok(Some(3)));
        assert_eq!(check(" \"0\" "), Ok(Some(0)));
        assert_eq!(check("*"), Ok(None));
        assert_eq!(check("\"18446744073709551615\""), Ok(Some(u64::MAX)));
        for malformed in [
            "",
            "3",
            "\"3",
            "3\"",
            "\"",
            "\"3\", \"4\"",
            "W/3",
            "\"3\"\"",
            "w/\"3\"",
        ] {
            assert_eq!(
                check(malformed),
                Err(StatusCode::BAD_REQUEST),
                "{malformed}"
            );
        }
        for unknown in [
            "W/\"3\"",
            "\"abc\"",
            "\"\"",
            "\"03\"",
            "\"+3\"",
            "\"-1\"",
            "\"18446744073709551616\"",
        ] {
            assert_eq!(
                check(unknown),
                Err(StatusCode::PRECONDITION_FAILED),
                "{unknown}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let _ = parse(&value);
            }
        }

        #[test]
        fn every_version_is_read_back(number in any::<u64>()) {
            let tag = crate::etag(Version::new(number));
            prop_assert_eq!(parse(&tag).unwrap(), Some(Version::new(number)));
        }
    }
}
