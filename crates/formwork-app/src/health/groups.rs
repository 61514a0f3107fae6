//! Groups that the configuration puts together.

use std::collections::BTreeMap;

use formwork_config::Snapshot;

use crate::health::HealthCheck;
use crate::plan::Problem;

/// A component that no check watches: whoever knows how it is says so.
#[derive(Debug)]
pub(crate) struct Unchecked {
    pub(super) name: &'static str,
    pub(super) groups: Vec<String>,
}

impl Unchecked {
    /// In the group of its own name, like every component.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            groups: vec![name.to_owned()],
        }
    }
}

/// Adds the components to the groups that name them; returns every name that is no component's, and
/// every group that names none.
pub(crate) fn join_groups(
    groups: &BTreeMap<String, Vec<String>>,
    checks: &mut [HealthCheck],
    unchecked: &mut [Unchecked],
    snapshot: &Snapshot,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (group, components) in groups {
        if components.is_empty() {
            problems.push(Problem::EmptyGroup {
                group: group.clone(),
                origin: origin(snapshot, group),
            });
        }
        for component in components {
            if let Some(check) = checks.iter_mut().find(|check| check.name() == component) {
                check.join(group);
            } else if let Some(one) = unchecked.iter_mut().find(|one| one.name == component) {
                one.groups.push(group.clone());
            } else {
                let names = checks.iter().map(HealthCheck::name);
                let names = names.chain(unchecked.iter().map(|one| one.name));
                problems.push(Problem::UnknownComponent {
                    group: group.clone(),
                    component: component.clone(),
                    origin: origin(snapshot, group),
                    near: nearest(component, names),
                });
            }
        }
    }
    problems
}

/// Where the group is written.
fn origin(snapshot: &Snapshot, group: &str) -> Option<String> {
    let path = format!("app.health-groups.{group}");
    let mut rows = snapshot.explain().rows.into_iter();
    let row = rows.find(|row| row.path == path || row.path == "app.health-groups")?;
    Some(row.origin?.to_string())
}

fn nearest<'a>(component: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = names
        .map(|name| (strsim::damerau_levenshtein(component, name), name))
        .filter(|(distance, name)| *distance <= component.len().max(name.len()).div_ceil(3))
        .min();
    near.map(|(_, name)| name.to_owned())
}
