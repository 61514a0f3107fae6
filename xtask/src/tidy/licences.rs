//! The policy of `deny.toml` on licences and sources, checked with Cargo's metadata.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Finding, Workspace};

#[derive(Deserialize)]
struct Policy {
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let text = fs::read_to_string(workspace.root.join("deny.toml"))
        .context("could not read `deny.toml`")?;
    let policy: Policy = toml::from_str(&text).context("could not read `deny.toml`")?;
    let allowed = |licence: &str| policy.licenses.allow.iter().any(|it| it == licence);
    let mut findings = Vec::new();
    for package in &workspace.metadata.packages {
        let place = format!("{} {}", package.name, package.version);
        match &package.license {
            None => findings.push(Finding::new(&place, "states no licence")),
            Some(expression) => match satisfied(expression, &allowed) {
                Some(true) => {}
                Some(false) => findings.push(Finding::new(
                    &place,
                    format!("`{expression}` is not covered by the licences of `deny.toml`"),
                )),
                None => findings.push(Finding::new(
                    &place,
                    format!("`{expression}` is no licence expression"),
                )),
            },
        }
        let Some(source) = &package.source else {
            continue;
        };
        let registry = source
            .repr
            .strip_prefix("registry+")
            .unwrap_or(&source.repr);
        if !policy
            .sources
            .allow_registry
            .iter()
            .any(|it| it == registry)
        {
            findings.push(Finding::new(
                &place,
                format!("comes from `{}`", source.repr),
            ));
        }
    }
    Ok(findings)
}

/// Whether an SPDX expression is satisfied by allowed licences; `None` when it is not one.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    // Before SPDX expressions a slash meant a choice.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        allowed,
    };
    let value = parser.any()?;
    parser.words.is_empty().then_some(value)
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.take("OR") {
            value |= self.all()?;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.take("AND") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let value = self.any()?;
            return self.take(")").then_some(value);
        }
        let (&licence, rest) = self.words.split_first()?;
        if matches!(licence, "OR" | "AND" | "WITH" | ")") {
            return None;
        }
        self.words = rest;
        // An exception only adds permissions.
        if self.take("WITH") {
            self.words = self.words.split_first()?.1;
        }
        Some((self.allowed)(licence))
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated() {
        let allowed = |licence: &str| matches!(licence, "MIT" | "Apache-2.0");
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("MIT/GPL-3.0-only", Some(true)),
            ("GPL-3.0-only OR MIT AND Apache-2.0", Some(true)),
            ("(GPL-3.0-only OR MIT) AND ISC", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
            ("", None),
        ] {
            assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
        }
    }
}
