//! What is suggested can be taken, and what would be is what then is.

use formwork_resolve::{Diff, WhatIf, WhyNot, resolve, what_if, why_not};
use proptest::prelude::*;

use super::case::{case, case_of, read};
use crate::toy::wishes;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        max_global_rejects: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is suggested can be asked for, and nothing of the plan has to go or move.
    ///
    /// Shows a part of: C-15.
    #[test]
    fn suggestions_can_be_taken(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let wishes = wishes(&case.words);
        let plan = resolve(&catalog, &wishes).ok().filter(|plan| !plan.suggestions.is_empty());
        prop_assume!(plan.is_some());
        let plan = plan.expect("assumed");
        for suggestion in &plan.suggestions {
            prop_assert!(catalog.newest(&suggestion.feature).is_some());
            prop_assert!(!plan.contains(&suggestion.feature) && !suggestion.reason.is_empty());
            prop_assert!(suggestion.by.iter().all(|id| plan.contains(id)), "{:?}", suggestion);
            let mut kept = wishes.clone().want(&suggestion.feature);
            for (id, version) in plan.versions() {
                kept = kept.want(&id).pin(id, version);
            }
            prop_assert!(resolve(&catalog, &kept).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a further wish would bring is what it brings, and why not says the same.
    ///
    /// Shows a part of: C-14.
    #[test]
    fn what_if_is_what_then_is(case in case_of(2..=4), index in 0..4_usize) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let wishes = wishes(&case.words);
        let Ok(now) = resolve(&catalog, &wishes) else { return Ok(()) };
        let ids: Vec<_> = catalog.ids().collect();
        let id = ids[index % ids.len()];
        let more = wishes.clone().want(id);
        let wish = more.list.last().expect("one was added").clone();
        let then = resolve(&catalog, &more);
        match what_if(&catalog, &wishes, wish).expect("the wishes make sense") {
            WhatIf::Possible { diff, plan } => {
                prop_assert_eq!(&*plan, &then.expect("there is a plan"));
                let expected = Diff::between(&now.versions(), &plan.versions());
                prop_assert_eq!(&diff, &expected);
                match why_not(&catalog, &wishes, id).expect("the wishes make sense") {
                    WhyNot::Present { why } => prop_assert_eq!(&why.chain[0].0, id),
                    WhyNot::Possible { diff: other } => prop_assert_eq!(other, diff),
                    WhyNot::Impossible { .. } => prop_assert!(false, "it is possible"),
                }
            }
            WhatIf::Impossible { conflict } => {
                prop_assert!(then.is_err() && !conflict.cores.is_empty());
                prop_assert!(!now.contains(id));
            }
        }
    }
}
