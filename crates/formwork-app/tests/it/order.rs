//! The order of start follows from the needs, and from nothing else.

use proptest::prelude::*;

use crate::support::{Journal, app, link};

/// For each module, which of those before it in the list it needs.
fn graphs() -> impl Strategy<Value = Vec<Vec<bool>>> {
    (1_usize..12).prop_flat_map(|size| {
        (0..size)
            .map(|index| proptest::collection::vec(proptest::bool::weighted(0.3), index))
            .collect::<Vec<_>>()
    })
}

fn needs(row: &[bool]) -> Vec<String> {
    let needed = row.iter().enumerate().filter(|(_, needed)| **needed);
    needed.map(|(index, _)| name(index)).collect()
}

/// Not in the order of the list.
fn name(index: usize) -> String {
    format!("{}{index}", ["q", "b", "x"][index % 3])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order of registration, the order of start is the same, and no module starts
    /// before what it needs.
    ///
    /// Proves: R-002.
    #[test]
    fn registration_order_does_not_matter(
        (graph, order) in graphs().prop_flat_map(|graph| {
            let order: Vec<usize> = (0..graph.len()).collect();
            (Just(graph), Just(order).prop_shuffle())
        })
    ) {
        let boot = |order: &mut dyn Iterator<Item = usize>| {
            let journal = Journal::default();
            let app = order.fold(app(), |app, index| {
                app.module(link(&name(index), &needs(&graph[index]), &journal))
            });
            let checked = app.check().expect("the wiring is fine");
            (journal.of("wire"), checked.graph)
        };
        let (wired, printed) = boot(&mut (0..graph.len()));
        prop_assert_eq!(&boot(&mut order.into_iter()), &(wired.clone(), printed.clone()));

        let place = |name: &str| wired.iter().position(|other| other == name);
        for (index, row) in graph.iter().enumerate() {
            for need in needs(row) {
                prop_assert!(place(&need) < place(&name(index)));
            }
        }
        let nodes: Vec<_> = printed.nodes.iter().map(|node| node.name.clone()).collect();
        prop_assert_eq!(nodes, wired);
    }
}

/// The order can be printed.
///
/// Proves: R-002.
#[test]
fn what_starts_first_comes_before_everything_else() {
    use crate::support::module;
    let journal = Journal::default();
    let app = app()
        .module(module("a", &journal))
        .module(module("log", &journal).declare(|it| it.starts_first()))
        .module(link("b", &[], &journal));
    let checked = app.check().expect("the wiring is fine");
    insta::assert_snapshot!(checked.graph.to_text(), @r"
    0 log 0.0.0
    1 a 0.0.0
        starts after `log`
    1 b 0.0.0
        starts after `log`
    ");
}
