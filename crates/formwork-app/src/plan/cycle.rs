//! Order among the modules: levels, and the cycles that forbid any.

use std::collections::VecDeque;

use super::Declared;
use super::resolve::Link;

/// For each module, those it comes after.
pub(crate) struct Before(Vec<Vec<usize>>);

impl Before {
    pub(crate) fn new(modules: usize, edges: &[Link]) -> Self {
        let mut before = Self(vec![Vec::new(); modules]);
        edges.iter().for_each(|edge| before.add(edge));
        before
    }

    pub(crate) fn add(&mut self, edge: &Link) {
        self.0[edge.from].push(edge.to);
    }

    /// Whether `from` comes after `to`, over any number of steps; also when they are one.
    pub(crate) fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.0.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&self.0[at]);
            }
        }
        false
    }
}

/// The modules that only depend on those of lower levels; what is in or behind a cycle is left out.
pub(crate) fn levels(modules: usize, edges: &[Link]) -> Vec<Vec<usize>> {
    let mut waiting = vec![0_usize; modules];
    // Those that come after a module are at `ends[module - 1]..ends[module]`.
    let mut ends = vec![0_usize; modules];
    for edge in edges {
        waiting[edge.from] += 1;
        ends[edge.to] += 1;
    }
    let mut all = 0;
    for end in &mut ends {
        // The start for now: every dependent put into its place moves it on.
        all += std::mem::replace(end, all);
    }
    let mut dependents = vec![0_usize; edges.len()];
    for edge in edges {
        dependents[ends[edge.to]] = edge.from;
        ends[edge.to] += 1;
    }
    let dependents = |module: usize| {
        let from = module.checked_sub(1).map_or(0, |before| ends[before]);
        &dependents[from..ends[module]]
    };
    let mut level: Vec<usize> = (0..modules)
        .filter(|module| waiting[*module] == 0)
        .collect();
    let mut levels = Vec::new();
    while !level.is_empty() {
        level.sort_unstable();
        let mut next = Vec::new();
        for module in &level {
            for &dependent in dependents(*module) {
                waiting[dependent] -= 1;
                if waiting[dependent] == 0 {
                    next.push(dependent);
                }
            }
        }
        levels.push(std::mem::replace(&mut level, next));
    }
    levels
}

/// The shortest cycle through each knot of modules, as text: each step with its kind, the last one
/// back to the start.
pub(crate) fn find(
    modules: &[Declared],
    edges: &[Link],
    levels: &[Vec<usize>],
) -> Vec<Vec<String>> {
    let mut covered = vec![false; modules.len()];
    for &module in levels.iter().flatten() {
        covered[module] = true;
    }
    if covered.iter().all(|covered| *covered) {
        return Vec::new();
    }
    let before = Before::new(modules.len(), edges);
    let mut chains = Vec::new();
    for start in 0..modules.len() {
        if covered[start] {
            continue;
        }
        let Some(cycle) = shortest_cycle(edges, start) else {
            continue;
        };
        let mut chain = Vec::new();
        for link in &cycle {
            chain.push(format!(
                "`{}` {} `{}`",
                modules[link.from].name(),
                link.kind.verb(&link.service_text()),
                modules[link.to].name(),
            ));
        }
        // Everything in the same knot is told with this chain.
        for (module, covered) in covered.iter_mut().enumerate() {
            *covered |= before.reaches(start, module) && before.reaches(module, start);
        }
        chains.push(chain);
    }
    chains
}

/// The shortest way from `start` back to it.
fn shortest_cycle(edges: &[Link], start: usize) -> Option<Vec<&Link>> {
    let mut queue = VecDeque::from([(start, Vec::new())]);
    let mut seen = Vec::new();
    while let Some((at, way)) = queue.pop_front() {
        for link in edges.iter().filter(|link| link.from == at) {
            let mut way: Vec<&Link> = way.clone();
            way.push(link);
            if link.to == start {
                return Some(way);
            }
            if !seen.contains(&link.to) {
                seen.push(link.to);
                queue.push_back((link.to, way));
            }
        }
    }
    None
}
