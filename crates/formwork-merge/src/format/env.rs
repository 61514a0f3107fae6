//! Environment files: a key and a value on each line.

use crate::tree::{Comma, Core, List, Order, Tree};

pub(super) fn read(text: &str) -> Tree<'_> {
    let mut tokens = Vec::new();
    let mut comments = Vec::new();
    let mut cores = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        let span = start.min(at + line.len())..at + line.trim_end().len();
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        tokens.push(span.clone());
        if line.trim_start().starts_with('#') {
            comments.push(span);
            continue;
        }
        let content = line.trim();
        let content = content.strip_prefix("export ").unwrap_or(content);
        let key = content
            .split_once('=')
            .map_or(content, |(key, _)| key.trim());
        cores.push(Core {
            key: key.to_owned(),
            span,
            comma: None,
            lists: Vec::new(),
        });
    }
    let kind = (Order::Keyed, Comma::No);
    let root = List::tile(text, &comments, 0..text.len(), "variables", kind, cores);
    Tree { text, tokens, root }
}
