//! Texts without a structure: diff3 by lines.

use std::ops::Range;

use crate::conflict::{Block, Found, Kind};
use crate::diff::{self, Change};

/// Merges by lines. A last line without a newline gets one where it is no longer the last.
pub(crate) fn merge(base: &str, ours: &str, theirs: &str, found: &mut Found) -> String {
    merge_about(base, ours, theirs, None, found)
}

/// As [`merge`], of a text that has a name.
pub(crate) fn merge_about(
    base: &str,
    ours: &str,
    theirs: &str,
    subject: Option<&str>,
    found: &mut Found,
) -> String {
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let mut merged = String::new();
    for region in diff::regions(&base, &ours, &theirs) {
        let our_lines = &ours[region.ours];
        let their_lines = &theirs[region.theirs];
        match region.change {
            Change::None | Change::Theirs => push(&mut merged, their_lines),
            Change::Ours => push(&mut merged, our_lines),
            Change::Both if our_lines == their_lines => push(&mut merged, their_lines),
            Change::Both => {
                let block = Block {
                    kind: match (&base[region.base.clone()], our_lines, their_lines) {
                        ([], _, _) => Kind::BothAdded,
                        (_, [], _) => Kind::ChangedAndGone,
                        (_, _, []) => Kind::DeletedAndChanged,
                        _ => Kind::BothChanged,
                    },
                    base: base[region.base].concat(),
                    ours: our_lines.concat(),
                    theirs: their_lines.concat(),
                    subject: subject.map(str::to_owned),
                };
                push(&mut merged, &[found.note(block).as_str()]);
            }
        }
    }
    merged
}

/// Two texts without a common base: what is the same stands, all else is a conflict.
pub(crate) fn unite(ours: &str, theirs: &str, found: &mut Found) -> String {
    let (ours, theirs) = (lines(ours), lines(theirs));
    let mut merged = String::new();
    let mut at = 0;
    let mut hunks: Vec<(Range<usize>, Range<usize>)> = diff::hunks(&ours, &theirs);
    hunks.push((ours.len()..ours.len(), theirs.len()..theirs.len()));
    for (our_range, their_range) in hunks {
        push(&mut merged, &ours[at..our_range.start]);
        at = our_range.end;
        if our_range.is_empty() && their_range.is_empty() {
            continue;
        }
        let block = Block {
            base: String::new(),
            ours: ours[our_range].concat(),
            theirs: theirs[their_range].concat(),
            kind: Kind::Foreign,
            subject: None,
        };
        push(&mut merged, &[found.note(block).as_str()]);
    }
    merged
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn push(merged: &mut String, lines: &[&str]) {
    for line in lines {
        if !merged.is_empty() && !merged.ends_with('\n') {
            merged.push('\n');
        }
        merged.push_str(line);
    }
}
