//! The formats whose structure is known. Each is read into a [`Tree`], or not at all.

mod lexed;
mod rust;

use std::path::Path;

use crate::tree::Tree;

/// Where nesting goes deeper than this, it is text.
const DEEPEST: usize = 48;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Rust,
    Text,
}

impl Format {
    pub(crate) fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|it| it.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("rs") => Self::Rust,
            _ => Self::Text,
        }
    }

    /// The structure of a text; none if it has none, or is malformed.
    pub(crate) fn read(self, text: &str) -> Option<Tree<'_>> {
        match self {
            Self::Rust => rust::read(text),
            Self::Text => None,
        }
    }
}
