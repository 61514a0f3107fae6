//! A conflict is real and minimal, and its fixes fix.

use std::collections::BTreeSet;

use formwork_catalog::Catalog;
use formwork_resolve::{Derivation, ResolveError, Resolver, Step, Wish, Wishes, resolve};
use proptest::prelude::*;

use super::brute::{Judge, brute_force, choices};
use super::case::{case, case_of, read};
use crate::toy::wishes;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        max_global_rejects: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A conflict is real, no member of it can be spared, and every fix resolves as it says.
    ///
    /// Shows a part of: C-12, C-13, C-17.
    #[test]
    fn conflicts_are_minimal_and_fixes_fix(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let found = resolve(&catalog, &wishes(&case.words));
        prop_assume!(found.is_err());
        let Err(ResolveError::Conflict(conflict)) = found else {
            return Err(TestCaseError::fail("no conflict, but another error"));
        };
        prop_assert!(!conflict.cores.is_empty() && !conflict.fixes.is_empty());
        for core in &conflict.cores {
            prop_assert!(brute_force(&catalog, &only(core.wishes.clone())).is_empty());
            for index in 0..core.wishes.len() {
                let mut fewer = core.wishes.clone();
                fewer.remove(index);
                prop_assert!(!brute_force(&catalog, &only(fewer)).is_empty());
            }
            prop_assert!(!core.derivation.steps.is_empty());
        }
        for fix in &conflict.fixes {
            prop_assert!(!brute_force(&catalog, &fix.wishes).is_empty(), "{:?}", fix);
        }
        let resolver = Resolver::new(&catalog);
        let outcomes = resolver.outcomes(&wishes(&case.words), &conflict).expect("fixes resolve");
        prop_assert!(!outcomes.is_empty());
        for outcome in &outcomes {
            let plan = resolve(&catalog, &outcome.wishes).expect("a fix resolves");
            prop_assert_eq!(&plan, &outcome.plan);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No rule of a conflict can be spared, nor any wish: shown on the rules it names and nothing
    /// else.
    ///
    /// Shows a part of: C-12, C-17.
    #[test]
    fn conflicts_are_minimal_over_wishes_and_rules(case in case_of(2..=5)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let Err(ResolveError::Conflict(conflict)) = resolve(&catalog, &wishes(&case.words)) else {
            return Ok(());
        };
        for core in &conflict.cores {
            let mut part = Part {
                rules: core.rules.iter().map(|site| site.rule.as_str()).collect(),
                bounds: [
                    tells(&core.derivation, |step| matches!(step, Step::Demand { .. })),
                    tells(&core.derivation, |step| matches!(step, Step::Exclusive { .. })),
                ],
            };
            prop_assert!(!part.is_possible(&catalog, &core.wishes), "{:?}", core);
            for rule in &core.rules {
                part.rules.remove(rule.rule.as_str());
                prop_assert!(part.is_possible(&catalog, &core.wishes), "{rule} can be spared: {:?}", core);
                part.rules.insert(&rule.rule);
            }
            for index in 0..core.wishes.len() {
                let mut fewer = core.wishes.clone();
                let spared = fewer.remove(index);
                prop_assert!(part.is_possible(&catalog, &fewer), "{spared} can be spared: {:?}", core);
            }
        }
    }
}

/// Only these rules of a catalog, and no demand for a reason to be in a plan.
struct Part<'a> {
    rules: BTreeSet<&'a str>,
    /// Whether the lower and the upper bound of a cardinality were told.
    bounds: [bool; 2],
}

impl Part<'_> {
    /// Whether any choice of versions is allowed.
    fn is_possible(&self, catalog: &Catalog, wishes: &[Wish]) -> bool {
        let wishes = only(wishes.to_vec());
        let judge = Judge {
            catalog,
            wishes: &wishes,
        };
        choices(catalog).any(|chosen| {
            judge.keeps_wishes(&chosen)
                && judge.keeps_rules(&chosen, |rule| self.rules.contains(rule), self.bounds)
        })
    }
}

fn only(list: Vec<Wish>) -> Wishes {
    Wishes {
        list,
        ..Wishes::default()
    }
}

fn tells(derivation: &Derivation, what: fn(&Step) -> bool) -> bool {
    derivation.steps.iter().any(|step| match step {
        Step::Either { branches } => branches.iter().any(|it| tells(&it.derivation, what)),
        step => what(step),
    })
}
