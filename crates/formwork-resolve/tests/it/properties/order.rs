//! Names and orders decide nothing they should not.

use formwork_catalog::Catalog;
use formwork_resolve::{ResolveError, resolve};
use proptest::prelude::*;

use super::case::{case, case_of, read};
use crate::toy::{catalog, wishes};

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// New names in the same order, and features nothing reaches, change nothing.
    ///
    /// Shows a part of: C-11.
    #[test]
    fn names_and_strangers_do_not_matter(case in case()) {
        let Some(plain) = read(&case) else { return Ok(()) };
        let renamed: String = rename(&case.lines) + "zz 1.0.0 : !core\n";
        let other = catalog(&renamed);
        let versions = |catalog: &Catalog, words: &str| match resolve(catalog, &wishes(words)) {
            Ok(plan) => Ok(plan.versions()),
            Err(ResolveError::Conflict(conflict)) => Err(conflict.cores.len()),
            Err(error) => panic!("{error}"),
        };
        let expected = versions(&plain, &case.words)
            .map(|plan| plan.into_iter().map(|(id, version)| (rename(&id), version)).collect());
        prop_assert_eq!(versions(&other, &rename(&case.words)), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The lines of a catalog, the rules in a line and the wishes in another order: the same plan,
    /// or a conflict again.
    ///
    /// Shows a part of: C-11.
    #[test]
    fn the_order_of_anything_changes_nothing(case in case_of(2..=6), seed in any::<u64>()) {
        let Some(plain) = read(&case) else { return Ok(()) };
        let mut lines: Vec<String> = case.lines.lines().map(|line| match line.split_once(" : ") {
            Some((head, rules)) => {
                let rules: Vec<_> = rules.split_whitespace().collect();
                format!("{head} : {}", shuffled(rules, seed).join(" "))
            }
            None => line.to_owned(),
        }).collect();
        lines = shuffled(lines, seed);
        // The toy language wants the capabilities first.
        lines.sort_by_key(|line| !line.starts_with("capability"));
        let other = catalog(&lines.join("\n"));
        // What is locked is no list: the last word on a feature counts.
        let words = case.words.split_whitespace();
        let (locked, wished): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('@'));
        let words = format!("{} {}", shuffled(wished, seed).join(" "), locked.join(" "));
        let versions = |catalog: &Catalog, words: &str| match resolve(catalog, &wishes(words)) {
            Ok(plan) => Some(plan.versions()),
            Err(ResolveError::Conflict(_)) => None,
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(versions(&plain, &case.words), versions(&other, &words));
    }
}

/// Puts an `n` behind the one-letter names.
fn rename(text: &str) -> String {
    let mut renamed = String::new();
    let letters: Vec<char> = text.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        renamed.push(*letter);
        let alone =
            |at: Option<&char>| at.is_none_or(|it| !it.is_ascii_alphanumeric() && *it != '-');
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        if ('a'..='h').contains(letter) && alone(before) && alone(letters.get(index + 1)) {
            renamed.push('n');
        }
    }
    renamed
}

/// Another order, the same for the same seed.
fn shuffled<T>(items: Vec<T>, seed: u64) -> Vec<T> {
    let mut keyed: Vec<_> = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let mixed = (index as u64 + 1).wrapping_mul(seed | 1).rotate_left(17);
            (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15), item)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}
