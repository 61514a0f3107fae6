//! A manifest being read: its text, its places, and the mistakes found so far.

use std::ops::Range;

use crate::{Diagnostic, Position, Severity, Site};

pub(super) struct Manifest<'a> {
    path: &'a str,
    text: &'a str,
    lines: Vec<usize>,
    /// `sqlite@1.0.0`, the beginning of every rule's id.
    pub(super) owner: String,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Manifest<'a> {
    pub(super) fn new(path: &'a str, text: &'a str, owner: &str) -> Self {
        let starts = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self {
            path,
            text,
            lines: std::iter::once(0).chain(starts).collect(),
            owner: owner.to_owned(),
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn position(&self, span: Option<Range<usize>>) -> Position {
        let Some(span) = span else {
            return Position::START;
        };
        let line = self.lines.partition_point(|start| *start <= span.start) - 1;
        let before = &self.text[self.lines[line]..span.start];
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Position {
            line: number(line + 1),
            column: number(before.chars().count() + 1),
        }
    }

    pub(super) fn site(&self, rule: &str, position: Position) -> Site {
        Site {
            rule: format!("{}/{rule}", self.owner),
            path: self.path.to_owned(),
            position,
        }
    }

    pub(super) fn error(&mut self, position: Position, message: String, help: Option<String>) {
        self.report(position, Severity::Error, message, help);
    }

    pub(super) fn warn(&mut self, position: Position, message: String, help: Option<String>) {
        self.report(position, Severity::Warning, message, help);
    }

    fn report(
        &mut self,
        position: Position,
        severity: Severity,
        message: String,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic {
            path: self.path.to_owned(),
            position,
            severity,
            message,
            help,
        });
    }
}
