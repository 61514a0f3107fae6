//! Texts without a structure.

use std::path::Path;

use formwork_merge::{Labels, Outcome, Sides, merge, unresolved};

/// The merged text, or the text with its markers.
fn merged(base: &str, ours: &str, theirs: &str) -> String {
    let sides = Sides {
        base: Some(base.as_bytes()),
        ours: Some(ours.as_bytes()),
        theirs: Some(theirs.as_bytes()),
    };
    let bytes = match merge(Path::new("notes.txt"), &sides, &Labels::default()) {
        Outcome::Unchanged => theirs.as_bytes().to_vec(),
        Outcome::Written(bytes) => bytes,
        Outcome::Conflicted(conflicted) => {
            let text = String::from_utf8(conflicted.bytes.clone()).expect("it was text");
            let marked: Vec<usize> = conflicted
                .conflicts
                .iter()
                .filter_map(|conflict| conflict.lines.clone())
                .flat_map(|lines| [*lines.start(), *lines.end()])
                .collect();
            let found = unresolved(&text);
            assert!(marked.iter().all(|line| found.contains(line)), "{text}");
            conflicted.bytes
        }
        other => panic!("{other:?}"),
    };
    String::from_utf8(bytes).expect("it was text")
}

/// Shows a part of: C-31, C-32.
#[test]
fn changes_in_different_places_are_both_kept() {
    assert_eq!(
        merged("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n"),
        "A\nb\nc\nD\n"
    );
}

/// Shows a part of: C-32.
#[test]
fn changes_in_one_place_are_a_conflict_in_diff3_markers() {
    assert_eq!(
        merged("a\nb\nc\n", "a\nours\nc\n", "a\nmine\nc\n"),
        "a\n<<<<<<< generated now\nours\n||||||| generated before\nb\n=======\nmine\n>>>>>>> yours\nc\n"
    );
}

/// Shows a part of: C-33.
#[test]
fn a_last_line_without_a_newline_is_kept_apart_from_what_follows() {
    assert_eq!(merged("a\nb", "a\nb\n", "mine\na\nb"), "mine\na\nb\n");
    assert_eq!(
        merged("a\nb", "a\nours", "a\nmine"),
        "a\n<<<<<<< generated now\nours\n||||||| generated before\nb\n=======\nmine\n>>>>>>> yours\n"
    );
}
