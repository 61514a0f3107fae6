//! What becomes of what is done without a tenant.

use std::collections::BTreeSet;

use formwork_config::Config;

/// What becomes of requests and operations that need a tenant and have none.
///
/// Whoever names a tenant that is unknown or suspended is refused in every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum GuardMode {
    /// They are refused.
    Strict,
    /// They are logged, an event is emitted, and they go on without a tenant.
    Lenient,
    /// They go on without a tenant.
    Off,
}

/// The mode, and what is allowed in each.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) mode: GuardMode,
    exact: BTreeSet<String>,
    below: Vec<String>,
}

impl Guard {
    pub(crate) fn new(mode: GuardMode, allow: &[String]) -> Self {
        let (below, exact): (Vec<_>, Vec<_>) =
            allow.iter().partition(|pattern| pattern.ends_with("/*"));
        Self {
            mode,
            exact: exact.into_iter().cloned().collect(),
            below: below
                .into_iter()
                .map(|pattern| pattern.trim_end_matches('*').to_owned())
                .collect(),
        }
    }

    /// Whether it may be done without a tenant whatever the mode. `/docs/*` is for `/docs` as well.
    pub(crate) fn allows(&self, what: &str) -> bool {
        self.exact.contains(what)
            || self.below.iter().any(|folder| {
                what.starts_with(folder.as_str()) || folder.strip_suffix('/') == Some(what)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_allowed() {
        let allow = ["/docs/*", "/about", "order.expire"].map(str::to_owned);
        let guard = Guard::new(GuardMode::Strict, &allow);
        for allowed in ["/docs", "/docs/", "/docs/a/b", "/about", "order.expire"] {
            assert!(guard.allows(allowed), "{allowed}");
        }
        for other in [
            "/docsx",
            "/about/",
            "/",
            "",
            "/orders",
            "order.expired",
            "/a/docs/b",
        ] {
            assert!(!guard.allows(other), "{other}");
        }
    }
}
