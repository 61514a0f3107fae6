//! Whole files: what is there, what is not, and what is not text.

use std::path::Path;

use formwork_merge::{Conflicted, Kind, Labels, Outcome, Sides, merge, unresolved};

fn outcome(base: Option<&str>, ours: Option<&str>, theirs: Option<&str>) -> Outcome {
    let sides = Sides {
        base: base.map(str::as_bytes),
        ours: ours.map(str::as_bytes),
        theirs: theirs.map(str::as_bytes),
    };
    merge(Path::new("file.txt"), &sides, &Labels::default())
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    match outcome {
        Outcome::Conflicted(conflicted) => conflicted.conflicts.iter().map(|it| it.kind).collect(),
        _ => Vec::new(),
    }
}

/// Shows a part of: C-31.
#[test]
fn untouched_files_follow() {
    let (old, new) = (Some("a\n"), Some("b\n"));
    assert_eq!(outcome(old, new, old), Outcome::Written(b"b\n".to_vec()));
    assert_eq!(outcome(old, None, old), Outcome::Deleted);
    assert_eq!(outcome(None, new, None), Outcome::Written(b"b\n".to_vec()));
    assert_eq!(outcome(old, old, new), Outcome::Unchanged);
    assert_eq!(outcome(old, new, new), Outcome::Unchanged);
    assert_eq!(outcome(None, new, new), Outcome::Unchanged);
    assert_eq!(outcome(None, None, new), Outcome::Unchanged);
    assert_eq!(outcome(None, None, None), Outcome::Unchanged);
}

/// Shows a part of: C-31.
#[test]
fn deleted_stays_deleted() {
    let (old, new) = (Some("a\n"), Some("b\n"));
    assert_eq!(outcome(old, old, None), Outcome::Unchanged);
    assert_eq!(outcome(old, None, None), Outcome::Unchanged);
    assert_eq!(outcome(old, new, None), Outcome::StaysDeleted);
}

/// Shows a part of: C-31, C-33.
#[test]
fn what_the_owner_edited_is_not_deleted() {
    let outcome = outcome(Some("a\n"), None, Some("a\nmine\n"));
    assert_eq!(kinds(&outcome), [Kind::ChangedAndGone]);
    let Outcome::Conflicted(Conflicted { bytes, conflicts }) = outcome else {
        unreachable!("it has a conflict");
    };
    assert_eq!(bytes, b"a\nmine\n");
    assert_eq!(
        conflicts[0].to_string(),
        "the whole file: you changed what is no longer generated"
    );
}

/// Shows a part of: C-31, C-32.
#[test]
fn what_the_owner_only_formatted_is_deleted() {
    let sides = Sides {
        base: Some(b"fn a() {}\n"),
        ours: None,
        theirs: Some(b"fn a() {\n}\n"),
    };
    let outcome = merge(Path::new("a.rs"), &sides, &Labels::default());
    assert_eq!(outcome, Outcome::Deleted);
}

/// Shows a part of: C-31.
#[test]
fn a_file_of_the_owner_where_one_is_generated_is_a_conflict() {
    let outcome = outcome(None, Some("same\nours\n"), Some("same\nmine\n"));
    assert_eq!(kinds(&outcome), [Kind::Foreign]);
    let Outcome::Conflicted(Conflicted { bytes, .. }) = outcome else {
        unreachable!("it has a conflict");
    };
    assert_eq!(
        String::from_utf8_lossy(&bytes),
        "same\n<<<<<<< generated now\nours\n||||||| generated before\n=======\nmine\n>>>>>>> yours\n"
    );
}

/// Shows a part of: C-31, C-32.
#[test]
fn binary_files_conflict_unless_one_side_is_unchanged() {
    let check = |base: &[u8], ours: &[u8], theirs: &[u8]| {
        let sides = Sides {
            base: Some(base),
            ours: Some(ours),
            theirs: Some(theirs),
        };
        merge(Path::new("logo.png"), &sides, &Labels::default())
    };
    assert_eq!(
        check(b"\0a", b"\0b", b"\0a"),
        Outcome::Written(b"\0b".to_vec())
    );
    assert_eq!(check(b"\0a", b"\0a", b"\xff"), Outcome::Unchanged);
    let both = check(b"\0a", b"\0b", b"\xff");
    assert_eq!(kinds(&both), [Kind::Binary]);
    let Outcome::Conflicted(conflicted) = both else {
        unreachable!("it has a conflict");
    };
    assert_eq!(conflicted.bytes, b"\xff");
}

/// Shows a part of: C-32.
#[test]
fn ends_of_lines_are_formatting() {
    let sides = Sides {
        base: Some(b"one\ntwo\nthree\n"),
        ours: Some(b"one\ntwo\nthree\nfour\n"),
        theirs: Some(b"ONE\r\ntwo\r\nthree\r\n"),
    };
    let outcome = merge(Path::new("a.txt"), &sides, &Labels::default());
    let merged = b"ONE\r\ntwo\r\nthree\r\nfour\r\n".to_vec();
    assert_eq!(outcome, Outcome::Written(merged));
}

/// Shows a part of: C-32.
#[test]
fn markers_are_found_until_the_last_is_gone() {
    let text =
        "a\n<<<<<<< generated now\nb\n||||||| generated before\nc\n=======\nd\n>>>>>>> yours\ne\n";
    assert_eq!(unresolved(text), [2, 4, 6, 8]);
    assert_eq!(unresolved(&text.replace('\n', "\r\n")), [2, 4, 6, 8]);
    assert_eq!(unresolved("a\n>>>>>>> yours\n"), [2]);
    // A heading of Markdown, and an arrow of shifts, are none.
    assert!(unresolved("Title\n=======\n\n<<<<<<<<<<\n").is_empty());
}
