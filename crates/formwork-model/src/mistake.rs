//! What is wrong with a model: every mistake, each with its place.

use std::fmt;

use serde::Serialize;

use crate::expression::ExpressionError;
use crate::source::{Source, Span, Spanned};

/// One mistake in a model file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            column,
            message,
            hint,
        } = self;
        write!(f, "{path}:{line}:{column}: {message}")?;
        if let Some(hint) = hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Every mistake in a model, by file, line and column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// The mistakes, by file, line and column.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Collects mistakes while reading goes on.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    sources: &'a [Source],
    mistakes: Vec<Mistake>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Self {
            sources,
            mistakes: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, span: Span, message: impl Into<String>) {
        self.push(span, message.into(), None);
    }

    pub(crate) fn hint(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.push(span, message.into(), Some(hint.into()));
    }

    /// A name that is none of `known`; the nearest of them is the hint.
    pub(crate) fn unknown<'n>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(name, &known) {
            Some(nearest) => Some(format!("did you mean `{nearest}`?")),
            None if known.is_empty() || known.len() > 12 => None,
            None => Some(format!("there is {}", list(&known))),
        };
        self.push(span, message.into(), hint);
    }

    /// What is wrong with an expression, at its place inside the text.
    pub(crate) fn expression(&mut self, text: &Spanned<String>, error: ExpressionError) {
        let span = self.inside(text, error.offset);
        match (error.known, error.hint) {
            (Some((name, known)), _) => {
                self.unknown(span, error.message, &name, known.iter().map(String::as_str));
            }
            (None, hint) => self.push(span, error.message, hint),
        }
    }

    /// A place inside a text; its beginning, where escapes make that unclear.
    pub(crate) fn inside(&self, text: &Spanned<String>, offset: usize) -> Span {
        let Span { file, start, end } = text.span;
        let written = self.sources[file].text.get(start..end).unwrap_or_default();
        let quotes = (written.len().saturating_sub(text.value.len())) / 2;
        let exact = written.get(quotes..quotes + text.value.len()) == Some(text.value.as_str());
        Span {
            start: if exact {
                start + quotes + offset
            } else {
                start
            },
            ..text.span
        }
    }

    /// Where a mistake would be shown, for messages that point at two places.
    pub(crate) fn place(&self, span: Span) -> String {
        let source = &self.sources[span.file];
        let (line, _) = source.position(span.start);
        format!("{}:{line}", source.path)
    }

    pub(crate) fn into_result<T>(mut self, value: Option<T>) -> Result<T, Mistakes> {
        self.mistakes.sort();
        self.mistakes.dedup();
        match value {
            Some(value) if self.mistakes.is_empty() => Ok(value),
            _ => Err(Mistakes(self.mistakes)),
        }
    }

    fn push(&mut self, span: Span, message: String, hint: Option<String>) {
        let source = &self.sources[span.file];
        let (line, column) = source.position(span.start);
        self.mistakes.push(Mistake {
            path: source.path.clone(),
            line,
            column,
            message,
            hint,
        });
    }
}

/// The known name that was most likely meant.
fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .filter(|(distance, known)| *distance <= 1 + name.len().min(known.len()) / 4)
        .min()
        .map(|(_, known)| known)
}

/// Names in a sentence: `a`, `b` and `c`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", most.join(", "))
        }
    }
}
