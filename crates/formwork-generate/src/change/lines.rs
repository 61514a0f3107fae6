//! A change of one file, line by line, as `diff -u` and `patch` write and read it.

use std::fmt::Write as _;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// How many unchanged lines stand around a change.
const AROUND: usize = 3;

/// The unified diff of a file; empty where nothing changes. What is no text is only named.
pub fn unified_diff(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> String {
    if before == after {
        return String::new();
    }
    let name = |side: Option<&[u8]>, prefix: &str| match side {
        Some(_) => format!("{prefix}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (name(before, "a"), name(after, "b"));
    let texts = (
        std::str::from_utf8(before.unwrap_or_default()),
        std::str::from_utf8(after.unwrap_or_default()),
    );
    let (Ok(before), Ok(after)) = texts else {
        return format!("Binary files {from} and {to} differ\n");
    };
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);

    let mut text = format!("--- {from}\n+++ {to}\n");
    let mut hunks = diff.hunks().map(|hunk| {
        let range = |range: &Range<u32>| range.start as usize..range.end as usize;
        (range(&hunk.before), range(&hunk.after))
    });
    let mut group: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    loop {
        let next = hunks.next();
        let far = match (group.last(), &next) {
            (Some(last), Some(next)) => next.0.start > last.0.end + 2 * AROUND,
            (_, None) => true,
            (None, _) => false,
        };
        if far && !group.is_empty() {
            write_group(&mut text, &group, &old, &new);
            group.clear();
        }
        match next {
            Some(next) => group.push(next),
            None => return text,
        }
    }
}

/// Changes that stand close together, with the lines around them.
fn write_group(
    text: &mut String,
    group: &[(Range<usize>, Range<usize>)],
    old: &[&str],
    new: &[&str],
) {
    let (first, last) = (&group[0], &group[group.len() - 1]);
    let above = first.0.start.min(AROUND);
    let below = (old.len() - last.0.end).min(AROUND);
    let place = |start: usize, end: usize| {
        let length = end - start;
        // Of no lines at all the one before is named.
        format!("{},{length}", if length == 0 { start } else { start + 1 })
    };
    let _ = writeln!(
        text,
        "@@ -{} +{} @@",
        place(first.0.start - above, last.0.end + below),
        place(first.1.start - above, last.1.end + below)
    );
    let mut write = |sign: char, lines: &[&str]| {
        for line in lines {
            text.push(sign);
            text.push_str(line);
            if !line.ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    };
    let mut at = first.0.start - above;
    for (before, after) in group {
        write(' ', &old[at..before.start]);
        write('-', &old[before.clone()]);
        write('+', &new[after.clone()]);
        at = before.end;
    }
    write(' ', &old[at..at + below]);
}

#[cfg(test)]
mod tests {
    use super::unified_diff;

    #[test]
    fn lines_are_shown_as_patch_reads_them() {
        let before: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let after = before
            .replace("2\n3\n", "2\ntwo and a half\n3\n")
            .replace("20\n", "20");
        assert_eq!(
            unified_diff("n.txt", Some(before.as_bytes()), Some(after.as_bytes())),
            "--- a/n.txt\n+++ b/n.txt\n@@ -1,5 +1,6 @@\n 1\n 2\n+two and a half\n 3\n 4\n 5\n\
             @@ -17,4 +18,4 @@\n 17\n 18\n 19\n-20\n+20\n\\ No newline at end of file\n"
        );
        assert_eq!(
            unified_diff("n.txt", None, Some(b"1\n")),
            "--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1,1 @@\n+1\n"
        );
        assert_eq!(
            unified_diff("n.txt", Some(b"\xff"), None),
            "Binary files a/n.txt and /dev/null differ\n"
        );
        assert_eq!(unified_diff("n.txt", Some(b"1"), Some(b"1")), "");
    }
}
