//! YAML: block mappings and sequences, flow collections, several documents.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::DEEPEST;
use crate::tree::{Comma, Core, List, Order, Tree};

/// Deeper than this it is text.
const DEEPEST_NODE: usize = 128;

#[derive(Debug)]
struct Node {
    span: Range<usize>,
    block: bool,
    kind: NodeKind,
}

#[derive(Debug)]
enum NodeKind {
    Scalar,
    Sequence(Vec<Node>),
    /// Keys and values, one after the other.
    Mapping(Vec<Node>),
}

pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    if text.contains('\t')
        && text
            .lines()
            .any(|line| line.trim_start_matches(' ').starts_with('\t'))
    {
        return None;
    }
    let (documents, scalars) = nodes(text)?;
    let (tokens, comments) = tokens(text, &scalars)?;
    let reader = Reader { text, comments };
    let whole = 0..text.len();
    let mut root = match documents.as_slice() {
        [] => return None,
        [document] => match reader.lists(document, 0, text.len(), DEEPEST) {
            Some(list) => list,
            None => {
                let core = Core {
                    key: String::new(),
                    span: document.span.clone(),
                    comma: None,
                    lists: Vec::new(),
                };
                reader.tile(whole.clone(), "value", Order::Keyed, vec![core])
            }
        },
        documents => {
            let mut cores = Vec::new();
            for document in documents {
                let end = reader.end_of_line(reader.end(document));
                let list = reader.lists(document, document.span.start, end, DEEPEST);
                cores.push(Core {
                    key: reader.name(document),
                    span: document.span.start..end,
                    comma: None,
                    lists: list.into_iter().collect(),
                });
            }
            reader.tile(whole.clone(), "documents", Order::Keyed, cores)
        }
    };
    // `---` at the beginning stays there.
    if let Some(first) = root.entries.first_mut() {
        let lead = &text[first.lead()];
        if let Some(at) = lead
            .find("---\n")
            .filter(|at| *at == 0 || lead[..*at].ends_with('\n'))
        {
            first.span.start += at + 4;
            root.open = first.span.start;
        }
    }
    root.span = whole;
    Some(Tree { text, tokens, root })
}

/// The documents, and the spans of all scalars, in order, with whether they are blocks of text.
#[expect(clippy::type_complexity, reason = "it is taken apart at once")]
fn nodes(text: &str) -> Option<(Vec<Node>, Vec<(Range<usize>, bool)>)> {
    let mut documents = Vec::new();
    let mut scalars = Vec::new();
    let mut open: Vec<Node> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        if range.end > text.len() || range.start > range.end {
            return None;
        }
        let done = match event {
            Event::Scalar(_, style, ..) => {
                let literal = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if !range.is_empty() {
                    scalars.push((range.clone(), literal));
                }
                Node {
                    span: range,
                    block: literal,
                    kind: NodeKind::Scalar,
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                scalars.push((range.clone(), false));
                Node {
                    span: range,
                    block: false,
                    kind: NodeKind::Scalar,
                }
            }
            Event::SequenceStart(style, ..) => {
                open.push(Node {
                    span: range,
                    block: style == StructureStyle::Block,
                    kind: NodeKind::Sequence(Vec::new()),
                });
                continue;
            }
            Event::MappingStart(style, ..) => {
                open.push(Node {
                    span: range,
                    block: style == StructureStyle::Block,
                    kind: NodeKind::Mapping(Vec::new()),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut node = open.pop()?;
                node.span.end = node.span.end.max(range.end);
                node
            }
            _ => continue,
        };
        if open.len() > DEEPEST_NODE {
            return None;
        }
        match open.last_mut() {
            Some(Node {
                kind: NodeKind::Sequence(children) | NodeKind::Mapping(children),
                ..
            }) => children.push(done),
            _ => documents.push(done),
        }
    }
    Some((documents, scalars))
}

/// What counts: scalars by words, comments, marks; the lines of blocks from their indentation on.
#[expect(clippy::type_complexity, reason = "it is taken apart at once")]
fn tokens(
    text: &str,
    scalars: &[(Range<usize>, bool)],
) -> Option<(Vec<Range<usize>>, Vec<Range<usize>>)> {
    let mut tokens = Vec::new();
    let mut comments = Vec::new();
    let words = |range: Range<usize>, tokens: &mut Vec<Range<usize>>| {
        let part = &text[range.clone()];
        for word in part.split_whitespace() {
            let start = range.start + (word.as_ptr() as usize - part.as_ptr() as usize);
            tokens.push(start..start + word.len());
        }
    };
    let mut at = 0;
    let end = (text.len()..text.len(), false);
    for (span, literal) in scalars.iter().chain([&end]) {
        if span.start < at {
            return None;
        }
        // Between scalars: marks and comments.
        while at < span.start {
            let rest = &text[at..span.start];
            let character = rest.chars().next()?;
            let length = character.len_utf8();
            let before = text[..at].chars().next_back();
            if character == '#' && before.is_none_or(char::is_whitespace) {
                let length = rest.find('\n').unwrap_or(rest.len());
                let stop = at + rest[..length].trim_end().len();
                words(at..stop, &mut tokens);
                comments.push(at..stop);
                at += length;
                continue;
            }
            if !character.is_whitespace() {
                tokens.push(at..at + length);
            }
            at += length;
        }
        let part = &text[span.clone()];
        if *literal {
            let indent = part
                .lines()
                .skip(1)
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.len() - line.trim_start_matches(' ').len())
                .min()
                .unwrap_or(0);
            let mut start = span.start;
            for (index, line) in part.split_inclusive('\n').enumerate() {
                let skip = match index {
                    0 => 0,
                    _ => indent.min(line.len() - line.trim_start_matches(' ').len()),
                };
                let length = line.trim_end().len();
                if length > skip {
                    tokens.push(start + skip..start + length);
                }
                start += line.len();
            }
        } else {
            words(span.clone(), &mut tokens);
        }
        at = span.end;
    }
    Some((tokens, comments))
}

struct Reader<'t> {
    text: &'t str,
    comments: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn tile(&self, span: Range<usize>, role: &'static str, order: Order, cores: Vec<Core>) -> List {
        List::tile(
            self.text,
            &self.comments,
            span,
            role,
            (order, Comma::No),
            cores,
        )
    }

    /// The end of what is written of a node.
    fn end(&self, node: &Node) -> usize {
        let last = match &node.kind {
            NodeKind::Sequence(children) | NodeKind::Mapping(children) if node.block => {
                children.iter().rev().find(|it| !it.span.is_empty())
            }
            _ => None,
        };
        let end = last.map_or(node.span.end, |last| self.end(last));
        let start = node.span.start.min(end);
        start + self.text[start..end].trim_end().len()
    }

    /// Past a comment and the newline.
    fn end_of_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// What a node is called among its siblings.
    fn name(&self, node: &Node) -> String {
        match &node.kind {
            NodeKind::Scalar => {
                let text = self.text[node.span.clone()].trim_matches(['"', '\'']);
                text.split('=').next().unwrap_or_default().to_owned()
            }
            NodeKind::Sequence(_) => String::new(),
            NodeKind::Mapping(children) => {
                let mut name = String::new();
                for pair in children.chunks_exact(2) {
                    let key = &self.text[pair[0].span.clone()];
                    if matches!(
                        key,
                        "kind" | "name" | "id" | "key" | "uses" | "alert" | "job_name"
                    ) {
                        name.push_str(&self.text[pair[1].span.clone()]);
                        name.push(' ');
                    }
                    if key == "metadata" {
                        name.push_str(&self.name(&pair[1]));
                    }
                }
                match (name.is_empty(), children.first()) {
                    (true, Some(first)) => self.text[first.span.clone()].to_owned(),
                    _ => name,
                }
            }
        }
    }

    /// The list of a collection, between two places.
    fn lists(&self, node: &Node, start: usize, end: usize, deep: usize) -> Option<List> {
        if deep == 0 {
            return None;
        }
        match &node.kind {
            NodeKind::Scalar => None,
            _ if !node.block => self.flow(node),
            NodeKind::Mapping(children) => {
                let mut cores = Vec::new();
                for pair in children.chunks_exact(2) {
                    cores.push(self.pair(&pair[0], &pair[1], end, deep)?);
                }
                Some(self.tile(start..end, "mapping", Order::Keyed, cores))
            }
            NodeKind::Sequence(children) => {
                let mut cores: Vec<Core> = Vec::new();
                let mut at = start;
                for child in children {
                    let limit = child.span.start.max(at).min(end);
                    let limit = (limit + 1).min(self.text.len());
                    let gap = self.text.get(at..limit)?;
                    let dash = at + gap.rfind('-')?;
                    let stop = match child.span.is_empty() {
                        true => dash + 1,
                        false => self.end(child),
                    };
                    let mut lists = Vec::new();
                    let mut core_end = stop;
                    if child.block && !matches!(child.kind, NodeKind::Scalar) {
                        core_end = self.end_of_line(stop).min(end);
                        lists.extend(self.lists(child, child.span.start, core_end, deep - 1));
                    } else if let Some(list) = self.lists(child, 0, 0, deep - 1) {
                        lists.push(list);
                    }
                    cores.push(Core {
                        key: self.name(child),
                        span: dash..core_end,
                        comma: None,
                        lists,
                    });
                    at = core_end;
                }
                Some(self.tile(start..end, "sequence", Order::Union, cores))
            }
        }
    }

    fn pair(&self, key: &Node, value: &Node, limit: usize, deep: usize) -> Option<Core> {
        let name = self.text[key.span.clone()].to_owned();
        if key.span.is_empty() || !matches!(key.kind, NodeKind::Scalar) {
            return None;
        }
        let colon = key.span.end + self.text[key.span.end..].find(':')?;
        let mut lists = Vec::new();
        let mut end = (colon + 1).max(self.end(value));
        if value.span.is_empty() {
            // An anchor, a tag, the header of a block without text.
            let rest = self.text[colon + 1..].lines().next().unwrap_or_default();
            let stop = self
                .comments
                .iter()
                .find(|it| it.start > colon && it.start <= colon + 1 + rest.len())
                .map_or(rest.len(), |comment| comment.start - colon - 1);
            end = colon + 1 + rest[..stop].trim_end().len();
        }
        if value.block && !matches!(value.kind, NodeKind::Scalar) {
            end = self.end_of_line(end).min(limit);
            // An anchor or a tag belongs to the key.
            let header = self.text.get(colon + 1..value.span.start)?;
            let line = header.lines().next().unwrap_or_default();
            let comment = self
                .comments
                .iter()
                .find(|it| it.start > colon && it.start < colon + 1 + line.len());
            let line = match comment {
                Some(comment) => &line[..comment.start - colon - 1],
                None => line,
            };
            let start = colon + 1 + line.trim_end().len();
            lists.extend(self.lists(value, start, end, deep - 1));
        } else if let Some(list) = self.lists(value, 0, 0, deep - 1) {
            lists.push(list);
        }
        Some(Core {
            key: name,
            span: key.span.start..end,
            comma: None,
            lists,
        })
    }

    /// `[a, b]`, `{a: b}`.
    fn flow(&self, node: &Node) -> Option<List> {
        let inner = node.span.start + 1..node.span.end.checked_sub(1)?;
        let closed = self.text.get(node.span.clone())?.ends_with([']', '}']);
        if inner.start > inner.end || !closed {
            return None;
        }
        let (children, step, role, order) = match &node.kind {
            NodeKind::Scalar => return None,
            NodeKind::Sequence(children) => (children, 1, "flow sequence", Order::Union),
            NodeKind::Mapping(children) => (children, 2, "flow mapping", Order::Keyed),
        };
        let mut cores: Vec<Core> = Vec::new();
        let groups: Vec<&[Node]> = children.chunks(step).collect();
        for (index, group) in groups.iter().enumerate() {
            let start = group.first()?.span.start;
            let end = group.iter().map(|it| it.span.end).max()?;
            let next = groups
                .get(index + 1)
                .and_then(|group| group.first())
                .map_or(inner.end, |next| next.span.start);
            if start >= end || end > next {
                return None;
            }
            cores.push(Core {
                key: match step {
                    2 => self.text[group[0].span.clone()].to_owned(),
                    _ => String::new(),
                },
                span: start..end,
                comma: self.text[end..next].find(',').map(|comma| end + comma),
                lists: Vec::new(),
            });
        }
        let kind = (order, Comma::Yes);
        Some(List::tile(
            self.text,
            &self.comments,
            inner,
            role,
            kind,
            cores,
        ))
    }
}
