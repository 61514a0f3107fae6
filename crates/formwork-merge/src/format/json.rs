//! JSON, also with comments, as editors and containers like it.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::DEEPEST;
use super::lexed::{Kind, Lexed};
use crate::tree::{Comma, Core, List, Order, Tree};

pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    let lexed = Lexed::new(text, lex(text)?.into_iter())?;
    if lexed.comments.is_empty() {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
    }
    let range = 0..lexed.lexemes.len();
    if range.is_empty() || lexed.next(0) != range.end {
        return None;
    }
    let mut lists = Vec::new();
    lexed.json(0, &mut lists, DEEPEST);
    let core = Core {
        key: String::new(),
        span: lexed.span(&range),
        comma: None,
        lists,
    };
    let kind = (Order::Keyed, Comma::No);
    let root = lexed.list(0..text.len(), "value", kind, vec![core]);
    Some(Tree {
        text,
        tokens: lexed.tokens,
        root,
    })
}

impl Lexed<'_> {
    fn json(&self, open: usize, lists: &mut Vec<List>, deep: usize) {
        if deep == 0 || !self.is_open(open) {
            return;
        }
        let (inside, span) = self.inside(open);
        let object = self.is(open, b'{');
        let (role, order) = match object {
            true => ("object", Order::Keyed),
            false => ("array", Order::Union),
        };
        lists.push(
            self.comma_list(inside, span, role, (order, Comma::Yes), &mut |part| {
                let mut lists = Vec::new();
                if !object {
                    if !part.is_empty() {
                        self.json(part.start, &mut lists, deep - 1);
                    }
                    return (String::new(), lists);
                }
                let colon = self.find(part.clone(), b':').unwrap_or(part.start);
                if colon + 1 < part.end {
                    self.json(colon + 1, &mut lists, deep - 1);
                }
                (self.joined(part.start..colon), lists)
            }),
        );
    }
}

fn lex(text: &str) -> Option<Vec<(Kind, Range<usize>)>> {
    let bytes = text.as_bytes();
    let mut lexemes = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                Kind::Space
            }
            b'"' => {
                at += 1;
                loop {
                    match bytes.get(at)? {
                        b'\\' => at += 2,
                        b'"' => break,
                        _ => at += 1,
                    }
                }
                at += 1;
                Kind::Word
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = text[at..].find('\n').map_or(text.len(), |end| at + end);
                Kind::Comment
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += text[at..].find("*/")? + 2;
                Kind::Comment
            }
            mark @ (b'{' | b'}' | b'[' | b']' | b',' | b':') => {
                at += 1;
                Kind::Mark(mark)
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                while bytes.get(at).is_some_and(|it| {
                    it.is_ascii_alphanumeric() || matches!(it, b'-' | b'+' | b'.')
                }) {
                    at += 1;
                }
                Kind::Word
            }
            _ => return None,
        };
        lexemes.push((kind, start..at));
    }
    Some(lexemes)
}
