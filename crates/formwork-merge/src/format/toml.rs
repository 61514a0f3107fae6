//! TOML: tables of keys, arrays, inline tables.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::DEEPEST;
use super::lexed::{Kind, Lexed};
use crate::tree::{Comma, Core, List, Order, Tree};

pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    // Whether it is TOML is for a whole reader to say: it knows of keys that are there twice.
    text.parse::<toml_edit::DocumentMut>().ok()?;
    let stream = Source::new(text).lex().filter_map(|token| {
        let span = token.span().start()..token.span().end();
        let kind = match token.kind() {
            TokenKind::Whitespace | TokenKind::Newline => Kind::Space,
            TokenKind::Comment => Kind::Comment,
            TokenKind::Dot => Kind::Mark(b'.'),
            TokenKind::Equals => Kind::Mark(b'='),
            TokenKind::Comma => Kind::Mark(b','),
            TokenKind::LeftSquareBracket => Kind::Mark(b'['),
            TokenKind::RightSquareBracket => Kind::Mark(b']'),
            TokenKind::LeftCurlyBracket => Kind::Mark(b'{'),
            TokenKind::RightCurlyBracket => Kind::Mark(b'}'),
            TokenKind::Eof => return None,
            _ => Kind::Word,
        };
        (!span.is_empty()).then_some((kind, span))
    });
    let lexed = Lexed::new(text, stream)?;
    let root = lexed.document();
    Some(Tree {
        text,
        tokens: lexed.tokens,
        root,
    })
}

impl Lexed<'_> {
    fn document(&self) -> List {
        let count = self.lexemes.len();
        let mut cores = Vec::new();
        let mut at = 0;
        while at < count && !self.is(at, b'[') {
            let end = self.line(at, count);
            cores.push(self.pair(at..end));
            at = end;
        }
        while at < count {
            let header = self.next(at);
            let mut pairs = Vec::new();
            let mut end = header;
            while end < count && !self.is(end, b'[') {
                let next = self.line(end, count);
                pairs.push(self.pair(end..next));
                end = next;
            }
            let start = self.lexemes[at].span.start;
            let stop = self.end_of_line(self.lexemes[end - 1].span.end);
            let mut key = self.joined(at..header);
            if self.is(at + 1, b'[') {
                // Tables of an array are known by their name.
                for pair in &pairs {
                    if matches!(pair.key.as_str(), "name" | "id" | "version") {
                        key.push(' ');
                        key.push_str(&self.text[pair.span.clone()]);
                    }
                }
            }
            let inner = self.lexemes[header - 1].span.end..stop;
            let list = self.list(inner, "table", (Order::Keyed, Comma::No), pairs);
            cores.push(Core {
                key,
                span: start..stop,
                comma: None,
                lists: vec![list],
            });
            at = end;
        }
        self.list(
            0..self.text.len(),
            "document",
            (Order::Keyed, Comma::No),
            cores,
        )
    }

    /// The lexeme after the last of this line.
    fn line(&self, start: usize, limit: usize) -> usize {
        let mut at = self.next(start);
        while at < limit {
            let before = self.lexemes[at - 1].span.end;
            if self.text[before..self.lexemes[at].span.start].contains('\n') {
                break;
            }
            at = self.next(at);
        }
        at.min(limit)
    }

    /// Past a comment and the newline.
    fn end_of_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline + 1)
    }

    fn pair(&self, range: Range<usize>) -> Core {
        let equals = self.find(range.clone(), b'=').unwrap_or(range.end);
        let mut lists = Vec::new();
        self.value(equals + 1..range.end, &mut lists, DEEPEST);
        Core {
            key: self.joined(range.start..equals),
            span: self.span(&range),
            comma: None,
            lists,
        }
    }

    fn value(&self, range: Range<usize>, lists: &mut Vec<List>, deep: usize) {
        let open = range.start;
        if deep == 0 || range.is_empty() || !self.is_open(open) {
            return;
        }
        let (inside, span) = self.inside(open);
        let table = self.is(open, b'{');
        let (role, order) = match table {
            true => ("inline", Order::Keyed),
            false => ("array", Order::Union),
        };
        lists.push(
            self.comma_list(inside, span, role, (order, Comma::Yes), &mut |part| {
                let mut lists = Vec::new();
                let mut key = String::new();
                if table {
                    let equals = self.find(part.clone(), b'=').unwrap_or(part.end);
                    key = self.joined(part.start..equals);
                    self.value(equals + 1..part.end, &mut lists, deep - 1);
                } else {
                    self.value(part, &mut lists, deep - 1);
                }
                (key, lists)
            }),
        );
    }
}
