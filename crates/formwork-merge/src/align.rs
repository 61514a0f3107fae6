//! Which entry of one side is which entry of the base.

use std::collections::BTreeMap;

use crate::diff;
use crate::tree::{List, Order, Tree};

/// For each entry of the base the entry of the other list that it became.
///
/// Lists with an order are aligned without crossing: first what is the same, then, between that, what has the same name. Lists
/// without one go by name alone.
pub(crate) fn align(
    base: &List,
    base_tree: &Tree<'_>,
    other: &List,
    other_tree: &Tree<'_>,
) -> Vec<Option<usize>> {
    let before: Vec<u64> = hashes(base, base_tree);
    let after: Vec<u64> = hashes(other, other_tree);
    let mut pairs = vec![None; before.len()];
    if base.order == Order::Keyed {
        let mut names: BTreeMap<&str, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (index, entry) in base.entries.iter().enumerate() {
            names.entry(&entry.key).or_default().0.push(index);
        }
        for (index, entry) in other.entries.iter().enumerate() {
            if let Some((_, others)) = names.get_mut(entry.key.as_str()) {
                others.push(index);
            }
        }
        for (ours, mut theirs) in names.into_values() {
            let mut left = Vec::new();
            for index in ours {
                match theirs.iter().position(|it| after[*it] == before[index]) {
                    Some(position) => pairs[index] = Some(theirs.remove(position)),
                    None => left.push(index),
                }
            }
            for (index, other) in left.into_iter().zip(theirs) {
                pairs[index] = Some(other);
            }
        }
        renamed(base, base_tree, other, other_tree, &mut pairs);
        return pairs;
    }
    let (mut at, mut at_other) = (0, 0);
    let mut hunks = diff::hunks(&before, &after);
    hunks.push((before.len()..before.len(), after.len()..after.len()));
    for (gap, other_gap) in hunks {
        for offset in 0..gap.start - at {
            pairs[at + offset] = Some(at_other + offset);
        }
        (at, at_other) = (gap.end, other_gap.end);
        let names: Vec<&str> = keys(base, gap.clone());
        let other_names: Vec<&str> = keys(other, other_gap.clone());
        // Positions have no name: as many as before are the same ones.
        if names.len() == other_names.len()
            && names.iter().chain(&other_names).all(|it| it.is_empty())
        {
            for (index, other) in gap.zip(other_gap) {
                pairs[index] = Some(other);
            }
            continue;
        }
        let (mut named, mut named_other) = (0, 0);
        let mut inner = diff::hunks(&names, &other_names);
        inner.push((
            names.len()..names.len(),
            other_names.len()..other_names.len(),
        ));
        for (hunk, other_hunk) in inner {
            for offset in 0..hunk.start - named {
                if !names[named + offset].is_empty() {
                    pairs[gap.start + named + offset] =
                        Some(other_gap.start + named_other + offset);
                }
            }
            (named, named_other) = (hunk.end, other_hunk.end);
        }
    }
    renamed(base, base_tree, other, other_tree, &mut pairs);
    pairs
}

/// Pairs what stands at the same place under another name and has mostly the same tokens.
fn renamed(
    base: &List,
    base_tree: &Tree<'_>,
    other: &List,
    other_tree: &Tree<'_>,
    pairs: &mut [Option<usize>],
) {
    const WORTH_A_LOOK: usize = 12;
    let mut taken = vec![false; other.entries.len()];
    for pair in pairs.iter().flatten() {
        taken[*pair] = true;
    }
    let mut next = 0;
    for (index, pair) in pairs.iter_mut().enumerate() {
        if let Some(pair) = pair {
            next = *pair + 1;
            continue;
        }
        if next >= taken.len() || taken[next] {
            continue;
        }
        let (entry, candidate) = (&base.entries[index], &other.entries[next]);
        let kind = |key: &str| key.split(' ').next().unwrap_or_default().to_owned();
        if entry.key.is_empty() || kind(&entry.key) != kind(&candidate.key) {
            continue;
        }
        let words: Vec<&str> = base_tree.words(&entry.core).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in other_tree.words(&candidate.core) {
            *counts.entry(word).or_default() += 1;
        }
        let size = words.len().max(counts.values().sum());
        let mut common = 0;
        for word in words {
            if let Some(count) = counts.get_mut(word)
                && *count > 0
            {
                *count -= 1;
                common += 1;
            }
        }
        if size >= WORTH_A_LOOK && common * 4 >= size * 3 {
            *pair = Some(next);
            taken[next] = true;
            next += 1;
        }
    }
}

fn hashes(list: &List, tree: &Tree<'_>) -> Vec<u64> {
    list.entries.iter().map(|it| tree.hash(it)).collect()
}

fn keys(list: &List, range: std::ops::Range<usize>) -> Vec<&str> {
    list.entries[range]
        .iter()
        .map(|it| it.key.as_str())
        .collect()
}
