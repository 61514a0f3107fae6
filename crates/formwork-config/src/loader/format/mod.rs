//! The languages of configuration files. Each reader keeps the place of every value, and its
//! messages never hold a piece of the text, which may be a secret.

mod json;
mod toml;
mod yaml;

#[cfg(test)]
mod fuzz;

use std::path::Path;

pub(super) use self::toml::value as toml_value;

use crate::error::{Violation, ViolationKind};
use crate::{Node, Origin};

/// How deep tables and lists may lie in one another: what the TOML reader allows.
const MAX_DEPTH: usize = 80;

/// A language that configuration files are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
    Json,
}

impl Format {
    /// The extensions of files, the preferred one first.
    pub(super) const EXTENSIONS: [&str; 4] = ["toml", "yaml", "yml", "json"];

    /// The format of a file with such a name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The tree of a text, or the mistakes in its syntax.
    pub(super) fn parse(self, text: &str, origin: &Origin) -> Result<Node, Vec<Violation>> {
        let lines = Lines::of(text, origin);
        match self {
            Self::Toml => toml::parse(text, &lines),
            Self::Yaml => yaml::parse(text, origin).map_err(|it| vec![it.violation("YAML")]),
            Self::Json => json::parse(text, &lines).map_err(|it| vec![it.violation("JSON")]),
        }
    }
}

/// A mistake in the syntax of a file.
#[derive(Debug)]
struct Mistake {
    at: Origin,
    message: String,
}

impl Mistake {
    fn violation(self, language: &str) -> Violation {
        Violation {
            path: String::new(),
            origin: Some(self.at),
            kind: ViolationKind::Syntax,
            hint: (self.message == "duplicate key").then(|| "keep one of the two".to_owned()),
            message: format!("not valid {language}: {}", self.message),
        }
    }
}

/// Turns an offset into a line and a column, in a time that does not depend on the line's length.
struct Lines<'a> {
    text: &'a str,
    origin: &'a Origin,
    /// Where lines start. Empty when positions are of no interest.
    starts: Vec<usize>,
    /// How many characters are before each block. Empty when all of them are single bytes.
    blocks: Vec<usize>,
}

/// How many bytes are in a block.
const BLOCK: usize = 256;

impl<'a> Lines<'a> {
    fn of(text: &'a str, origin: &'a Origin) -> Self {
        let after_breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        let mut blocks = Vec::new();
        if !text.is_ascii() {
            blocks.push(0);
            let mut count = 0;
            for block in text.as_bytes().chunks(BLOCK) {
                count += characters(block);
                blocks.push(count);
            }
        }
        Self {
            text,
            origin,
            starts: std::iter::once(0).chain(after_breaks).collect(),
            blocks,
        }
    }

    /// No positions at all.
    fn none(origin: &'a Origin) -> Self {
        Self {
            text: "",
            origin,
            starts: Vec::new(),
            blocks: Vec::new(),
        }
    }

    fn at(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= offset);
        let Some(start) = line.checked_sub(1).map(|index| self.starts[index]) else {
            return self.origin.clone();
        };
        let column = self.before(offset) - self.before(start) + 1;
        self.origin.at(line as u32, column as u32)
    }

    /// How many characters are before an offset.
    fn before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        match self.blocks.get(offset / BLOCK) {
            Some(before) => {
                let rest = &self.text.as_bytes()[offset / BLOCK * BLOCK..offset];
                before + characters(rest)
            }
            None => offset,
        }
    }
}

/// How many characters start in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OriginKind;

    #[test]
    fn columns_are_counted_in_characters() {
        let origin = Origin::new(OriginKind::BaseFile, "x");
        for unit in ["a", "ä", "€", "𝄞", "aä\n€"] {
            let text = unit.repeat(400);
            let lines = Lines::of(&text, &origin);
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let before = &text[..offset];
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
                let position = lines.at(offset).position.expect("it has a place");
                let expected = (line as u32, column as u32);
                assert_eq!(
                    (position.line, position.column),
                    expected,
                    "{unit} {offset}"
                );
            }
        }
    }
}
