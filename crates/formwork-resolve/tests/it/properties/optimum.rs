//! The plan is the best there is.

use formwork_resolve::{ResolveError, Resolver, resolve};
use proptest::prelude::*;

use super::brute::brute_force;
use super::case::{case, case_of, read};
use crate::toy::wishes;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// There is a plan exactly when brute force finds one, and it is the best of all.
    ///
    /// Shows a part of: C-10, C-11, C-17.
    #[test]
    fn the_plan_is_the_one_brute_force_likes_best(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let wishes = wishes(&case.words);
        let plans = brute_force(&catalog, &wishes);
        match (resolve(&catalog, &wishes), plans.first()) {
            (Ok(plan), Some((_, best))) => prop_assert_eq!(&plan.versions(), best),
            (Err(ResolveError::Conflict(_)), None) => {}
            (found, best) => prop_assert!(false, "{:?} against {:?}", found, best),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Thousands of the smallest catalogs: verdict and optimum, and a catalog made ready once
    /// answers like one that is not, in whatever order it is asked.
    ///
    /// Shows a part of: C-10, C-11, C-17.
    #[test]
    fn thousands_of_small_catalogs_are_solved_as_by_brute_force(case in case_of(2..=4)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let resolver = Resolver::new(&catalog);
        let wishes = wishes(&case.words);
        let cold = resolve(&catalog, &wishes);
        match (&cold, brute_force(&catalog, &wishes).first()) {
            (Ok(plan), Some((_, best))) => {
                prop_assert!(plan.optimal);
                prop_assert_eq!(&plan.versions(), best);
            }
            (Err(ResolveError::Conflict(_)), None) => {}
            (found, best) => prop_assert!(false, "{:?} against {:?}", found, best),
        }
        for id in catalog.ids() {
            let _ = resolver.resolve(&wishes.clone().want(id));
        }
        let warm = resolver.resolve(&wishes);
        prop_assert_eq!(format!("{cold:?}"), format!("{warm:?}"));
    }
}
