//! Markdown: sections in sections, blocks in sections, the items of lists and the rows of tables.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::DEEPEST;
use crate::tree::{Comma, Core, List, Order, Tree};

struct Block {
    span: Range<usize>,
    /// For a heading, its level.
    level: Option<usize>,
    kind: &'static str,
    /// The items of a list, the rows of a table.
    parts: Vec<Range<usize>>,
}

pub(super) fn read(text: &str) -> Tree<'_> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    let mut blocks: Vec<Block> = Vec::new();
    let mut depth = 0usize;
    let mut code: Vec<Range<usize>> = Vec::new();
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if let Tag::CodeBlock(_) = tag {
                    code.push(span.clone());
                }
                if depth == 0 {
                    let (level, kind) = match &tag {
                        Tag::Heading { level, .. } => (Some(*level as usize), "heading"),
                        Tag::List(_) => (None, "list"),
                        Tag::Table(_) => (None, "table"),
                        Tag::CodeBlock(_) => (None, "code"),
                        _ => (None, "text"),
                    };
                    blocks.push(Block {
                        span,
                        level,
                        kind,
                        parts: Vec::new(),
                    });
                } else if depth == 1
                    && matches!(tag, Tag::Item | Tag::TableRow)
                    && let Some(block) = blocks.last_mut()
                {
                    block.parts.push(span);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ if depth == 0 => blocks.push(Block {
                span,
                level: None,
                kind: "text",
                parts: Vec::new(),
            }),
            _ => {}
        }
    }
    // What lies outside, such as the definition of a link, is part of no block: it goes with the next one.
    let mut at = 0;
    for block in &mut blocks {
        block.span.start = block.span.start.max(at);
        let trimmed = text[block.span.clone()].trim_end().len();
        block.span.end = block.span.start + trimmed;
        at = block.span.end;
    }
    blocks.retain(|block| !block.span.is_empty());
    let tokens = tokens(text, &code);
    let root = section(text, &blocks, 0..text.len(), DEEPEST);
    let core = Core {
        key: String::new(),
        span: 0..text.len(),
        comma: None,
        lists: root,
    };
    let kind = (Order::Keyed, Comma::No);
    let root = List::tile(text, &[], 0..text.len(), "page", kind, vec![core]);
    Tree { text, tokens, root }
}

/// The blocks before the first heading, and the sections.
fn section(text: &str, blocks: &[Block], span: Range<usize>, deep: usize) -> Vec<List> {
    let head = blocks.iter().take_while(|it| it.level.is_none()).count();
    let (loose, headed) = blocks.split_at(head);
    let middle = headed.first().map_or(span.end, |first| {
        // A blank line before a heading belongs to the heading.
        let before = loose.last().map_or(span.start, |last| last.span.end);
        match text[before..first.span.start].find('\n') {
            Some(newline) if before > span.start => before + newline + 1,
            _ => before,
        }
    });
    let mut cores = Vec::new();
    for block in loose {
        let mut lists = Vec::new();
        let mut end = block.span.end;
        if !block.parts.is_empty() {
            // Its last part ends its last line.
            end = text[end..]
                .find('\n')
                .map_or(text.len(), |newline| end + newline + 1);
            lists.push(parts(text, block, end));
        }
        cores.push(Core {
            key: key(text, block.kind, &block.span),
            span: block.span.start..end,
            comma: None,
            lists,
        });
    }
    let kind = (Order::Union, Comma::No);
    let blocks_list = List::tile(text, &[], span.start..middle, "blocks", kind, cores);
    let mut cores = Vec::new();
    let mut rest = headed;
    while let Some(heading) = rest.first() {
        let level = heading.level.unwrap_or(usize::MAX);
        let count = 1 + rest[1..]
            .iter()
            .take_while(|it| it.level.is_none_or(|other| other > level && deep > 0))
            .count();
        let end = rest.get(count).map_or(span.end, |next| {
            let before = rest[count - 1].span.end;
            match text[before..next.span.start].find('\n') {
                Some(newline) => before + newline + 1,
                None => next.span.start,
            }
        });
        let lists = match deep {
            0 => Vec::new(),
            _ => section(text, &rest[1..count], heading.span.end..end, deep - 1),
        };
        cores.push(Core {
            key: text[heading.span.clone()].trim().to_owned(),
            span: heading.span.start..end,
            comma: None,
            lists,
        });
        rest = &rest[count..];
    }
    let kind = (Order::Keyed, Comma::No);
    let sections = List::tile(text, &[], middle..span.end, "sections", kind, cores);
    vec![blocks_list, sections]
}

fn parts(text: &str, block: &Block, stop: usize) -> List {
    let cores = block
        .parts
        .iter()
        .filter_map(|part| {
            let end = part.end.min(block.span.end);
            let start = part.start.min(end);
            let span = start..start + text[start..end].trim_end().len();
            (!span.is_empty()).then(|| Core {
                key: key(text, "", &span),
                span,
                comma: None,
                lists: Vec::new(),
            })
        })
        .collect::<Vec<_>>();
    let start = cores
        .first()
        .map_or(block.span.start, |first| first.span.start);
    let kind = (Order::Union, Comma::No);
    List::tile(text, &[], start..stop, "parts", kind, cores)
}

/// What a block is known by when it is changed: its first words.
fn key(text: &str, kind: &str, span: &Range<usize>) -> String {
    let mut key = kind.to_owned();
    for word in text[span.clone()].split_whitespace().take(4) {
        key.push(' ');
        key.push_str(word);
    }
    key
}

/// Words, and in code whole lines.
fn tokens(text: &str, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut code = code.iter().peekable();
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        while code.next_if(|range| range.end <= start).is_some() {}
        if code.peek().is_some_and(|range| range.start <= start) {
            let length = line.trim_end().len();
            if length > 0 {
                tokens.push(start..start + length);
            }
            continue;
        }
        let mut word = None;
        for (index, character) in line.char_indices() {
            match (character.is_whitespace(), word) {
                (true, Some(first)) => {
                    tokens.push(start + first..start + index);
                    word = None;
                }
                (false, None) => word = Some(index),
                _ => {}
            }
        }
        if let Some(first) = word {
            tokens.push(start + first..at);
        }
    }
    tokens
}
