//! The last look at a merge by structure: whether a word that somebody wrote is missing.

use std::collections::BTreeMap;

/// How often a word is in each of the texts.
#[derive(Default)]
struct Count {
    base: usize,
    ours: usize,
    theirs: usize,
    merged: usize,
}

/// Whether every word that a side added is in the merged text, as often as both sides together left it.
///
/// Two sides that add the same need it only once. The count errs to the careful side: what it refuses is merged by lines.
pub(crate) fn holds(base: &str, ours: &str, theirs: &str, merged: &str) -> bool {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut count = |text, pick: fn(&mut Count) -> &mut usize| {
        for word in words(text) {
            *pick(counts.entry(word).or_default()) += 1;
        }
    };
    count(base, |it| &mut it.base);
    count(ours, |it| &mut it.ours);
    count(theirs, |it| &mut it.theirs);
    count(merged, |it| &mut it.merged);
    counts.values().all(|count| {
        let Count {
            base,
            ours,
            theirs,
            merged,
        } = *count;
        let least = match (ours > base, theirs > base) {
            (true, true) => ours.max(theirs),
            (true, false) | (false, true) => (ours + theirs).saturating_sub(base),
            (false, false) => 0,
        };
        merged >= least
    })
}

/// Runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_')
        .filter(|word| !word.is_empty())
}
