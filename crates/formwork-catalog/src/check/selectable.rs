//! Requirement cycles, and features no plan can hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::VersionReq;

use super::Report;
use super::exclusion::exclude;
use crate::{Catalog, Feature, Need, Target};

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    cycles(catalog, report);
    let graph = Graph::new(catalog);
    let mut dead = vec![false; catalog.features().len()];
    // A feature that needs an impossible one is impossible too: repeat until nothing changes.
    loop {
        let mut changed = false;
        for (index, feature) in catalog.features().iter().enumerate() {
            if dead[index] {
                continue;
            }
            if let Some(reason) = graph.impossible(&dead, index) {
                dead[index] = true;
                changed = true;
                let Feature { id, version, .. } = feature;
                let message = format!("`{id}` {version} can never be selected: {reason}");
                report.error(&feature.site, message, None);
            }
        }
        if !changed {
            return;
        }
    }
}

/// A need that leaves no choice of feature, as an edge of the requirement graph.
fn edge<'a>(catalog: &Catalog, need: &'a Need) -> Option<&'a str> {
    let first = need.any.first()?;
    let single = need.any.iter().all(|target| target.id == first.id);
    (single && !catalog.versions(&first.id).is_empty()).then_some(first.id.as_str())
}

fn cycles(catalog: &Catalog, report: &mut Report) {
    let mut edges: BTreeMap<&str, BTreeMap<&str, &Need>> = BTreeMap::new();
    for feature in catalog.features() {
        for need in &feature.requires {
            if let Some(target) = edge(catalog, need).filter(|target| *target != feature.id) {
                let from = edges.entry(&feature.id).or_default();
                from.entry(target).or_insert(need);
            }
        }
    }
    for start in catalog.ids() {
        // The shortest way back to the start over later ids, so that each cycle is told once.
        let mut parent: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        let mut last = None;
        while let (Some(id), None) = (queue.pop_front(), last) {
            for target in edges.get(id).into_iter().flat_map(BTreeMap::keys) {
                if *target == start {
                    last = Some(id);
                    break;
                }
                if *target > start && !parent.contains_key(target) {
                    parent.insert(target, id);
                    queue.push_back(target);
                }
            }
        }
        let Some(last) = last else { continue };
        let mut path = vec![start, last];
        while path[path.len() - 1] != start {
            path.push(parent[path[path.len() - 1]]);
        }
        path.reverse();
        let names: Vec<_> = path.iter().map(|id| format!("`{id}`")).collect();
        let message = format!("requirements run in a circle: {}", names.join(" → "));
        let help = format!("`{last}` should not require `{start}`");
        report.error(&edges[last][start].site, message, Some(help));
    }
}

/// Needs and exclusions between features by index, worked out once.
struct Graph<'a> {
    features: &'a [Feature],
    /// The unconditional needs of each feature, with the features that fill them.
    needs: Vec<Vec<(&'a Need, Vec<usize>)>>,
    excluded: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let features = catalog.features();
        let known = |target: &Target| {
            !catalog.versions(&target.id).is_empty() || catalog.capability(&target.id).is_some()
        };
        let needs = |feature: &'a Feature| {
            let always = feature.requires.iter().filter(|need| {
                // What is unknown has been reported already.
                need.when.is_always() && !need.any.is_empty() && need.any.iter().all(known)
            });
            always
                .map(|need| {
                    let fitting = |(index, feature): (usize, &Feature)| {
                        let fits = |target| catalog.accepts(target, feature);
                        need.any.iter().any(fits).then_some(index)
                    };
                    (
                        need,
                        features.iter().enumerate().filter_map(fitting).collect(),
                    )
                })
                .filter(|(need, fitting): &(&Need, Vec<usize>)| {
                    // A range nothing satisfies has been reported already as well.
                    let anything = need.any.iter().all(|it| it.range == VersionReq::STAR);
                    anything || !fitting.is_empty()
                })
                .collect()
        };
        let excluded = |index: usize| {
            let others = 0..features.len();
            others
                .filter(|other| {
                    *other != index && exclude(catalog, &features[index], &features[*other])
                })
                .collect()
        };
        Self {
            features,
            needs: features.iter().map(needs).collect(),
            excluded: (0..features.len()).map(excluded).collect(),
        }
    }

    /// Follows what selecting one feature forces; says where that fails.
    fn impossible(&self, dead: &[bool], start: usize) -> Option<String> {
        let mut allowed: Vec<bool> = dead.iter().map(|dead| !dead).collect();
        let mut taken = BTreeSet::new();
        let mut queue = vec![start];
        while let Some(index) = queue.pop() {
            if !taken.insert(index) {
                continue;
            }
            let id = &self.features[index].id;
            if !allowed[index] {
                return Some(format!("it needs `{id}`, which is excluded"));
            }
            for other in &self.excluded[index] {
                if taken.contains(other) {
                    let other = &self.features[*other].id;
                    return Some(format!(
                        "it needs both `{id}` and `{other}`, which exclude each other"
                    ));
                }
                allowed[*other] = false;
            }
            // Every need again: an exclusion may have taken away all but one alternative.
            for owner in &taken {
                for (need, fitting) in &self.needs[*owner] {
                    let mut left = fitting.iter().filter(|other| allowed[**other]);
                    match (left.next(), left.next()) {
                        (None, _) => {
                            let any: Vec<_> = need.any.iter().map(|it| format!("`{it}`")).collect();
                            let any = any.join(" or ");
                            let owner = &self.features[*owner].id;
                            return Some(format!(
                                "`{owner}` needs {any}, of which nothing is left"
                            ));
                        }
                        (Some(only), None) => queue.push(*only),
                        _ => {}
                    }
                }
            }
        }
        None
    }
}
