//! Several features, one file: contributions in a structured format are united as data.
//!
//! Tables are united deeply and in the order of the contributions; a key two features give the same value is
//! fine, with different values it is a mistake naming both; lists are united in order. Comments stay with the
//! keys they stand above.

mod env;
mod json;
mod toml;
mod yaml;

use std::collections::BTreeMap;

use formwork_catalog::Format;

use crate::ComposeError;

/// What one feature puts into a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contribution<'a> {
    pub(crate) feature: &'a str,
    /// The path in the pack.
    pub(crate) from: &'a str,
    pub(crate) bytes: &'a [u8],
}

/// Unites contributions; every conflict and every contribution that is not well-formed is reported.
pub(crate) fn merge(
    path: &str,
    format: Format,
    contributions: &[Contribution<'_>],
) -> Result<Vec<u8>, Vec<ComposeError>> {
    let mut union = Union {
        path,
        origins: BTreeMap::new(),
        errors: Vec::new(),
    };
    let mut texts = Vec::with_capacity(contributions.len());
    for contribution in contributions {
        match std::str::from_utf8(contribution.bytes) {
            Ok(text) => texts.push((contribution, text)),
            Err(error) => union.syntax(contribution, format, error.to_string()),
        }
    }
    let merged = match format {
        Format::Toml => toml::merge(&texts, &mut union),
        Format::Yaml => yaml::merge(&texts, &mut union),
        Format::Json => json::merge(&texts, &mut union),
        Format::Env => env::merge(&texts, &mut union),
    };
    if union.errors.is_empty() {
        Ok(merged.into_bytes())
    } else {
        Err(union.errors)
    }
}

/// Who brought which key, and what went wrong.
struct Union<'a> {
    path: &'a str,
    origins: BTreeMap<String, String>,
    errors: Vec<ComposeError>,
}

impl Union<'_> {
    fn syntax(&mut self, contribution: &Contribution<'_>, format: Format, message: String) {
        self.errors.push(ComposeError::Syntax {
            feature: contribution.feature.to_owned(),
            template: contribution.from.to_owned(),
            path: self.path.to_owned(),
            format: match format {
                Format::Toml => "TOML",
                Format::Yaml => "YAML",
                Format::Json => "JSON",
                Format::Env => "environment file",
            },
            message,
        });
    }

    /// Remembers who brought a key.
    fn bring(&mut self, key: String, feature: &str) {
        self.origins
            .entry(key)
            .or_insert_with(|| feature.to_owned());
    }

    fn conflict(&mut self, key: &str, feature: &str, ours: String, theirs: String) {
        // The key itself, or the table it came in.
        let mut place = key;
        let first = loop {
            if let Some(first) = self.origins.get(place) {
                break first.clone();
            }
            match place.rfind('.') {
                Some(end) => place = &place[..end],
                None => break String::new(),
            }
        };
        self.errors.push(ComposeError::Key {
            path: self.path.to_owned(),
            key: key.to_owned(),
            first,
            second: feature.to_owned(),
            ours,
            theirs,
        });
    }
}

/// The key of a child.
fn below(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}
