//! The merge, at its boundary.

mod data;
mod files;
mod markdown;
mod properties;
mod rust;
mod sql;
mod text;

use std::path::Path;

use formwork_merge::{Labels, Outcome, Sides, merge, unresolved};

/// The merged text, or the text with its markers and a line for each conflict.
fn merged(path: &str, base: &str, ours: &str, theirs: &str) -> String {
    let sides = Sides {
        base: Some(base.as_bytes()),
        ours: Some(ours.as_bytes()),
        theirs: Some(theirs.as_bytes()),
    };
    let bytes = match merge(Path::new(path), &sides, &Labels::default()) {
        Outcome::Unchanged => theirs.as_bytes().to_vec(),
        Outcome::Written(bytes) => bytes,
        Outcome::Conflicted(conflicted) => {
            let text = String::from_utf8(conflicted.bytes).expect("it was text");
            let found = unresolved(&text);
            let mut report = text;
            for conflict in &conflicted.conflicts {
                let lines = conflict.lines.clone().expect("it was marked");
                assert!(
                    found.contains(lines.start()) && found.contains(lines.end()),
                    "{report}"
                );
                report.push_str(&format!("! {conflict}\n"));
            }
            return report;
        }
        other => panic!("{other:?}"),
    };
    String::from_utf8(bytes).expect("it was text")
}
