//! What every format is read into: lists of entries over the original bytes.
//!
//! The entries of a list lie edge to edge. An entry has its comments and blank lines above it, its core, its separator, and
//! what follows on its last line. A core is text with lists in it. Whatever is spliced together from entries is therefore made of
//! original bytes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// One side of a merge, read.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    pub(crate) text: &'t str,
    /// What counts, in order: all but white space and separators nobody needs.
    pub(crate) tokens: Vec<Range<usize>>,
    pub(crate) root: List,
}

#[derive(Debug, Clone)]
pub(crate) struct List {
    /// What kind of list it is: lists of different kinds are never merged.
    pub(crate) role: &'static str,
    pub(crate) order: Order,
    pub(crate) comma: Comma,
    /// Everything between the brackets.
    pub(crate) span: Range<usize>,
    /// From the beginning of the span: the rest of the bracket's line, a header of comments.
    pub(crate) open: usize,
    pub(crate) entries: Vec<Entry>,
    /// To the end of the span: what follows the last entry.
    pub(crate) tail: usize,
}

/// What the order of entries means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing: entries have names.
    Keyed,
    /// Something, but two additions at one place do not contradict each other.
    Union,
    /// Calls of a chain: additions and removals of one method do not contradict each other.
    Chain,
    /// Everything.
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comma {
    No,
    /// Between entries, and after the last one where the owner likes it.
    Yes,
    /// As `Yes`, but none is needed after a closing brace.
    Arms,
    /// As `Yes`, and braces around the list where it has not exactly one entry.
    Braced,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// What it is among its siblings; empty where only its content tells.
    pub(crate) key: String,
    pub(crate) span: Range<usize>,
    pub(crate) core: Range<usize>,
    /// Where its comma is.
    pub(crate) comma: Option<usize>,
    /// The lists in the core, in order.
    pub(crate) lists: Vec<List>,
}

/// An entry before it is known what lies around it.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    pub(crate) key: String,
    pub(crate) span: Range<usize>,
    pub(crate) comma: Option<usize>,
    pub(crate) lists: Vec<List>,
}

impl Entry {
    pub(crate) fn lead(&self) -> Range<usize> {
        self.span.start..self.core.start
    }

    /// All before the comma.
    fn upper(&self) -> Range<usize> {
        self.span.start..self.core.end
    }

    /// What follows the core, without the comma.
    pub(crate) fn trail(&self) -> Range<usize> {
        self.comma.map_or(self.core.end, |comma| comma + 1)..self.span.end
    }

    /// The texts around the lists, one more than there are lists.
    pub(crate) fn texts(&self) -> Vec<Range<usize>> {
        let mut at = self.core.start;
        let mut texts = Vec::with_capacity(self.lists.len() + 1);
        for list in &self.lists {
            texts.push(at..list.span.start);
            at = list.span.end;
        }
        texts.push(at..self.core.end);
        texts
    }
}

impl List {
    /// Puts cores edge to edge. `comments` are in order; a comment behind an entry on its line belongs to it.
    pub(crate) fn tile(
        text: &str,
        comments: &[Range<usize>],
        span: Range<usize>,
        role: &'static str,
        (order, comma): (Order, Comma),
        cores: Vec<Core>,
    ) -> Self {
        let first = cores.first().map_or(span.end, |core| core.span.start);
        let mut open = span.start;
        let behind_bracket =
            span.start > 0 && text.get(..span.start).is_some_and(|it| !it.ends_with('\n'));
        if behind_bracket && let Some(end) = line_end(text, comments, span.start, first) {
            open = end;
        }
        // A comment with a blank line below it is about more than the first entry.
        if !cores.is_empty() {
            let lead = text.get(open..first).unwrap_or_default();
            if let Some(end) = last_blank_line(lead)
                && !lead[..end].trim().is_empty()
            {
                open += end;
            }
        }
        let mut at = open;
        let mut entries = Vec::with_capacity(cores.len());
        let mut cores = cores.into_iter().peekable();
        while let Some(core) = cores.next() {
            let limit = cores.peek().map_or(span.end, |next| next.span.start);
            let behind = core.comma.map_or(core.span.end, |comma| comma + 1);
            let ended = text.get(..behind).is_some_and(|it| it.ends_with('\n'));
            let end = match line_end(text, comments, behind, limit) {
                Some(end) if !ended => end,
                _ => behind,
            };
            entries.push(Entry {
                key: core.key,
                span: at..end,
                core: core.span.start..core.comma.unwrap_or(core.span.end),
                comma: core.comma,
                lists: core.lists,
            });
            at = end;
        }
        Self {
            role,
            order,
            comma,
            tail: at,
            span,
            open,
            entries,
        }
    }

    /// Whether every entry ends its line, and all but the first begin one.
    pub(crate) fn is_lines(&self, text: &str) -> bool {
        !self.entries.is_empty()
            && self.entries.iter().enumerate().all(|(index, entry)| {
                let end = entry.span.end;
                (text[..end].ends_with('\n') || end == text.len())
                    && (index == 0 || text[..entry.span.start].ends_with('\n'))
            })
    }

    /// What stands before an entry on its line, where that is white space only.
    pub(crate) fn indent<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.entries.iter().find_map(|entry| {
            let start = text[..entry.core.start].rfind('\n').map_or(0, |it| it + 1);
            let indent = &text[start..entry.core.start];
            indent.trim().is_empty().then_some(indent)
        })
    }
}

/// The end of the line, its newline included, if nothing but white space and comments comes before it and the limit.
fn line_end(text: &str, comments: &[Range<usize>], from: usize, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < limit {
        match *bytes.get(at)? {
            b'\n' => return Some(at + 1),
            b' ' | b'\t' | b'\r' => at += 1,
            _ => {
                let index = comments.partition_point(|comment| comment.start < at);
                let comment = comments.get(index).filter(|it| it.start == at)?;
                if comment.end > limit || text[comment.clone()].contains('\n') {
                    return None;
                }
                at = comment.end;
            }
        }
    }
    (at >= text.len()).then_some(text.len())
}

/// The end of the last blank line of a text that begins at the beginning of a line.
fn last_blank_line(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut last = None;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.ends_with('\n') && line.trim().is_empty() {
            last = Some(at);
        }
    }
    last
}

impl Tree<'_> {
    /// Whether everything lies within what it belongs to, edge to edge, and no character is cut.
    ///
    /// Whoever reads a format is not trusted with this: what is not sound is merged as text.
    pub(crate) fn is_sound(&self) -> bool {
        let tokens = self.tokens.iter().all(|it| self.is_stretch(it))
            && self
                .tokens
                .is_sorted_by(|one, other| one.end <= other.start);
        tokens && self.root.span == (0..self.text.len()) && self.is_sound_list(&self.root)
    }

    fn is_stretch(&self, range: &Range<usize>) -> bool {
        self.text.get(range.clone()).is_some()
    }

    fn is_sound_list(&self, list: &List) -> bool {
        let mut at = list.open;
        let tiled = list.entries.iter().all(|entry| {
            let starts = entry.span.start == at;
            at = entry.span.end;
            starts && self.is_sound_entry(entry)
        });
        tiled
            && at == list.tail
            && self.is_stretch(&(list.span.start..list.open))
            && self.is_stretch(&(list.tail..list.span.end))
    }

    fn is_sound_entry(&self, entry: &Entry) -> bool {
        let mut at = entry.core.start;
        let within = entry.lists.iter().all(|list| {
            let starts = self.is_stretch(&(at..list.span.start));
            at = list.span.end;
            starts && self.is_stretch(&list.span) && self.is_sound_list(list)
        });
        within
            && self.is_stretch(&entry.lead())
            && self.is_stretch(&(at..entry.core.end))
            && self.is_stretch(&entry.trail())
            && entry.comma.is_none_or(|comma| comma == entry.core.end)
    }

    /// The tokens of a stretch.
    pub(crate) fn words(&self, range: &Range<usize>) -> impl Iterator<Item = &str> {
        let first = self
            .tokens
            .partition_point(|token| token.start < range.start);
        let end = range.end;
        self.tokens[first..]
            .iter()
            .take_while(move |token| token.end <= end)
            .map(|token| &self.text[token.clone()])
    }

    /// Whether two files mean the same: nothing but formatting is different.
    pub(crate) fn means(&self, other: &Self) -> bool {
        self.same(&self.root.span, other, &other.root.span)
    }

    /// Whether two stretches mean the same.
    pub(crate) fn same(&self, range: &Range<usize>, other: &Self, at: &Range<usize>) -> bool {
        self.words(range).eq(other.words(at))
    }

    /// Whether two entries mean the same, with their comments and whether or not a comma follows.
    pub(crate) fn same_entry(&self, entry: &Entry, other: &Self, at: &Entry) -> bool {
        self.same(&entry.upper(), other, &at.upper())
            && self.same(&entry.trail(), other, &at.trail())
    }

    /// As [`Self::same_entry`], for as many entries as there are.
    pub(crate) fn same_entries(&self, entries: &[Entry], other: &Self, at: &[Entry]) -> bool {
        entries.len() == at.len()
            && entries
                .iter()
                .zip(at)
                .all(|(entry, at)| self.same_entry(entry, other, at))
    }

    pub(crate) fn hash(&self, entry: &Entry) -> u64 {
        let mut hasher = DefaultHasher::new();
        for word in self.words(&entry.upper()).chain(self.words(&entry.trail())) {
            word.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Whether a line that begins here is inside a token, such as a string.
    pub(crate) fn is_inside_token(&self, at: usize) -> bool {
        let index = self.tokens.partition_point(|token| token.start < at);
        index > 0 && self.tokens[index - 1].end > at
    }
}
