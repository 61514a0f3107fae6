//! The three-way merge: what we generated, what we would generate now, and what the owner has on disk.
//!
//! Everything that changes a project is this one function, file by file. It is pure: bytes in, an [`Outcome`] out.
//!
//! | base | ours | theirs | outcome |
//! |---|---|---|---|
//! | any | any | as ours | `Unchanged` |
//! | any | as base | any | `Unchanged`: the owner's edits and deletions stay |
//! | any | new | as base | `Written(ours)`: an untouched file follows |
//! | some | none | as base | `Deleted` |
//! | some | changed | deleted | `StaysDeleted`, worth a note |
//! | some | none | edited | `Conflicted`: the owner's bytes stay |
//! | none | some | another | `Conflicted`: the owner has a file of that name |
//! | some | changed | edited | the merge of the texts: `Written`, or `Conflicted` with diff3 markers |
//!
//! ```
//! use std::path::Path;
//! use formwork_merge::{Labels, Outcome, Sides, merge};
//!
//! let sides = Sides {
//!     base: Some(b"one\ntwo\nthree\n"),
//!     ours: Some(b"one\ntwo\nthree\nfour\n"),
//!     theirs: Some(b"zero\none\ntwo\nthree\n"),
//! };
//! let outcome = merge(Path::new("numbers.txt"), &sides, &Labels::default());
//! assert_eq!(outcome, Outcome::Written(b"zero\none\ntwo\nthree\nfour\n".to_vec()));
//! ```
//!
//! # How it merges
//!
//! A format that is known — Rust, TOML, YAML, JSON, SQL, Markdown, environment files — is read into lists of entries over its own
//! bytes: items, statements, arms, fields, names of an import, links of a chain, keys, columns, sections. An entry has its comments
//! with it. Lists are merged entry by entry, entries that both sides changed part by part, and where no smaller part helps, by
//! lines. The result is made of original bytes, so that comments, order and formatting of the owner stay; white space and a comma
//! before a bracket are no edits.
//!
//! - Where entries have names, both sides may add at one place: ours comes first. Where order matters, as among statements, that
//!   is a conflict; in a chain it is one unless all of it calls one method, as `.module(…)`.
//! - A merge by structure counts only if the result is well-formed where both sides were, and holds every word either side
//!   added. Otherwise the file is merged by lines, as is a file that cannot be read.
//!
//! What is not promised: that a clean merge means what both sides meant. It parses where the sides did, and no line of the
//! owner is lost; whether it compiles is the compiler's to say.

mod align;
mod conflict;
mod conserve;
mod diff;
mod format;
mod render;
mod structure;
mod text;
mod tree;

use std::path::Path;

use self::conflict::{Block, Found, Marked};
pub use self::conflict::{Conflict, Conflicted, Kind, Labels, unresolved};
use self::format::Format;

/// What the three sides hold of one file; `None` is a file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides<'a> {
    /// What we generated then.
    pub base: Option<&'a [u8]>,
    /// What we would generate now.
    pub ours: Option<&'a [u8]>,
    /// What is on the owner's disk.
    pub theirs: Option<&'a [u8]>,
}

/// What is to be done with the file on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// What is on disk stays, and so does its absence.
    Unchanged,
    /// These bytes are to be written.
    Written(Vec<u8>),
    /// The file is to be deleted.
    Deleted,
    /// The owner deleted the file, and it stays deleted, though what we would generate has changed since: worth a note.
    StaysDeleted,
    /// Somebody has to decide.
    Conflicted(Conflicted),
}

/// Merges one file. The path only tells the format.
pub fn merge(path: &Path, sides: &Sides<'_>, labels: &Labels) -> Outcome {
    let Sides { base, ours, theirs } = *sides;
    if ours == theirs || ours == base {
        return Outcome::Unchanged;
    }
    if theirs == base {
        return match ours {
            Some(ours) => Outcome::Written(ours.to_vec()),
            None => Outcome::Deleted,
        };
    }
    let Some(theirs) = theirs else {
        return Outcome::StaysDeleted;
    };
    let whole = |kind| Outcome::Conflicted(Conflicted::whole(theirs, kind));
    let format = Format::of(path);
    let text = |side: Option<&'_ [u8]>| match side {
        Some(bytes) if bytes.contains(&0) => None,
        Some(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
        None => Some(String::new()),
    };
    let (Some(base_text), Some(ours_text), Some(theirs_text)) =
        (text(base), text(ours), text(Some(theirs)))
    else {
        return match ours {
            Some(_) => whole(Kind::Binary),
            None => whole(Kind::ChangedAndGone),
        };
    };
    if ours.is_none() {
        // What was only formatted goes as well.
        let untouched = match (format.read(&base_text), format.read(&theirs_text)) {
            (Some(base), Some(theirs)) => base.means(&theirs),
            _ => false,
        };
        return match untouched {
            true => Outcome::Deleted,
            false => whole(Kind::ChangedAndGone),
        };
    }
    let mut found = Found::default();
    let Some(_) = base else {
        let united = text::unite(&ours_text, &theirs_text, &mut found);
        return finish(found.expand(&united, labels), theirs);
    };
    let texts = Texts {
        base: &with_newlines_of(&theirs_text, base_text),
        ours: &with_newlines_of(&theirs_text, ours_text),
        theirs: &theirs_text,
    };
    finish(texts.merge(format, labels), theirs)
}

fn finish(marked: Marked, theirs: &[u8]) -> Outcome {
    match marked {
        Marked::Clean(text) if text.as_bytes() == theirs => Outcome::Unchanged,
        Marked::Clean(text) => Outcome::Written(text.into_bytes()),
        Marked::Conflicted(conflicted) => Outcome::Conflicted(conflicted),
    }
}

/// The three texts of a file that both sides changed.
struct Texts<'t> {
    base: &'t str,
    ours: &'t str,
    theirs: &'t str,
}

impl Texts<'_> {
    fn merge(&self, format: Format, labels: &Labels) -> Marked {
        if let Some(marked) = self.by_structure(format, labels) {
            return marked;
        }
        let mut found = Found::default();
        let merged = text::merge(self.base, self.ours, self.theirs, &mut found);
        let marked = found.expand(&merged, labels);
        // Lines can fit each other and make no sense together.
        match &marked {
            Marked::Clean(text) if self.breaks(format, text) => {
                let mut found = Found::default();
                let placeholder = found.note(Block {
                    base: self.base.to_owned(),
                    ours: self.ours.to_owned(),
                    theirs: self.theirs.to_owned(),
                    kind: Kind::Malformed,
                    subject: None,
                });
                found.expand(&placeholder, labels)
            }
            _ => marked,
        }
    }

    /// Whether a merged text is malformed, though both sides are not.
    fn breaks(&self, format: Format, merged: &str) -> bool {
        !format.is_well_formed(merged)
            && format.is_well_formed(self.ours)
            && format.is_well_formed(self.theirs)
    }

    /// The merge by structure, if all sides have one, the result is well-formed and nothing is lost in it.
    fn by_structure(&self, format: Format, labels: &Labels) -> Option<Marked> {
        let base = format.read(self.base)?;
        let ours = format.read(self.ours)?;
        let theirs = format.read(self.theirs)?;
        if base.means(&ours) {
            return Some(Marked::Clean(self.theirs.to_owned()));
        }
        let mut found = Found::default();
        let merged = structure::merge(&base, &ours, &theirs, &mut found).ok()?;
        let marked = found.expand(&merged, labels);
        let text = match &marked {
            Marked::Clean(text) => {
                if self.breaks(format, text) {
                    return None;
                }
                text.as_str()
            }
            Marked::Conflicted(conflicted) => std::str::from_utf8(&conflicted.bytes).ok()?,
        };
        conserve::holds(self.base, self.ours, self.theirs, text).then_some(marked)
    }
}

/// A text with the line ends of another, if that one has one kind only: they are formatting.
fn with_newlines_of(model: &str, text: String) -> String {
    let lines = model.matches('\n').count();
    match model.matches("\r\n").count() {
        0 if lines > 0 && text.contains("\r\n") => text.replace("\r\n", "\n"),
        returns if returns == lines && lines > 0 => {
            text.replace("\r\n", "\n").replace('\n', "\r\n")
        }
        _ => text,
    }
}
