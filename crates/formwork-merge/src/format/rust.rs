//! Rust, as a tree of items, statements, arms, fields and links of chains.
//!
//! It is cut by its tokens and brackets, not parsed: a cut at the wrong place makes a merge coarser, never wrong, because all
//! bytes stay where they are.

use std::ops::Range;

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

use super::DEEPEST;
use super::lexed::{Kind, Lexed};
use crate::tree::{Comma, Core, List, Order, Tree};

pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    let lexed = lexed(text)?;
    let root = lexed.items(0..lexed.lexemes.len(), 0..text.len(), "items", DEEPEST);
    Some(Tree {
        text,
        tokens: lexed.tokens,
        root,
    })
}

fn lexed(text: &str) -> Option<Lexed<'_>> {
    let mut stream = Vec::new();
    let mut at = 0;
    // The lexer of files skips a shebang by itself only when told where it is.
    for token in tokenize(text, FrontmatterAllowed::No) {
        let span = at..at + token.len as usize;
        at = span.end;
        let kind = match token.kind {
            TokenKind::Whitespace => Kind::Space,
            TokenKind::LineComment { .. } => Kind::Comment,
            TokenKind::BlockComment { terminated, .. } => match terminated {
                true => Kind::Comment,
                false => return None,
            },
            TokenKind::Literal { kind, .. } => match is_whole(kind) {
                true => Kind::Word,
                false => return None,
            },
            TokenKind::Ident | TokenKind::RawIdent | TokenKind::Lifetime { .. } => Kind::Word,
            TokenKind::Unknown | TokenKind::InvalidIdent | TokenKind::UnknownPrefix => return None,
            _ => match text.as_bytes()[span.start] {
                mark if span.len() == 1 => Kind::Mark(mark),
                _ => Kind::Word,
            },
        };
        stream.push((kind, span));
    }
    Lexed::new(text, stream.into_iter())
}

/// Whether the compiler would take it for Rust. What is nested so deeply that a parser may run out of stack passes.
pub(super) fn is_well_formed(text: &str) -> bool {
    match lexed(text) {
        Some(lexed) => lexed.reach() > FAR || syn::parse_file(text).is_ok(),
        None => false,
    }
}

/// How many lexemes may be nested in each other, at most, for a parser that calls itself.
const FAR: usize = 500;

fn is_whole(kind: LiteralKind) -> bool {
    match kind {
        LiteralKind::Int { empty_int, .. } => !empty_int,
        LiteralKind::Float { empty_exponent, .. } => !empty_exponent,
        LiteralKind::Char { terminated }
        | LiteralKind::Byte { terminated }
        | LiteralKind::Str { terminated }
        | LiteralKind::ByteStr { terminated }
        | LiteralKind::CStr { terminated } => terminated,
        LiteralKind::RawStr { n_hashes }
        | LiteralKind::RawByteStr { n_hashes }
        | LiteralKind::RawCStr { n_hashes } => n_hashes.is_some(),
    }
}

/// Where something ends, and what it is.
struct Item {
    end: usize,
    kind: Is,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Use,
    Function,
    /// With items inside.
    Container,
    Fields,
    Variants,
    Macro,
    Other,
}

impl Lexed<'_> {
    /// The most lexemes that can be nested in each other: all of one statement, on all levels around a place.
    fn reach(&self) -> usize {
        let (mut most, mut sum) = (0, 0);
        // How many lexemes of each open level are in the statement so far.
        let mut levels = vec![0usize];
        for lexeme in &self.lexemes {
            match lexeme.kind {
                Kind::Mark(b'(' | b'[' | b'{') => levels.push(0),
                Kind::Mark(b')' | b']' | b'}') if levels.len() > 1 => {
                    sum -= levels.pop().unwrap_or_default();
                }
                _ => {}
            }
            if let Some(level) = levels.last_mut() {
                if let Kind::Mark(b';' | b',') = lexeme.kind {
                    sum -= *level;
                    *level = 0;
                }
                *level += 1;
                sum += 1;
            }
            most = most.max(sum);
        }
        most
    }

    /// Items of a module or an `impl`, or statements of a block.
    fn items(
        &self,
        range: Range<usize>,
        span: Range<usize>,
        role: &'static str,
        deep: usize,
    ) -> List {
        let statements = role == "statements";
        let mut cores: Vec<Core> = Vec::new();
        let mut at = range.start;
        // What is said about the module as a whole comes first.
        let first = self.span(&(range.start..range.end)).start.min(span.end);
        let above = self.comments.partition_point(|it| it.start < span.start)
            ..self.comments.partition_point(|it| it.end <= first);
        let about = self.comments.get(above).unwrap_or_default();
        let is_inner = |it: &&Range<usize>| {
            let text = &self.text[it.start..it.end];
            text.starts_with("//!") || text.starts_with("/*!")
        };
        if let (Some(first), Some(last)) = (about.first(), about.iter().rfind(is_inner)) {
            cores.push(Core {
                key: "//!".to_owned(),
                span: first.start..last.end,
                comma: None,
                lists: Vec::new(),
            });
        }
        while at < range.end {
            // `#![…]` stands for itself.
            if self.is(at, b'#') && self.is(at + 1, b'!') && self.is(at + 2, b'[') {
                let end = self.next(at + 2).min(range.end);
                cores.push(Core {
                    key: self.joined(at..end.min(at + 6)),
                    span: self.span(&(at..end)),
                    comma: None,
                    lists: Vec::new(),
                });
                at = end;
                continue;
            }
            let start = self.after_attributes(at..range.end);
            let item = self.item(start..range.end, statements);
            let end = item.end.clamp(at + 1, range.end);
            let mut lists = vec![self.attributes(at..start, end)];
            if deep > 0 {
                self.parts(start..end, item.kind, &mut lists, deep);
            }
            cores.push(Core {
                key: self.item_key(start..end, item.kind),
                span: self.span(&(at..end)),
                comma: None,
                lists,
            });
            at = end;
        }
        let order = match statements {
            true => Order::Strict,
            false => Order::Keyed,
        };
        self.list(span, role, (order, Comma::No), cores)
    }

    fn after_attributes(&self, range: Range<usize>) -> usize {
        let mut at = range.start;
        while self.is(at, b'#') && self.is(at + 1, b'[') && self.next(at + 1) <= range.end {
            at = self.next(at + 1);
        }
        at
    }

    /// The attributes before something that is not empty.
    fn attributes(&self, range: Range<usize>, end: usize) -> List {
        let start = self
            .span(&(range.start..end.max(range.start + 1).min(self.lexemes.len())))
            .start;
        let stop = match range.end < end {
            true => self.lexemes[range.end].span.start,
            false => self.span(&range).end,
        };
        let mut cores = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let next = self.next(at + 1);
            let mut lists = Vec::new();
            let mut inner = at + 2;
            while inner < next - 1 && !self.is_open(inner) {
                inner += 1;
            }
            let key = self.joined(at + 2..inner);
            if self.is(inner, b'(') && inner < next {
                let (inside, span) = self.inside(inner);
                lists.push(self.comma_list(
                    inside,
                    span,
                    "attribute",
                    (Order::Keyed, Comma::Yes),
                    &mut |part| (self.key_before(part, b'='), Vec::new()),
                ));
            }
            cores.push(Core {
                key,
                span: self.span(&(at..next)),
                comma: None,
                lists,
            });
            at = next;
        }
        self.list(start..stop, "attributes", (Order::Keyed, Comma::No), cores)
    }

    /// The text up to a mark.
    fn key_before(&self, range: Range<usize>, mark: u8) -> String {
        let end = self.find(range.clone(), mark).unwrap_or(range.end);
        self.joined(range.start..end)
    }

    /// Where the item or statement that begins here ends.
    fn item(&self, range: Range<usize>, statement: bool) -> Item {
        let Range { start, end } = range;
        let mut at = start;
        if self.word(at) == "pub" {
            at += 1;
            if self.is(at, b'(') {
                at = self.next(at);
            }
        }
        // Words that come before what decides.
        while at < end {
            let next = self.word(at + 1);
            match self.word(at) {
                "default" | "async" | "auto" | "safe"
                    if matches!(
                        next,
                        "fn" | "unsafe" | "impl" | "trait" | "extern" | "const" | "async"
                    ) =>
                {
                    at += 1;
                }
                "unsafe" if matches!(next, "fn" | "impl" | "trait" | "extern" | "mod") => at += 1,
                "const" if matches!(next, "fn" | "unsafe" | "async" | "extern") => at += 1,
                "extern" if next.starts_with('"') => at += 2,
                "extern" if next == "fn" => at += 1,
                _ => break,
            }
        }
        let is_name = |index: usize| {
            self.lexemes
                .get(index)
                .is_some_and(|lexeme| index < end && lexeme.kind == Kind::Word)
        };
        let kind = match self.word(at) {
            "use" => Is::Use,
            "fn" if is_name(at + 1) => Is::Function,
            "impl" | "trait" | "mod" => Is::Container,
            "struct" => Is::Fields,
            "union" if is_name(at + 1) => Is::Fields,
            "enum" => Is::Variants,
            "macro_rules" => Is::Macro,
            _ if self.is(at, b'{') && at > start => Is::Container,
            _ => Is::Other,
        };
        let semicolon = |from: usize| {
            self.find(from..end, b';')
                .map_or(end, |semicolon| semicolon + 1)
        };
        if kind == Is::Use {
            return Item {
                end: semicolon(at),
                kind,
            };
        }
        if kind != Is::Other {
            return Item {
                end: self.block_or_semicolon(at..end),
                kind,
            };
        }
        if matches!(
            self.word(at),
            "type" | "static" | "const" | "let" | "extern" | "return" | "break"
        ) {
            return Item {
                end: semicolon(at),
                kind,
            };
        }
        // `name! { … }` ends with its brace.
        let mut path = at;
        while is_name(path) && self.is(path + 1, b':') && self.is(path + 2, b':') {
            path += 3;
        }
        if is_name(path) && self.is(path + 1, b'!') {
            let mut group = path + 2;
            if is_name(group) {
                group += 1;
            }
            if group < end && self.is(group, b'{') {
                let after = self.next(group);
                let goes_on = [b';', b'.', b'?'].iter().any(|it| self.is(after, *it));
                return Item {
                    end: match after < end && goes_on {
                        true => semicolon(after),
                        false => after,
                    },
                    kind,
                };
            }
            return Item {
                end: semicolon(at),
                kind,
            };
        }
        if !statement {
            return Item {
                end: self.block_or_semicolon(at..end),
                kind,
            };
        }
        let label = self.word(at).starts_with('\'') && self.is(at + 1, b':');
        let first = match label {
            true => at + 2,
            false => at,
        };
        let block = matches!(
            self.word(first),
            "if" | "match" | "while" | "for" | "loop" | "unsafe" | "const"
        ) || self.is(first, b'{');
        Item {
            end: match block {
                true => self.block_end(first..end),
                false => semicolon(at),
            },
            kind,
        }
    }

    fn block_or_semicolon(&self, range: Range<usize>) -> usize {
        let mut at = range.start;
        while at < range.end {
            if self.is(at, b';') {
                return at + 1;
            }
            if self.is(at, b'{') {
                return self.next(at);
            }
            at = self.next(at);
        }
        range.end
    }

    /// The end of an expression that begins like a block: `if … { } else { }`.
    fn block_end(&self, range: Range<usize>) -> usize {
        let mut at = range.start;
        while at < range.end {
            if self.is(at, b';') {
                return at + 1;
            }
            let brace = self.is(at, b'{');
            at = self.next(at);
            if !brace || at >= range.end {
                continue;
            }
            // The braces of a pattern: `if let A { b } = c {`.
            let pattern = (self.is(at, b'=') && !self.is(at + 1, b'='))
                || self.word(at) == "in"
                || (self.is(at, b'|') && !self.is(at + 1, b'|'));
            if pattern || self.word(at) == "else" {
                continue;
            }
            if self.is(at, b';') {
                return at + 1;
            }
            if self.is(at, b'.') || self.is(at, b'?') {
                return self
                    .find(at..range.end, b';')
                    .map_or(range.end, |semicolon| semicolon + 1);
            }
            return at;
        }
        range.end
    }

    fn item_key(&self, range: Range<usize>, kind: Is) -> String {
        let Range { start, end } = range;
        match kind {
            Is::Use => {
                let (head, _) = self.use_tail(start..end);
                self.words(start..head)
            }
            Is::Container => {
                let stop = self.find(start..end, b'{').unwrap_or(end);
                self.words(start..stop)
            }
            Is::Function | Is::Fields | Is::Variants | Is::Macro => {
                let mut at = start;
                while at < end
                    && !matches!(
                        self.word(at),
                        "fn" | "struct" | "union" | "enum" | "macro_rules"
                    )
                {
                    at += 1;
                }
                let name = match self.is(at + 1, b'!') {
                    true => at + 2,
                    false => at + 1,
                };
                format!("{} {}", self.word(at), self.word(name))
            }
            Is::Other => {
                let mut at = start;
                let mut stop = start;
                while at < end {
                    if self.is_open(at) || self.is(at, b'=') || self.is(at, b';') {
                        break;
                    }
                    if self.is(at, b':') {
                        if !self.is(at + 1, b':') {
                            break;
                        }
                        at += 2;
                    } else {
                        at += 1;
                    }
                    stop = at;
                }
                self.words(start..stop.min(end).min(start + 24))
            }
        }
    }

    /// Words with a space between them where they would grow together.
    fn words(&self, range: Range<usize>) -> String {
        let mut text = String::new();
        let mut before = false;
        for index in range {
            let word = self.lexemes[index].kind == Kind::Word;
            if word && before {
                text.push(' ');
            }
            text.push_str(self.word(index));
            before = word;
        }
        text
    }

    /// Where the last part of a `use` begins, and where it ends: the group, or the last name.
    fn use_tail(&self, range: Range<usize>) -> (usize, usize) {
        let mut end = range.end;
        if end > range.start && self.is(end - 1, b';') {
            end -= 1;
        }
        let mut start = range.start;
        let mut at = range.start;
        while at < end {
            if self.word(at) == "use" {
                start = at + 1;
            }
            if self.is(at, b':') && self.is(at + 1, b':') {
                start = at + 2;
                at += 1;
            }
            at = self.next(at);
        }
        (start.min(end), end)
    }

    /// The lists in a stretch of lexemes.
    fn parts(&self, range: Range<usize>, kind: Is, lists: &mut Vec<List>, deep: usize) {
        if kind == Is::Use {
            let (start, end) = self.use_tail(range);
            lists.push(self.use_list(start..end, deep));
            return;
        }
        if kind == Is::Macro {
            return;
        }
        let mut at = range.start;
        while at < range.end {
            if self.is(at, b'.') {
                let end = self.chain_end(at..range.end);
                if end > at {
                    lists.push(self.chain(at..end, deep));
                    at = end;
                    continue;
                }
            }
            if self.is_open(at) && self.next(at) <= range.end {
                // The body of an item is its first brace.
                let list = match (kind, self.is(at, b'{')) {
                    (Is::Other, _) | (_, false) => self.group(at, deep),
                    (Is::Function, true) => self.body(at, "statements", deep),
                    (Is::Container, true) => self.body(at, "items", deep),
                    (Is::Fields, true) => Some(self.fields(at, "fields", deep)),
                    (Is::Variants, true) => Some(self.fields(at, "variants", deep)),
                    _ => None,
                };
                lists.extend(list);
            }
            at = self.next(at);
        }
    }

    fn body(&self, open: usize, role: &'static str, deep: usize) -> Option<List> {
        let (range, span) = self.inside(open);
        Some(self.items(range, span, role, deep - 1))
    }

    /// What stands between brackets in an expression.
    fn group(&self, open: usize, deep: usize) -> Option<List> {
        let (range, span) = self.inside(open);
        if !self.is(open, b'{') {
            let (role, order) = match self.is(open, b'[') {
                true => ("array", Order::Union),
                false => ("arguments", Order::Strict),
            };
            if self.find(range.clone(), b';').is_some() {
                return None;
            }
            return Some(
                self.comma_list(range, span, role, (order, Comma::Yes), &mut |part| {
                    let mut lists = Vec::new();
                    if deep > 1 {
                        self.parts(part, Is::Other, &mut lists, deep - 1);
                    }
                    (String::new(), lists)
                }),
            );
        }
        let mut at = range.start;
        let (mut arrow, mut semicolon, mut comma) = (false, false, false);
        while at < range.end {
            arrow |= self.is(at, b'=') && self.is(at + 1, b'>') && self.touch(at);
            semicolon |= self.is(at, b';');
            comma |= self.is(at, b',');
            at = self.next(at);
        }
        if arrow {
            return (!semicolon).then(|| self.arms(range, span, deep));
        }
        let first = self.after_attributes(range.clone());
        let field = self.is(first + 1, b':') && !self.is(first + 2, b':');
        let rest = self.is(first, b'.') && self.is(first + 1, b'.');
        if !semicolon && (comma || field || rest) {
            return Some(self.fields(open, "fields", deep));
        }
        self.body(open, "statements", deep)
    }

    /// Whether a lexeme and the next touch each other.
    fn touch(&self, index: usize) -> bool {
        self.lexemes
            .get(index + 1)
            .is_some_and(|next| self.lexemes[index].span.end == next.span.start)
    }

    /// Fields of a struct or a literal, or variants of an enum.
    fn fields(&self, open: usize, role: &'static str, deep: usize) -> List {
        let (range, span) = self.inside(open);
        self.comma_list(range, span, role, (Order::Keyed, Comma::Yes), &mut |part| {
            let start = self.after_attributes(part.clone());
            let mut lists = Vec::new();
            if start < part.end {
                lists.push(self.attributes(part.start..start, part.end));
                if deep > 1 {
                    self.parts(start..part.end, Is::Other, &mut lists, deep - 1);
                }
            }
            let mut name = start;
            if self.word(name) == "pub" {
                name += 1;
                if self.is(name, b'(') {
                    name = self.next(name);
                }
            }
            let key = match self.is(name, b'.') {
                true => "..".to_owned(),
                false => self.word(name.min(part.end)).to_owned(),
            };
            (key, lists)
        })
    }

    fn arms(&self, range: Range<usize>, span: Range<usize>, deep: usize) -> List {
        let mut cores = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let start = self.after_attributes(at..range.end);
            let mut arrow = start;
            while arrow < range.end
                && !(self.is(arrow, b'=') && self.is(arrow + 1, b'>') && self.touch(arrow))
            {
                arrow = self.next(arrow);
            }
            let body = (arrow + 2).min(range.end);
            let mut end = range.end;
            let mut comma = None;
            let after = self.next(body);
            let block = body < range.end
                && self.is(body, b'{')
                && !self.is(after, b'.')
                && !self.is(after, b'?');
            if block {
                end = after;
                if after < range.end && self.is(after, b',') {
                    comma = Some(after);
                }
            } else if let Some(found) = self.find(body..range.end, b',') {
                end = found;
                comma = Some(found);
            }
            let end = end.max(at + 1).min(range.end);
            let mut lists = vec![self.attributes(at..start, end)];
            if deep > 1 {
                match block {
                    true => lists.extend(self.body(body, "statements", deep)),
                    false => self.parts(body..end, Is::Other, &mut lists, deep - 1),
                }
            }
            cores.push(Core {
                key: self.joined(start..arrow.min(end)),
                span: self.span(&(at..end)),
                comma: comma.map(|comma| self.lexemes[comma].span.start),
                lists,
            });
            at = comma.map_or(end, |comma| comma + 1);
        }
        self.list(span, "arms", (Order::Keyed, Comma::Arms), cores)
    }

    /// Where the links that begin here end: `.a(b)`, `.await`, `?`, `.0`, `::<T>` after a name.
    fn chain_end(&self, range: Range<usize>) -> usize {
        let mut at = range.start;
        let mut calls = 0;
        while at < range.end
            && self.is(at, b'.')
            && self
                .lexemes
                .get(at + 1)
                .is_some_and(|it| it.kind == Kind::Word)
        {
            at += 2;
            if self.is(at, b':') && self.is(at + 1, b':') && self.is(at + 2, b'<') {
                let mut depth = 0usize;
                let mut end = at + 2;
                while end < range.end {
                    if self.is(end, b'<') {
                        depth += 1;
                    } else if self.is(end, b'>') && !self.is(end.wrapping_sub(1), b'-') {
                        depth -= 1;
                    }
                    end = self.next(end);
                    if depth == 0 {
                        break;
                    }
                }
                at = end;
            }
            if at < range.end && self.is(at, b'(') {
                at = self.next(at);
                calls += 1;
            }
            while at < range.end && self.is(at, b'?') {
                at += 1;
            }
        }
        match calls {
            0 => range.start,
            _ => at.min(range.end),
        }
    }

    fn chain(&self, range: Range<usize>, deep: usize) -> List {
        let mut cores = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let mut end = at + 1;
            let mut call = None;
            while end < range.end && !self.is(end, b'.') {
                if self.is(end, b'(') {
                    call = Some(end);
                }
                end = self.next(end);
            }
            let mut lists = Vec::new();
            let mut key = self.word(at + 1).to_owned();
            if let Some(open) = call {
                let (inside, _) = self.inside(open);
                let mut stop = inside.start;
                while stop < inside.end && !self.is_open(stop) && !self.is(stop, b',') {
                    stop += 1;
                }
                key.push('(');
                key.push_str(&self.joined(inside.start..stop.min(inside.start + 12)));
                if deep > 1 {
                    lists.extend(self.group(open, deep - 1));
                }
            }
            cores.push(Core {
                key,
                span: self.span(&(at..end.min(range.end))),
                comma: None,
                lists,
            });
            at = end;
        }
        // What stands before the first link belongs to it.
        let span = self.span(&range);
        let start = match range.start {
            0 => span.start,
            before => self.lexemes[before - 1].span.end,
        };
        let mut list = self.list(start..span.end, "chain", (Order::Chain, Comma::No), cores);
        list.open = start;
        if let Some(first) = list.entries.first_mut() {
            first.span.start = start;
        }
        // A link begins its line rather than ends one.
        for index in 1..list.entries.len() {
            let end = self.text[..list.entries[index].span.start]
                .trim_end_matches(['\n', '\r'])
                .len();
            if end >= list.entries[index - 1].core.end {
                list.entries[index - 1].span.end = end;
                list.entries[index].span.start = end;
            }
        }
        list
    }

    fn use_list(&self, range: Range<usize>, deep: usize) -> List {
        if self.is(range.start, b'{') && self.next(range.start) == range.end {
            let (inside, span) = self.inside(range.start);
            let mut list = self.comma_list(
                inside,
                span.clone(),
                "use",
                (Order::Keyed, Comma::Braced),
                &mut |part| self.use_entry(part, deep),
            );
            // The braces are part of it, because they come and go.
            list.span = self.span(&range);
            return list;
        }
        let (key, lists) = self.use_entry(range.clone(), deep);
        let cores = match range.is_empty() {
            true => Vec::new(),
            false => vec![Core {
                key,
                span: self.span(&range),
                comma: None,
                lists,
            }],
        };
        self.list(
            self.span(&range),
            "use",
            (Order::Keyed, Comma::Braced),
            cores,
        )
    }

    /// One name of a group, or a path with a group of its own.
    fn use_entry(&self, part: Range<usize>, deep: usize) -> (String, Vec<List>) {
        let (start, end) = self.use_tail(part.clone());
        if deep == 0 || start == part.start || !self.is(start, b'{') {
            return (self.words(part), Vec::new());
        }
        (
            self.joined(part.start..start),
            vec![self.use_list(start..end, deep - 1)],
        )
    }
}
