//! The formats whose structure is known. Each is read into a [`Tree`], or not at all.

mod env;
mod json;
mod lexed;
mod markdown;
mod rust;
mod sql;
mod toml;
mod yaml;

use std::path::Path;

use crate::tree::Tree;

/// Where nesting goes deeper than this, it is text.
const DEEPEST: usize = 48;

/// What is larger than this is text.
const LARGEST: usize = 8 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Env,
    Json,
    Markdown,
    Rust,
    Sql,
    Toml,
    Yaml,
    Text,
}

impl Format {
    pub(crate) fn of(path: &Path) -> Self {
        let name = path
            .file_name()
            .and_then(|it| it.to_str())
            .unwrap_or_default();
        if name == ".env" || name.starts_with(".env.") {
            return Self::Env;
        }
        if name == "Cargo.lock" {
            return Self::Toml;
        }
        let extension = path.extension().and_then(|it| it.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("rs") => Self::Rust,
            Some("toml") => Self::Toml,
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            Some("sql") => Self::Sql,
            Some("md") => Self::Markdown,
            Some("env") => Self::Env,
            _ => Self::Text,
        }
    }

    /// The structure of a text; none if it has none, or is malformed.
    pub(crate) fn read(self, text: &str) -> Option<Tree<'_>> {
        if text.len() > LARGEST {
            return None;
        }
        let tree = match self {
            Self::Env => Some(env::read(text)),
            Self::Json => json::read(text),
            Self::Markdown => Some(markdown::read(text)),
            Self::Rust => rust::read(text),
            Self::Sql => sql::read(text),
            Self::Toml => toml::read(text),
            Self::Yaml => yaml::read(text),
            Self::Text => None,
        };
        tree.filter(Tree::is_sound)
    }

    /// Whether a text is what its format says, so far as that can be told.
    pub(crate) fn is_well_formed(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Rust => rust::is_well_formed(text),
            _ => self.read(text).is_some(),
        }
    }
}
