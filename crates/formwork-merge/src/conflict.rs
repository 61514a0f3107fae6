//! Conflicts: what they hold, how they are marked in a text, and how marks are found again.

use std::fmt;
use std::ops::RangeInclusive;

const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const MIDDLE: &str = "=======";
const THEIRS: &str = ">>>>>>>";

/// What stands behind the markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    pub ours: String,
    pub base: String,
    pub theirs: String,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            ours: "generated now".to_owned(),
            base: "generated before".to_owned(),
            theirs: "yours".to_owned(),
        }
    }
}

/// A file that somebody has to decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicted {
    /// With diff3 markers; what the owner has where markers make no sense, as in a binary file.
    pub bytes: Vec<u8>,
    /// In the order of the lines; never empty.
    pub conflicts: Vec<Conflict>,
}

/// One place where the sides contradict each other. It prints itself as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The lines of the conflicted file, from one, its markers included; none where the conflict is the whole file.
    pub lines: Option<RangeInclusive<usize>>,
    pub kind: Kind,
    /// What it is about, where the format tells: `fn main`, `dependencies.serde`.
    pub subject: Option<String>,
}

/// How the sides contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Both changed the same thing.
    BothChanged,
    /// Both added something at the same place, or under the same name.
    BothAdded,
    /// The owner changed what we no longer generate.
    ChangedAndGone,
    /// We changed what the owner deleted.
    DeletedAndChanged,
    /// Not a text, and both changed it.
    Binary,
    /// The owner has a file where we never generated one.
    Foreign,
    /// The changes fit each other, but the merged text would not be well-formed.
    Malformed,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BothChanged => "both sides changed this",
            Self::BothAdded => "both sides added something different here",
            Self::ChangedAndGone => "you changed what is no longer generated",
            Self::DeletedAndChanged => "you deleted what is now generated differently",
            Self::Binary => "both sides changed a file that is not text",
            Self::Foreign => "you have a file of your own where one is generated now",
            Self::Malformed => "the changes of both sides do not fit into one well-formed file",
        })
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lines {
            Some(lines) => write!(formatter, "lines {}–{}: ", lines.start(), lines.end())?,
            None => formatter.write_str("the whole file: ")?,
        }
        write!(formatter, "{}", self.kind)?;
        match &self.subject {
            Some(subject) => write!(formatter, " (`{subject}`)"),
            None => Ok(()),
        }
    }
}

impl Conflicted {
    /// A conflict that markers cannot show: what the owner has stays.
    pub(crate) fn whole(theirs: &[u8], kind: Kind) -> Self {
        Self {
            bytes: theirs.to_vec(),
            conflicts: vec![Conflict {
                lines: None,
                kind,
                subject: None,
            }],
        }
    }
}

/// The lines, from one, that are conflict markers. Empty means that nothing is left to decide.
///
/// Only a group in its order counts: `<<<<<<<`, perhaps `|||||||`, `=======`, `>>>>>>>`, each at the start of a line and, but for
/// the middle one, with a space or nothing behind it. Markers whose group somebody broke by half count as well, except a lone
/// `=======`, which is also a heading in Markdown.
pub fn unresolved(text: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let is = |marker: &str| {
            line.strip_prefix(marker)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let marker = if is(OURS) {
            open = true;
            true
        } else if is(THEIRS) {
            open = false;
            true
        } else {
            is(BASE) || (open && line == MIDDLE)
        };
        if marker {
            lines.push(index + 1);
        }
    }
    lines
}

/// Whether a line would be taken for a marker.
fn is_placeholder(line: &str) -> Option<usize> {
    line.strip_prefix(PLACEHOLDER)?.parse().ok()
}

/// A texts never holds this character: with it, a file is binary.
const PLACEHOLDER: char = '\0';

/// Conflicts met on the way. In the merged text each is a line of its own until [`Found::expand`]; one that is in no line was
/// met on a way that led nowhere.
#[derive(Debug, Default)]
pub(crate) struct Found {
    blocks: Vec<Block>,
}

/// The three versions of one place, each of whole lines.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) base: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
    pub(crate) kind: Kind,
    pub(crate) subject: Option<String>,
}

/// A text without placeholders.
pub(crate) enum Marked {
    Clean(String),
    Conflicted(Conflicted),
}

impl Found {
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Notes a conflict and gives the line that stands for it, with its newline.
    pub(crate) fn note(&mut self, block: Block) -> String {
        self.blocks.push(block);
        format!("{PLACEHOLDER}{}\n", self.blocks.len() - 1)
    }

    /// Puts the markers where the placeholders are.
    pub(crate) fn expand(self, text: &str, labels: &Labels) -> Marked {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut marked = String::with_capacity(text.len());
        let mut line_number = 1;
        let mut conflicts = Vec::new();
        for line in text.split_inclusive('\n') {
            let Some(block) = is_placeholder(line.trim_end()).and_then(|id| self.blocks.get(id))
            else {
                marked.push_str(line);
                line_number += 1;
                continue;
            };
            let start = marked.len();
            let side = |marked: &mut String, marker: &str, label: &str, text: &str| {
                marked.push_str(marker);
                if !label.is_empty() {
                    marked.push(' ');
                    marked.push_str(&label.replace(['\r', '\n'], " "));
                }
                marked.push_str(newline);
                marked.push_str(text);
                if !text.is_empty() && !text.ends_with('\n') {
                    marked.push_str(newline);
                }
            };
            side(&mut marked, OURS, &labels.ours, &block.ours);
            side(&mut marked, BASE, &labels.base, &block.base);
            side(&mut marked, MIDDLE, "", &block.theirs);
            side(&mut marked, THEIRS, &labels.theirs, "");
            let lines = marked[start..].matches('\n').count();
            conflicts.push(Conflict {
                lines: Some(line_number..=line_number + lines - 1),
                kind: block.kind,
                subject: block.subject.clone(),
            });
            line_number += lines;
        }
        if conflicts.is_empty() {
            return Marked::Clean(marked);
        }
        Marked::Conflicted(Conflicted {
            bytes: marked.into_bytes(),
            conflicts,
        })
    }
}
