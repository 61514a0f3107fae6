//! YAML, as people write it for deployment: block mappings and sequences.
//!
//! Scalars, flow collections, block texts, tags and anchors are kept as they are written; what is merged is
//! the structure around them. Two steps of indentation are written everywhere. What this reader does not
//! understand (tabs, explicit keys, several documents) it refuses, naming the line.

use formwork_catalog::Format;

use super::{Contribution, Union, below};

/// A node of the block structure.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// The rest of the key's line, and the lines of a block text or flow collection below it.
    Scalar(Vec<String>),
    Mapping(Vec<Entry>),
    Sequence(Vec<Item>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Comments and blank lines above.
    above: Vec<String>,
    key: String,
    /// An anchor, a tag or a comment behind the key of a nested node.
    behind: String,
    node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    above: Vec<String>,
    node: Node,
}

pub(super) fn merge(texts: &[(&Contribution<'_>, &str)], union: &mut Union<'_>) -> String {
    let mut merged: Option<(Vec<Entry>, Vec<String>)> = None;
    for (contribution, text) in texts {
        let (entries, trailing) = match read(text) {
            Ok(read) => read,
            Err(message) => {
                union.syntax(contribution, Format::Yaml, message);
                continue;
            }
        };
        match &mut merged {
            None => {
                for entry in &entries {
                    union.bring(entry.key.clone(), contribution.feature);
                }
                merged = Some((entries, trailing));
            }
            Some((ours, _)) => mappings(ours, entries, "", contribution.feature, union),
        }
    }
    let Some((entries, trailing)) = merged else {
        return String::new();
    };
    let mut text = String::new();
    write_mapping(&entries, 0, &mut text);
    write_above(&trailing, 0, &mut text);
    text
}

fn mappings(
    ours: &mut Vec<Entry>,
    theirs: Vec<Entry>,
    parent: &str,
    feature: &str,
    union: &mut Union<'_>,
) {
    for entry in theirs {
        let path = below(parent, &entry.key);
        let Some(mine) = ours.iter_mut().find(|mine| mine.key == entry.key) else {
            union.bring(path, feature);
            ours.push(entry);
            continue;
        };
        if is_empty(&entry.node) {
            continue;
        }
        if is_empty(&mine.node) {
            mine.node = entry.node;
            union.bring(path, feature);
            continue;
        }
        match (&mut mine.node, entry.node) {
            (Node::Mapping(mine), Node::Mapping(theirs)) => {
                mappings(mine, theirs, &path, feature, union);
            }
            (Node::Sequence(mine), Node::Sequence(theirs)) => {
                for item in theirs {
                    let known = mine
                        .iter()
                        .any(|other| meaning(&other.node) == meaning(&item.node));
                    if !known {
                        mine.push(item);
                    }
                }
            }
            (mine, theirs) => {
                let (ours, others) = (meaning(mine), meaning(&theirs));
                if ours != others {
                    union.conflict(&path, feature, format!("`{ours}`"), format!("`{others}`"));
                }
            }
        }
    }
}

/// `volumes:` with nothing below it.
fn is_empty(node: &Node) -> bool {
    matches!(node, Node::Scalar(lines) if lines.iter().all(|line| line.is_empty()))
}

/// What a node says, without comments and layout.
fn meaning(node: &Node) -> String {
    match node {
        Node::Scalar(lines) => {
            let lines: Vec<_> = lines.iter().map(|line| uncommented(line).trim()).collect();
            let text = lines.join(" ");
            let text = text.trim();
            let quoted = (text.starts_with('"') && text.ends_with('"'))
                || (text.starts_with('\'') && text.ends_with('\''));
            let plain = text.len() >= 2 && quoted && !text.contains('\\');
            // Quotes around text that is text without them mean nothing.
            let inner = text
                .get(1..text.len().saturating_sub(1))
                .unwrap_or_default();
            if plain && is_plain_text(inner) {
                inner.to_owned()
            } else {
                text.to_owned()
            }
        }
        Node::Mapping(entries) => {
            let mut entries: Vec<_> = entries
                .iter()
                .map(|entry| format!("{}: {}", entry.key, meaning(&entry.node)))
                .collect();
            entries.sort();
            format!("{{ {} }}", entries.join(", "))
        }
        Node::Sequence(items) => {
            let items: Vec<_> = items.iter().map(|item| meaning(&item.node)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn is_plain_text(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '/')
        && text
            .chars()
            .all(|character| character.is_alphanumeric() || "/._-".contains(character))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str())
}

fn write_mapping(entries: &[Entry], indent: usize, text: &mut String) {
    for entry in entries {
        write_above(&entry.above, indent, text);
        push_indent(indent, text);
        write_entry(entry, indent, text);
    }
}

/// Writes an entry whose indentation is already there.
fn write_entry(entry: &Entry, indent: usize, text: &mut String) {
    text.push_str(&entry.key);
    text.push(':');
    if !entry.behind.is_empty() {
        text.push(' ');
        text.push_str(&entry.behind);
    }
    match &entry.node {
        Node::Scalar(lines) => write_scalar(lines, indent, text),
        Node::Mapping(entries) => {
            text.push('\n');
            write_mapping(entries, indent + 2, text);
        }
        Node::Sequence(items) => {
            text.push('\n');
            write_sequence(items, indent + 2, text);
        }
    }
}

fn write_sequence(items: &[Item], indent: usize, text: &mut String) {
    for item in items {
        write_above(&item.above, indent, text);
        push_indent(indent, text);
        text.push('-');
        match &item.node {
            Node::Scalar(lines) => write_scalar(lines, indent, text),
            Node::Mapping(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    if index == 0 {
                        text.push(' ');
                    } else {
                        write_above(&entry.above, indent + 2, text);
                        push_indent(indent + 2, text);
                    }
                    write_entry(entry, indent + 2, text);
                }
            }
            Node::Sequence(items) => {
                text.push('\n');
                write_sequence(items, indent + 2, text);
            }
        }
    }
}

/// The first line goes behind the key; the others keep their indentation relative to each other.
fn write_scalar(lines: &[String], indent: usize, text: &mut String) {
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            if !line.is_empty() {
                text.push(' ');
                text.push_str(line);
            }
        } else if !line.is_empty() {
            push_indent(indent + 2, text);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn write_above(lines: &[String], indent: usize, text: &mut String) {
    for line in lines {
        if !line.is_empty() {
            push_indent(indent, text);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn push_indent(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// Reads a document: its entries, and the comments at its end.
fn read(text: &str) -> Result<(Vec<Entry>, Vec<String>), String> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start_matches(' ');
        let number = index + 1;
        if content.starts_with('\t') {
            return Err(format!("line {number}: a tab cannot indent"));
        }
        lines.push(Line {
            number,
            indent: line.len() - content.len(),
            content: content.trim_end(),
        });
    }
    let mut reader = Reader { lines, next: 0 };
    let mut above = reader.above();
    if reader.peek().is_some_and(|line| line.content == "---") {
        // The mark of a document's start belongs to what stands above its first key.
        above.push("---".to_owned());
        reader.next += 1;
    }
    above.extend(reader.above());
    let Some(first) = reader.peek() else {
        return Ok((Vec::new(), above));
    };
    let indent = first.indent;
    let mut entries = reader.mapping(indent)?;
    if let Some(first) = entries.first_mut() {
        above.append(&mut first.above);
        first.above = above;
    }
    let trailing = reader.above();
    match reader.peek() {
        None => Ok((entries, trailing)),
        Some(line) => Err(format!(
            "line {}: `{}` does not belong to the mapping above it",
            line.number, line.content
        )),
    }
}

#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    number: usize,
    indent: usize,
    content: &'t str,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.content.is_empty() || self.content.starts_with('#')
    }
}

struct Reader<'t> {
    lines: Vec<Line<'t>>,
    next: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Line<'t>> {
        self.lines.get(self.next).copied()
    }

    /// The next line with content.
    fn ahead(&self) -> Option<Line<'t>> {
        self.lines[self.next..]
            .iter()
            .find(|line| !line.is_blank())
            .copied()
    }

    fn above(&mut self) -> Vec<String> {
        let mut above = Vec::new();
        while let Some(line) = self.peek() {
            if !line.is_blank() {
                break;
            }
            above.push(line.content.to_owned());
            self.next += 1;
        }
        above
    }

    fn mapping(&mut self, indent: usize) -> Result<Vec<Entry>, String> {
        let mut entries: Vec<Entry> = Vec::new();
        while self
            .ahead()
            .is_some_and(|line| line.indent == indent && !is_item(line.content))
        {
            let above = self.above();
            let Some(line) = self.peek() else { break };
            self.next += 1;
            let entry = self.entry(line, indent, above)?;
            if entries.iter().any(|other| other.key == entry.key) {
                return Err(format!(
                    "line {}: the key `{}` is there twice",
                    line.number, entry.key
                ));
            }
            entries.push(entry);
        }
        self.refuse_deeper(indent)?;
        Ok(entries)
    }

    /// Reads an entry whose key is in `line`; `indent` is the column of the key.
    fn entry(
        &mut self,
        line: Line<'t>,
        indent: usize,
        above: Vec<String>,
    ) -> Result<Entry, String> {
        let (key, rest) = split_key(line.content).ok_or_else(|| {
            format!(
                "line {}: expected `key: value`, found `{}`",
                line.number, line.content
            )
        })?;
        let value = uncommented(rest).trim();
        let decoration = value.is_empty()
            || ((value.starts_with('&') || value.starts_with('!')) && !value.contains(' '));
        let nested = self.ahead().filter(|_| decoration).and_then(|next| {
            if is_item(next.content) && next.indent >= indent {
                Some((next.indent, true))
            } else if next.indent > indent {
                Some((next.indent, false))
            } else {
                None
            }
        });
        let (behind, node) = match nested {
            Some((deeper, true)) => (rest.to_owned(), Node::Sequence(self.sequence(deeper)?)),
            Some((deeper, false))
                if self
                    .ahead()
                    .is_some_and(|next| split_key(next.content).is_some()) =>
            {
                (rest.to_owned(), Node::Mapping(self.mapping(deeper)?))
            }
            _ => (String::new(), Node::Scalar(self.scalar(rest, indent)?)),
        };
        Ok(Entry {
            above,
            key: key.to_owned(),
            behind,
            node,
        })
    }

    fn sequence(&mut self, indent: usize) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        while self
            .ahead()
            .is_some_and(|line| line.indent == indent && is_item(line.content))
        {
            let above = self.above();
            let Some(line) = self.peek() else { break };
            self.next += 1;
            let rest = line.content[1..].trim_start();
            let column = indent + line.content.len() - rest.len();
            let node = if rest.is_empty() {
                match self.ahead() {
                    Some(next) if next.indent > indent && is_item(next.content) => {
                        Node::Sequence(self.sequence(next.indent)?)
                    }
                    Some(next) if next.indent > indent => Node::Mapping(self.mapping(next.indent)?),
                    _ => Node::Scalar(vec![String::new()]),
                }
            } else if is_item(rest) {
                return Err(format!(
                    "line {}: write a sequence in a sequence on lines of its own",
                    line.number
                ));
            } else if split_key(rest).is_some() && !rest.starts_with(['{', '[']) {
                let first = Line {
                    content: rest,
                    indent: column,
                    ..line
                };
                let mut entries = vec![self.entry(first, column, Vec::new())?];
                entries.extend(self.mapping(column)?);
                Node::Mapping(entries)
            } else {
                Node::Scalar(self.scalar(rest, indent)?)
            };
            items.push(Item { above, node });
        }
        self.refuse_deeper(indent)?;
        Ok(items)
    }

    /// The rest of a line, and the deeper lines that continue it.
    fn scalar(&mut self, rest: &str, indent: usize) -> Result<Vec<String>, String> {
        let mut lines = vec![rest.to_owned()];
        let mut blanks = 0;
        let start = self.next;
        let mut end = start;
        for line in &self.lines[start..] {
            if line.content.is_empty() {
                blanks += 1;
                continue;
            }
            if line.indent <= indent {
                break;
            }
            end = end + blanks + 1;
            blanks = 0;
        }
        let body = &self.lines[start..end];
        let plain = !rest.starts_with(['|', '>', '"', '\'', '{', '[']);
        if let Some(line) = body
            .iter()
            .find(|line| plain && split_key(line.content).is_some())
        {
            return Err(format!(
                "line {}: `{}` does not belong to what stands above it",
                line.number, line.content
            ));
        }
        let base = body
            .iter()
            .filter(|line| !line.content.is_empty())
            .map(|line| line.indent)
            .min()
            .unwrap_or(0);
        for line in body {
            lines.push(if line.content.is_empty() {
                String::new()
            } else {
                format!("{}{}", " ".repeat(line.indent - base), line.content)
            });
        }
        self.next = end;
        Ok(lines)
    }

    fn refuse_deeper(&self, indent: usize) -> Result<(), String> {
        match self.ahead() {
            Some(line) if line.indent > indent => Err(format!(
                "line {}: `{}` is indented deeper than what stands above it",
                line.number, line.content
            )),
            _ => Ok(()),
        }
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// Splits `key: value`; the key may be quoted.
fn split_key(content: &str) -> Option<(&str, &str)> {
    if content.starts_with(['{', '[', '?', '|', '>', '%', '@', '`']) || content.starts_with("---") {
        return None;
    }
    let end = match content.chars().next()? {
        quote @ ('"' | '\'') => {
            let close = content[1..].find(quote)? + 2;
            content[close..].starts_with(':').then_some(close)?
        }
        _ => {
            let mut from = 0;
            loop {
                let at = from + content[from..].find(':')?;
                let after = &content[at + 1..];
                if after.is_empty() || after.starts_with(' ') {
                    break at;
                }
                from = at + 1;
            }
        }
    };
    let key = &content[..end];
    // ` #` before the colon: the line is a comment with a colon in it.
    if key.contains(" #") {
        return None;
    }
    Some((key, content[end + 1..].trim()))
}

/// A value without the comment behind it.
fn uncommented(value: &str) -> &str {
    let mut quote = None;
    let mut previous = ' ';
    for (index, character) in value.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if previous == ' ' => quote = Some(character),
            (None, '#') if previous == ' ' => return value[..index].trim_end(),
            (None, _) => {}
        }
        previous = character;
    }
    value
}
