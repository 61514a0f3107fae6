//! What is wrong with a configuration: every mistake, where it was made, and what to do.

use std::fmt;

use serde::Serialize;

use crate::{Origin, OriginKind};

/// One mistake in a configuration. It never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The key's whole path, such as `http.listen`; empty when a source is wrong as a whole.
    pub path: String,
    /// Where the value came from; `None` when it is missing.
    pub origin: Option<Origin>,
    /// What kind of mistake it is.
    pub kind: ViolationKind,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Violation {
    /// Whether this is the same mistake at the same place of a source, reached by another path.
    pub(crate) fn same_mistake(&self, other: &Self) -> bool {
        let placed = self
            .origin
            .as_ref()
            .filter(|it| it.kind != OriginKind::Default);
        placed.is_some() && self.origin == other.origin && self.message == other.message
    }
}

/// The kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ViolationKind {
    /// A source could not be read.
    Source,
    /// A file is not valid TOML, YAML or JSON.
    Syntax,
    /// There is no such key.
    Unknown,
    /// The same value is set in two ways.
    Conflict,
    /// A secret was passed where everybody can see it.
    Exposed,
    /// A tenant's file sets what is the same for all tenants.
    Shared,
    /// A required value is missing.
    Missing,
    /// The value is of another type.
    Type,
    /// The value is outside its limits.
    Range,
    /// Values do not go together.
    Check,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "`{}` ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Every mistake in a configuration, in the order of its sections and fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Errors {
    violations: Vec<Violation>,
    omitted: usize,
}

impl Errors {
    pub(crate) fn new(violations: Vec<Violation>) -> Self {
        Self {
            violations,
            omitted: 0,
        }
    }

    /// The mistakes: at most 1,000, and of unknown keys at most 50.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.violations.iter()
    }

    /// How many mistakes there are beyond those.
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl<'a> IntoIterator for &'a Errors {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.violations.len() + self.omitted {
            1 => f.write_str("the configuration has 1 mistake")?,
            count => write!(f, "the configuration has {count} mistakes")?,
        }
        for violation in &self.violations {
            write!(f, "\n  {violation}")?;
            if let Some(hint) = &violation.hint {
                write!(f, "\n    hint: {hint}")?;
            }
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\n  … and {omitted} more"),
        }
    }
}

impl std::error::Error for Errors {}

/// Mistakes as they are found, as many as anybody reads.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    violations: Vec<Violation>,
    unknown: usize,
    omitted: usize,
}

impl Mistakes {
    const MAX: usize = 1_000;
    const MAX_UNKNOWN: usize = 50;

    pub(crate) fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn push(&mut self, violation: Violation) {
        self.push_with(|| violation);
    }

    /// A mistake that is put into words only when it will be told.
    pub(crate) fn push_with(&mut self, violation: impl FnOnce() -> Violation) {
        if self.violations.len() < Self::MAX {
            self.violations.push(violation());
        } else {
            self.omitted += 1;
        }
    }

    /// An unknown key. The nearest known one is looked for only when it will be told.
    pub(crate) fn unknown(&mut self, violation: impl FnOnce() -> Violation) {
        self.unknown += 1;
        if self.unknown <= Self::MAX_UNKNOWN {
            self.push_with(violation);
        } else {
            self.omitted += 1;
        }
    }

    /// Where the next mistakes start.
    pub(crate) fn mark(&self) -> usize {
        self.violations.len()
    }

    /// Forgets mistakes since the mark that were told before it: a shared value that is wrong is
    /// wrong once, not once for each instance.
    pub(crate) fn forget_repetitions(&mut self, mark: usize) {
        let fresh = self.violations.split_off(mark);
        for violation in fresh {
            if !self.violations.iter().any(|it| it.same_mistake(&violation)) {
                self.violations.push(violation);
            }
        }
    }

    pub(crate) fn into_errors(self) -> Errors {
        Errors {
            violations: self.violations,
            omitted: self.omitted,
        }
    }
}

impl Extend<Violation> for Mistakes {
    fn extend<I: IntoIterator<Item = Violation>>(&mut self, violations: I) {
        violations.into_iter().for_each(|it| self.push(it));
    }
}

/// Whether it is not seen and changes how what is around it looks: what turns the direction of
/// writing, ends a line, or has no width.
fn is_deceptive(symbol: char) -> bool {
    matches!(symbol, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text of somebody's in a message: on one line, and not a long one.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 100;
    let mut shown = String::new();
    for (index, symbol) in text.chars().enumerate() {
        if index == MAX {
            shown.push('…');
            break;
        }
        if symbol.is_control() || is_deceptive(symbol) {
            shown.extend(symbol.escape_default());
        } else {
            shown.push(symbol);
        }
    }
    shown
}
