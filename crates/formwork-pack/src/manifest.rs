//! `pack.toml`: what a pack is and which versions of Formwork it is for.

use std::ops::Range;

use formwork_catalog::{Diagnostic, Position, Severity, nearest};
use semver::{Version, VersionReq};
use serde::Serialize;
use toml_edit::{Document, Item};

use crate::skeleton::id_mistake;

/// What a pack says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The name by which recipes know it; what it brings begins with it.
    pub id: String,
    /// The name for people.
    pub name: String,
    pub version: Version,
    /// The versions of Formwork it is for.
    pub formwork: VersionReq,
    /// An SPDX expression, as in Cargo's manifests.
    pub license: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
}

impl Manifest {
    /// The manifest's path in a pack.
    pub const PATH: &'static str = "pack.toml";

    /// Reads a manifest, or gives every mistake in it; a key nobody knows is a warning.
    pub fn read(text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader {
            text,
            diagnostics: Vec::new(),
        };
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                reader.report(Severity::Error, error.span(), error.message(), None);
                return (None, reader.diagnostics);
            }
        };
        let table = document.as_table();
        let keys = ["id", "name", "version", "formwork", "license", "homepage"];
        for (key, item) in table.iter() {
            if !keys.contains(&key) {
                let span = table.key(key).and_then(toml_edit::Key::span);
                let hint = nearest(key, keys).map(|near| format!("did you mean `{near}`?"));
                let message = format!("the manifest has an unknown key `{key}`");
                reader.report(Severity::Warning, span.or(item.span()), message, hint);
            }
        }
        let mut required = |key: &str| {
            let text = reader.text(table.get(key), key);
            if table.get(key).is_none() {
                reader.report(
                    Severity::Error,
                    None,
                    format!("the manifest has no `{key}`"),
                    None,
                );
            }
            text
        };
        let id = required("id");
        let name = required("name");
        let version = required("version");
        let formwork = required("formwork");
        let license = required("license");
        let homepage = reader.text(table.get("homepage"), "homepage");
        let span = |key: &str| table.get(key).and_then(Item::span);
        if let Some(mistake) = id.as_deref().and_then(id_mistake) {
            let id = id.as_deref().unwrap_or_default();
            let message = format!("`{id}` cannot be the id of a pack: {mistake}");
            reader.report(Severity::Error, span("id"), message, None);
        }
        let version = version.and_then(|text| match Version::parse(&text) {
            Ok(version) => Some(version),
            Err(error) => {
                let message = format!("`{text}` is not a version: {error}");
                let hint = "write all three numbers, as in `1.0.0`".to_owned();
                reader.report(Severity::Error, span("version"), message, Some(hint));
                None
            }
        });
        let formwork = formwork.and_then(|text| match VersionReq::parse(&text) {
            Ok(range) => Some(range),
            Err(error) => {
                let message = format!("`{text}` is not a version range: {error}");
                let hint = "write it as in `^0.1` or `>=1, <3`".to_owned();
                reader.report(Severity::Error, span("formwork"), message, Some(hint));
                None
            }
        });
        if let Some(homepage) = &homepage
            && !homepage.starts_with("https://")
        {
            let message = format!("the homepage `{homepage}` does not begin with `https://`");
            reader.report(Severity::Error, span("homepage"), message, None);
        }
        reader.diagnostics.sort();
        let is_sound = reader
            .diagnostics
            .iter()
            .all(|diagnostic| diagnostic.severity != Severity::Error);
        let manifest = match (id, name, version, formwork, license) {
            (Some(id), Some(name), Some(version), Some(formwork), Some(license)) if is_sound => {
                Some(Self {
                    id,
                    name,
                    version,
                    formwork,
                    license,
                    homepage,
                })
            }
            _ => None,
        };
        (manifest, reader.diagnostics)
    }
}

struct Reader<'t> {
    text: &'t str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn text(&mut self, item: Option<&Item>, key: &str) -> Option<String> {
        let item = item?;
        match item.as_str() {
            Some(text) if text.trim().is_empty() => {
                self.report(
                    Severity::Error,
                    item.span(),
                    format!("`{key}` is empty"),
                    None,
                );
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                let found = item.type_name();
                let message = format!("`{key}` must be a string, found {found}");
                self.report(Severity::Error, item.span(), message, None);
                None
            }
        }
    }

    fn report(
        &mut self,
        severity: Severity,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let start = span.map_or(0, |span| span.start);
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        self.diagnostics.push(Diagnostic {
            path: Manifest::PATH.to_owned(),
            position: Position {
                line: number(before.matches('\n').count()),
                column: number(before[line_start..].chars().count()),
            },
            severity,
            message: message.into(),
            help,
        });
    }
}
