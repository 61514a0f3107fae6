//! Three sequences side by side: where they agree, and who changed what where they do not.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput, Interner, Token};

/// A stretch of the three sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) base: Range<usize>,
    pub(crate) ours: Range<usize>,
    pub(crate) theirs: Range<usize>,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// All three are the same.
    None,
    /// Only ours differs from the base.
    Ours,
    /// Only theirs differs from the base.
    Theirs,
    /// Both differ from the base; perhaps in the same way.
    Both,
}

/// The stretches in which `after` differs from `before`.
pub(crate) fn hunks<T: Eq + std::hash::Hash + Copy>(
    before: &[T],
    after: &[T],
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut interner = Interner::new(before.len() + after.len());
    let before: Vec<Token> = before.iter().map(|item| interner.intern(*item)).collect();
    let after: Vec<Token> = after.iter().map(|item| interner.intern(*item)).collect();
    let input = InternedInput {
        before,
        after,
        interner,
    };
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks()
        .map(|hunk| (range(hunk.before), range(hunk.after)))
        .collect()
}

/// The classic diff3: hunks of both sides that overlap or touch are one region.
pub(crate) fn regions<T: Eq + std::hash::Hash + Copy>(
    base: &[T],
    ours: &[T],
    theirs: &[T],
) -> Vec<Region> {
    let ours_hunks = hunks(base, ours);
    let theirs_hunks = hunks(base, theirs);
    let mut regions = Vec::new();
    let (mut next_ours, mut next_theirs) = (0, 0);
    // Up to where each sequence is dealt with.
    let (mut at, mut at_ours, mut at_theirs) = (0, 0, 0);
    loop {
        let one = ours_hunks.get(next_ours);
        let other = theirs_hunks.get(next_theirs);
        let start = match (one, other) {
            (Some(one), Some(other)) => one.0.start.min(other.0.start),
            (Some(hunk), None) | (None, Some(hunk)) => hunk.0.start,
            (None, None) => base.len(),
        };
        if start > at {
            let length = start - at;
            regions.push(Region {
                base: at..start,
                ours: at_ours..at_ours + length,
                theirs: at_theirs..at_theirs + length,
                change: Change::None,
            });
            (at_ours, at_theirs) = (at_ours + length, at_theirs + length);
        }
        if one.is_none() && other.is_none() {
            return regions;
        }
        let (first_ours, first_theirs) = (next_ours, next_theirs);
        let mut end = start;
        loop {
            let mut grown = false;
            if let Some((hunk, _)) = ours_hunks.get(next_ours)
                && hunk.start <= end
            {
                end = end.max(hunk.end);
                next_ours += 1;
                grown = true;
            }
            if let Some((hunk, _)) = theirs_hunks.get(next_theirs)
                && hunk.start <= end
            {
                end = end.max(hunk.end);
                next_theirs += 1;
                grown = true;
            }
            if !grown {
                break;
            }
        }
        // A side has as many items here as the base, but for what its hunks add and take.
        let length = |hunks: &[(Range<usize>, Range<usize>)]| {
            let taken: usize = hunks.iter().map(|(before, _)| before.len()).sum();
            let added: usize = hunks.iter().map(|(_, after)| after.len()).sum();
            end - start - taken + added
        };
        let ours_length = length(&ours_hunks[first_ours..next_ours]);
        let theirs_length = length(&theirs_hunks[first_theirs..next_theirs]);
        regions.push(Region {
            base: start..end,
            ours: at_ours..at_ours + ours_length,
            theirs: at_theirs..at_theirs + theirs_length,
            change: match (next_ours > first_ours, next_theirs > first_theirs) {
                (true, false) => Change::Ours,
                (false, _) => Change::Theirs,
                (true, true) => Change::Both,
            },
        });
        (at, at_ours, at_theirs) = (end, at_ours + ours_length, at_theirs + theirs_length);
    }
}
