//! Lists of imported names: sorted, and filled into lines.

use std::cmp::Ordering;

use super::shape::{Shape, TAB, break_to, width};

/// An import: a path, and names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tree {
    path: Vec<String>,
    names: Option<Vec<Tree>>,
}

/// One `use` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// `pub use`, or `use`.
    head: String,
    tree: Tree,
}

impl Import {
    /// Reads a statement, whatever its layout; marks in it are already laid flat.
    pub(super) fn parse(statement: &str) -> Option<Self> {
        let body = statement.trim().strip_suffix(';')?;
        let (visibility, tree) = match body.strip_prefix("use ") {
            Some(tree) => ("", tree),
            None => body.split_once(" use ")?,
        };
        let visible = visibility.is_empty()
            || visibility == "pub"
            || (visibility.starts_with("pub(") && visibility.ends_with(')'));
        if !visible || tree.contains(['"', '/', ';', '#']) {
            return None;
        }
        Some(Self {
            head: if visibility.is_empty() {
                "use ".to_owned()
            } else {
                format!("{visibility} use ")
            },
            tree: Tree::parse(tree)?.sorted(),
        })
    }

    /// Keeps the names for which `wanted` holds; nothing may be left.
    pub(super) fn keep(mut self, wanted: &dyn Fn(&str) -> bool) -> Option<Self> {
        self.tree = self.tree.keep(wanted)?.sorted();
        Some(self)
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.tree.order(&other.tree)
    }

    pub(super) fn write(&self, shape: Shape) -> Option<String> {
        let room = shape.after(width(&self.head))?.before(1)?;
        Some(format!("{}{};", self.head, self.tree.write(room)?))
    }
}

impl Tree {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (path, names) = match text.split_once('{') {
            Some((path, names)) => (path, Some(names.strip_suffix('}')?)),
            None => (text, None),
        };
        let path = path
            .split("::")
            .map(|segment| segment.trim().to_owned())
            .filter(|segment| !segment.is_empty())
            .collect();
        let names = match names {
            Some(names) => Some(
                split_names(names)
                    .into_iter()
                    .map(Self::parse)
                    .collect::<Option<Vec<_>>>()?,
            ),
            None => None,
        };
        Some(Self { path, names })
    }

    /// Every list sorted and without repetitions; a list of one name is no list.
    fn sorted(mut self) -> Self {
        if let Some(names) = self.names.take() {
            let mut names: Vec<_> = names.into_iter().map(Self::sorted).collect();
            names.sort_by(Self::order);
            names.dedup();
            if names.len() == 1 && names[0].path != ["self"] {
                let only = names.remove(0);
                self.path.extend(only.path);
                self.names = only.names;
            } else {
                self.names = Some(names);
            }
        }
        self
    }

    fn keep(mut self, wanted: &dyn Fn(&str) -> bool) -> Option<Self> {
        match self.names.take() {
            Some(names) => {
                let names: Vec<_> = names
                    .into_iter()
                    .filter_map(|name| name.keep(wanted))
                    .collect();
                if names.is_empty() {
                    return None;
                }
                self.names = Some(names);
                Some(self)
            }
            None => {
                let last = self.path.last()?;
                let name = last.rsplit(' ').next().unwrap_or(last);
                wanted(name).then_some(self)
            }
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        for (mine, theirs) in self.path.iter().zip(&other.path) {
            match order_segments(mine, theirs) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        let length = |tree: &Self| tree.path.len() + usize::from(tree.names.is_some());
        match (
            self.path.len().cmp(&other.path.len()),
            &self.names,
            &other.names,
        ) {
            (Ordering::Equal, Some(mine), Some(theirs)) => {
                for (mine, theirs) in mine.iter().zip(theirs) {
                    match mine.order(theirs) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    }
                }
                mine.len().cmp(&theirs.len())
            }
            // A list comes after a name at the same place.
            (Ordering::Less, Some(_), _) => Ordering::Greater,
            (Ordering::Greater, _, Some(_)) => Ordering::Less,
            _ => length(self).cmp(&length(other)),
        }
    }

    fn write(&self, shape: Shape) -> Option<String> {
        let mut text = self.path.join("::");
        let Some(names) = &self.names else {
            return Some(text);
        };
        if !text.is_empty() {
            text.push_str("::");
        }
        let room = shape.after(width(&text) + 1)?.before(1)?;
        let nested = room.nested(TAB).before(1)?;
        let lines = names
            .iter()
            .map(|name| name.write(nested))
            .collect::<Option<Vec<_>>>()?;
        let has_lists = names.iter().any(|name| name.names.is_some());
        let limit = if has_lists {
            0
        } else {
            room.width.saturating_sub(2)
        };
        let flat = lines.join(", ");
        if width(&flat) <= limit && !flat.contains('\n') {
            text.push('{');
            text.push_str(&flat);
            text.push('}');
            return Some(text);
        }
        text.push('{');
        text.push_str(&break_to(nested.indent));
        text.push_str(&fill(&lines, nested, has_lists));
        text.push_str(&break_to(shape.indent));
        text.push('}');
        Some(text)
    }
}

/// Fills lines with names; beside lists, every name with a path has a line of its own.
fn fill(names: &[String], shape: Shape, has_lists: bool) -> String {
    let mut text = String::new();
    let mut line = 0_usize;
    let mut broken = false;
    let mut after_path = false;
    for (index, name) in names.iter().enumerate() {
        let last = index + 1 == names.len();
        let path = name.contains("::");
        let total = width(name) + usize::from(!last || broken);
        if (line > 0 && line + 1 + total > shape.width)
            || (has_lists && (after_path || (index > 0 && path)))
        {
            text.push_str(&break_to(shape.indent));
            line = 0;
            broken = true;
        } else if line > 0 {
            text.push(' ');
            line += 1;
        }
        text.push_str(name);
        text.push(',');
        line += total;
        after_path = path;
    }
    text
}

fn split_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                names.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    names.push(&text[start..]);
    names.retain(|name| !name.trim().is_empty());
    names
}

fn order_segments(mine: &str, theirs: &str) -> Ordering {
    let rank = |segment: &str| match segment.split(' ').next() {
        Some("self") => 0,
        Some("super") => 1,
        Some("crate") => 2,
        Some("*") => 4,
        _ => 3,
    };
    rank(mine).cmp(&rank(theirs)).then_with(|| {
        let (mine, my_alias) = mine.split_once(" as ").unwrap_or((mine, ""));
        let (theirs, their_alias) = theirs.split_once(" as ").unwrap_or((theirs, ""));
        by_version(mine, theirs).then_with(|| by_version(my_alias, their_alias))
    })
}

/// Names as rustfmt sorts them since the 2024 style: numbers by value, `_` before everything else.
fn by_version(mine: &str, theirs: &str) -> Ordering {
    let mine = mine.strip_prefix("r#").unwrap_or(mine);
    let theirs = theirs.strip_prefix("r#").unwrap_or(theirs);
    let (mut left, mut right) = (chunks(mine), chunks(theirs));
    let mut zeros = Ordering::Equal;
    while let (Some(mine), Some(theirs)) = (left.next(), right.next()) {
        let digits = |chunk: &str| chunk.starts_with(|first: char| first.is_ascii_digit());
        let order = if digits(mine) && digits(theirs) {
            let (my_value, their_value) =
                (mine.trim_start_matches('0'), theirs.trim_start_matches('0'));
            let order = my_value
                .len()
                .cmp(&their_value.len())
                .then_with(|| my_value.cmp(their_value));
            if order == Ordering::Equal && zeros == Ordering::Equal {
                zeros = theirs.len().cmp(&mine.len());
            }
            order
        } else {
            let key = |character: char| {
                if character == '_' {
                    '\u{20}'
                } else {
                    character
                }
            };
            mine.chars().map(key).cmp(theirs.chars().map(key))
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    chunks(mine)
        .count()
        .cmp(&chunks(theirs).count())
        .then(zeros)
}

/// Runs of digits, and runs of everything else.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|character: char| character.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (chunk, after) = rest.split_at(end);
        rest = after;
        Some(chunk)
    })
}
