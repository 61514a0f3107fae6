//! Lexemes with brackets that match: what the formats with brackets have in common.

use std::ops::Range;

use crate::tree::{Comma, Core, List, Order};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Comment,
    /// A name, a number, a string.
    Word,
    /// One character of punctuation.
    Mark(u8),
}

#[derive(Debug, Clone)]
pub(super) struct Lexeme {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// For a bracket, where its other half is.
    pub(super) partner: usize,
}

#[derive(Debug)]
pub(super) struct Lexed<'t> {
    pub(super) text: &'t str,
    /// All but white space and comments.
    pub(super) lexemes: Vec<Lexeme>,
    pub(super) comments: Vec<Range<usize>>,
    /// What counts.
    pub(super) tokens: Vec<Range<usize>>,
}

impl<'t> Lexed<'t> {
    /// `None` if a bracket has no other half.
    pub(super) fn new(
        text: &'t str,
        stream: impl Iterator<Item = (Kind, Range<usize>)>,
    ) -> Option<Self> {
        let mut lexemes: Vec<Lexeme> = Vec::new();
        let mut comments = Vec::new();
        let mut tokens: Vec<Range<usize>> = Vec::new();
        // Each with how many commas are in it.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (kind, span) in stream {
            match kind {
                Kind::Space => continue,
                Kind::Comment => {
                    let trimmed = text[span.clone()].trim_end().len();
                    tokens.push(span.start..span.start + trimmed);
                    comments.push(span);
                    continue;
                }
                Kind::Mark(b')' | b']' | b'}') => {
                    // A comma before a closing bracket means nothing, but in a tuple of one.
                    let single =
                        kind == Kind::Mark(b')') && open.last().is_some_and(|it| it.1 == 1);
                    if let Some(last) = lexemes.last()
                        && last.kind == Kind::Mark(b',')
                        && !single
                    {
                        let index = tokens.partition_point(|token| token.start < last.span.start);
                        tokens.remove(index);
                    }
                }
                Kind::Mark(_) | Kind::Word => {}
            }
            let index = lexemes.len();
            let mut partner = index;
            match kind {
                Kind::Mark(b'(' | b'[' | b'{') => open.push((index, 0)),
                Kind::Mark(closing @ (b')' | b']' | b'}')) => {
                    (partner, _) = open.pop()?;
                    let opening = match closing {
                        b')' => b'(',
                        b']' => b'[',
                        _ => b'{',
                    };
                    if lexemes[partner].kind != Kind::Mark(opening) {
                        return None;
                    }
                    lexemes[partner].partner = index;
                }
                Kind::Mark(b',') => {
                    if let Some((_, commas)) = open.last_mut() {
                        *commas += 1;
                    }
                }
                _ => {}
            }
            tokens.push(span.clone());
            lexemes.push(Lexeme {
                kind,
                span,
                partner,
            });
        }
        open.is_empty().then_some(Self {
            text,
            lexemes,
            comments,
            tokens,
        })
    }

    pub(super) fn word(&self, index: usize) -> &'t str {
        self.lexemes
            .get(index)
            .map_or("", |lexeme| &self.text[lexeme.span.clone()])
    }

    pub(super) fn is(&self, index: usize, mark: u8) -> bool {
        self.lexemes
            .get(index)
            .is_some_and(|lexeme| lexeme.kind == Kind::Mark(mark))
    }

    pub(super) fn is_open(&self, index: usize) -> bool {
        self.is(index, b'(') || self.is(index, b'[') || self.is(index, b'{')
    }

    /// The next lexeme on this level.
    pub(super) fn next(&self, index: usize) -> usize {
        match self.is_open(index) {
            true => self.lexemes[index].partner + 1,
            false => index + 1,
        }
    }

    /// The first mark of this level.
    pub(super) fn find(&self, range: Range<usize>, mark: u8) -> Option<usize> {
        let mut at = range.start;
        while at < range.end {
            if self.is(at, mark) {
                return Some(at);
            }
            at = self.next(at);
        }
        None
    }

    /// The text of some lexemes, without anything between them.
    pub(super) fn joined(&self, range: Range<usize>) -> String {
        range.map(|index| self.word(index)).collect()
    }

    /// From the first to the last lexeme.
    pub(super) fn span(&self, range: &Range<usize>) -> Range<usize> {
        match range.is_empty() {
            true => {
                let at = self
                    .lexemes
                    .get(range.start)
                    .map_or(self.text.len(), |lexeme| lexeme.span.start);
                at..at
            }
            false => self.lexemes[range.start].span.start..self.lexemes[range.end - 1].span.end,
        }
    }

    /// What lies between a bracket and its other half.
    pub(super) fn inside(&self, open: usize) -> (Range<usize>, Range<usize>) {
        let close = self.lexemes[open].partner;
        (
            open + 1..close,
            self.lexemes[open].span.end..self.lexemes[close].span.start,
        )
    }

    /// The ranges between commas of this level, each with its comma.
    pub(super) fn commas(&self, range: Range<usize>) -> Vec<(Range<usize>, Option<usize>)> {
        let mut parts = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let comma = self.find(start..range.end, b',');
            let end = comma.unwrap_or(range.end);
            parts.push((start..end, comma));
            start = end + 1;
        }
        parts.retain(|(part, comma)| !part.is_empty() || comma.is_some());
        parts
    }

    /// A list of lexemes between commas.
    pub(super) fn comma_list(
        &self,
        range: Range<usize>,
        span: Range<usize>,
        role: &'static str,
        kind: (Order, Comma),
        read: &mut dyn FnMut(Range<usize>) -> (String, Vec<List>),
    ) -> List {
        let cores = self
            .commas(range)
            .into_iter()
            .map(|(part, comma)| {
                let comma = comma.map(|comma| self.lexemes[comma].span.start);
                let mut span = self.span(&part);
                if let (true, Some(comma)) = (part.is_empty(), comma) {
                    span = comma..comma;
                }
                let (key, lists) = read(part);
                Core {
                    key,
                    span,
                    comma,
                    lists,
                }
            })
            .collect();
        self.list(span, role, kind, cores)
    }

    pub(super) fn list(
        &self,
        span: Range<usize>,
        role: &'static str,
        kind: (Order, Comma),
        cores: Vec<Core>,
    ) -> List {
        List::tile(self.text, &self.comments, span, role, kind, cores)
    }
}
