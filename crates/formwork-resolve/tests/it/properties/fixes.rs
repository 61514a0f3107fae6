//! Fixes are ranked, and what is left when the rest is let go is the most there is.

use formwork_resolve::{ResolveError, Wish, Wishes, degrade, resolve};
use proptest::prelude::*;

use super::brute::{Judge, choices};
use super::case::{case_of, read};
use crate::toy::wishes;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Fixes come the gentlest first, none changes more than it must, and the wishes that are kept
    /// when the rest is let go are as many and as strong as can be.
    ///
    /// Shows a part of: C-13.
    #[test]
    fn fixes_are_ranked_and_degrading_keeps_the_most(case in case_of(2..=4)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let wishes = wishes(&case.words);
        let degraded = degrade(&catalog, &wishes).expect("something is always left");
        let possible = |list: &[Wish]| {
            let wishes = Wishes { list: list.to_vec(), ..Wishes::default() };
            let judge = Judge { catalog: &catalog, wishes: &wishes };
            choices(&catalog).any(|chosen| judge.is_sound(&chosen))
        };
        let kept = &degraded.wishes.list;
        prop_assert!(possible(kept));
        let strengths = |list: &[Wish]| {
            let count = |kind: fn(&Wish) -> bool| list.iter().filter(|wish| kind(wish)).count();
            [
                count(|wish| matches!(wish, Wish::Pin { .. })),
                count(|wish| matches!(wish, Wish::Want { .. })),
                count(|wish| matches!(wish, Wish::Answer { .. })),
                count(|wish| matches!(wish, Wish::Tier { .. })),
                count(|wish| matches!(wish, Wish::Refuse { .. })),
            ]
        };
        for subset in 0..1_u32 << wishes.list.len() {
            let chosen = wishes.list.iter().enumerate();
            let chosen: Vec<_> = chosen
                .filter(|(index, _)| subset >> index & 1 == 1)
                .map(|(_, wish)| wish.clone())
                .collect();
            if strengths(&chosen) > strengths(kept) {
                prop_assert!(!possible(&chosen), "{:?} would be more than {:?}", chosen, kept);
            }
        }
        prop_assert_eq!(kept.len() + degraded.left_out.len(), wishes.list.len());
        for left in &degraded.left_out {
            let mut more = kept.clone();
            more.push(left.wish.clone());
            prop_assert!(!possible(&more));
        }
        if let Err(ResolveError::Conflict(conflict)) = resolve(&catalog, &wishes) {
            let sizes: Vec<_> = conflict.fixes.iter().map(|fix| fix.changes.len()).collect();
            prop_assert!(sizes.iter().all(|size| *size == sizes[0]), "{:?}", sizes);
            let worst = |fix: &formwork_resolve::Fix| fix.changes.iter().map(|it| it.kind).max();
            prop_assert!(conflict.fixes.is_sorted_by_key(worst));
            if sizes[0] > 1 {
                for index in 0..wishes.list.len() {
                    let mut fewer = wishes.list.clone();
                    fewer.remove(index);
                    prop_assert!(!possible(&fewer), "one change is enough");
                }
            }
        }
    }
}
