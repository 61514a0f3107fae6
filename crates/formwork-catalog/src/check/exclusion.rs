//! Which features can never meet in a plan, as far as two manifests alone show it.

use crate::{Catalog, Feature};

/// Whether two features (of different ids, or versions of one) exclude each other in every plan.
pub(super) fn exclude(catalog: &Catalog, left: &Feature, right: &Feature) -> bool {
    let share_a_role = left.provides.iter().any(|provide| {
        right.provides(&provide.capability).is_some()
            && catalog
                .capability(&provide.capability)
                .is_some_and(|capability| capability.cardinality.is_exclusive())
    });
    left.id == right.id
        || share_a_role
        || left
            .conflicts
            .iter()
            .any(|it| it.when.is_always() && catalog.excludes(left, it, right))
        || right
            .conflicts
            .iter()
            .any(|it| it.when.is_always() && catalog.excludes(right, it, left))
}
