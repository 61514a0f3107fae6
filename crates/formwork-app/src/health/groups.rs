//! Groups that the configuration puts together.

use std::collections::BTreeMap;

use formwork_config::Snapshot;

use crate::health::HealthCheck;
use crate::plan::Problem;

/// Adds the checks to the groups that name them; returns every name that is no component's, and
/// every group that names none.
pub(crate) fn join_groups(
    groups: &BTreeMap<String, Vec<String>>,
    checks: &mut [HealthCheck],
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
            let named = checks.iter_mut().find(|check| check.name() == component);
            match named {
                Some(check) => check.join(group),
                None => problems.push(Problem::UnknownComponent {
                    group: group.clone(),
                    component: component.clone(),
                    origin: origin(snapshot, group),
                    near: nearest(component, checks),
                }),
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

fn nearest(component: &str, checks: &[HealthCheck]) -> Option<String> {
    let names = checks.iter().map(HealthCheck::name);
    let near = names
        .map(|name| (strsim::damerau_levenshtein(component, name), name))
        .filter(|(distance, name)| *distance <= component.len().max(name.len()).div_ceil(3))
        .min();
    near.map(|(_, name)| name.to_owned())
}
