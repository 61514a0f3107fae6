//! SQL: statements, and the columns of a table.

use std::ops::Range;

use super::lexed::{Kind, Lexed};
use crate::tree::{Comma, Core, List, Order, Tree};

pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    let lexed = Lexed::new(text, lex(text)?.into_iter())?;
    let root = lexed.statements();
    Some(Tree {
        text,
        tokens: lexed.tokens,
        root,
    })
}

impl Lexed<'_> {
    fn statements(&self) -> List {
        let count = self.lexemes.len();
        let mut cores = Vec::new();
        let mut at = 0;
        while at < count {
            let end = self.statement_end(at, count);
            let table = self.named(at..end, &["create", "table"]);
            let mut lists = Vec::new();
            if table && let Some(open) = self.find(at..end, b'(') {
                let (inside, span) = self.inside(open);
                let kind = (Order::Keyed, Comma::Yes);
                lists.push(self.comma_list(inside, span, "columns", kind, &mut |part| {
                    (self.column(part), Vec::new())
                }));
            }
            let stop = self.find(at..end, b'(').unwrap_or(end).min(at + 8);
            cores.push(Core {
                key: self.lower(at..stop),
                span: self.span(&(at..end)),
                comma: None,
                lists,
            });
            at = end;
        }
        self.list(
            0..self.text.len(),
            "statements",
            (Order::Union, Comma::No),
            cores,
        )
    }

    /// A column is known by its name, a constraint by its words.
    fn column(&self, part: Range<usize>) -> String {
        let first = self.word(part.start).to_ascii_lowercase();
        let words = match first.as_str() {
            "constraint" => 2,
            "primary" | "foreign" | "unique" | "check" | "exclude" | "key" | "index" => part.len(),
            _ => 1,
        };
        self.lower(part.start..part.end.min(part.start + words))
    }

    fn statement_end(&self, start: usize, limit: usize) -> usize {
        let head = start..limit.min(start + 8);
        let body = ["trigger", "function", "procedure"]
            .iter()
            .any(|kind| self.named(head.clone(), &["create", kind]));
        let mut at = start;
        let mut blocks = 0usize;
        while at < limit {
            let word = self.word(at);
            if body && (word.eq_ignore_ascii_case("begin") || word.eq_ignore_ascii_case("case")) {
                blocks += 1;
            } else if body && word.eq_ignore_ascii_case("end") {
                blocks = blocks.saturating_sub(1);
            } else if blocks == 0 && self.is(at, b';') {
                return at + 1;
            }
            at = self.next(at);
        }
        limit
    }

    /// Whether these words are there, in this order.
    fn named(&self, range: Range<usize>, words: &[&str]) -> bool {
        let mut wanted = words.iter().peekable();
        for index in range.start..range.end.min(range.start + 8) {
            if wanted
                .next_if(|it| self.word(index).eq_ignore_ascii_case(it))
                .is_none()
                && index == range.start
            {
                return false;
            }
        }
        wanted.peek().is_none()
    }

    fn lower(&self, range: Range<usize>) -> String {
        let words: Vec<String> = range.map(|it| self.word(it).to_ascii_lowercase()).collect();
        words.join(" ")
    }
}

fn lex(text: &str) -> Option<Vec<(Kind, Range<usize>)>> {
    let bytes = text.as_bytes();
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || byte >= 0x80;
    let mut lexemes = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                Kind::Space
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = text[at..].find('\n').map_or(text.len(), |end| at + end);
                Kind::Comment
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += text[at..].find("*/")? + 2;
                Kind::Comment
            }
            quote @ (b'\'' | b'"' | b'`') => {
                at += 1 + text[at + 1..].find(char::from(quote))? + 1;
                Kind::Word
            }
            b'$' => {
                let tag = text[at + 1..]
                    .find(|it: char| !it.is_alphanumeric() && it != '_')
                    .filter(|end| bytes[at + 1 + end] == b'$');
                match tag {
                    Some(length) if !bytes[at + 1].is_ascii_digit() => {
                        let tag = &text[at..at + length + 2];
                        at += tag.len();
                        at += text[at..].find(tag)? + tag.len();
                        Kind::Word
                    }
                    _ => {
                        at += 1;
                        Kind::Mark(b'$')
                    }
                }
            }
            byte if is_word(byte) => {
                while bytes.get(at).is_some_and(|it| is_word(*it)) {
                    at += 1;
                }
                Kind::Word
            }
            mark => {
                at += 1;
                Kind::Mark(mark)
            }
        };
        lexemes.push((kind, start..at));
    }
    Some(lexemes)
}
