//! Texts without a structure.

fn merged(base: &str, ours: &str, theirs: &str) -> String {
    crate::merged("notes.txt", base, ours, theirs)
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
        "a\n<<<<<<< generated now\nours\n||||||| generated before\nb\n=======\nmine\n>>>>>>> yours\nc\n! lines 2–8: both sides changed this\n"
    );
}

/// Shows a part of: C-33.
#[test]
fn a_last_line_without_a_newline_is_kept_apart_from_what_follows() {
    assert_eq!(merged("a\nb", "a\nb\n", "mine\na\nb"), "mine\na\nb\n");
    assert_eq!(
        merged("a\nb", "a\nours", "a\nmine"),
        "a\n<<<<<<< generated now\nours\n||||||| generated before\nb\n=======\nmine\n>>>>>>> yours\n! lines 2–8: both sides changed this\n"
    );
}
