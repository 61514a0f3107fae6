//! From declarations to an order of start and a provider for every need, or every reason why not.

mod cycle;
mod graph;
mod problem;
mod resolve;
mod slots;

use std::collections::HashSet;
use std::sync::OnceLock;

pub use graph::{Edge, EdgeKind, Graph, GraphNode};
pub use problem::{Problem, WiringErrors};
pub(crate) use slots::Slots;

use crate::Declaration;
use crate::declaration::{NeedKind, Provision, ServiceType};
use crate::event::Observer;

/// A module as registered: its declaration and the type that made it.
///
/// The modules of an application are in the order of their names, so that nothing that follows
/// depends on the order of registration.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) declaration: Declaration,
    pub(crate) type_name: &'static str,
    /// The place in the order of registration, which decides between decorators.
    pub(crate) place: usize,
}

/// Who provides what to whom, and in which order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) slots: Slots,
    /// For each module and each of its needs, the slot that serves it.
    bindings: Vec<Vec<Option<usize>>>,
    /// For each type that is decorated, the modules that do so, from the inside out.
    decorators: Vec<(ServiceType, Vec<usize>)>,
    /// Modules by level, in the order of their names within one.
    pub(crate) levels: Vec<Vec<usize>>,
    edges: Vec<resolve::Link>,
    /// Made when somebody asks for it.
    graph: OnceLock<Graph>,
    /// What may not be meant.
    pub(crate) warnings: Vec<String>,
}

impl Plan {
    /// The plan for these modules and the services of the application itself.
    pub(crate) fn new(modules: &[Declared], own: &[Provision]) -> Result<Self, WiringErrors> {
        let mut problems = problem::of_declarations(modules);
        let slots = Slots::of(modules, own);
        slots.duplicates(modules, &mut problems);

        let decorators = decorators(modules);
        let mut resolution = resolve::all(modules, &slots, &decorators, &mut problems);
        let mut edges = resolution.edges;
        edges.extend(first_edges(modules));
        // Wishes come last, each only if it does not close a cycle: it must never block a start.
        let mut before = None;
        for wish in resolution.wishes {
            let before = before.get_or_insert_with(|| cycle::Before::new(modules.len(), &edges));
            let mut links = wish.links.iter();
            match links.find(|link| before.reaches(link.to, link.from)) {
                Some(link) => {
                    resolution.warnings.push(format!(
                        "`{}` wants `{}`, but its provider `{}` starts later; it goes without",
                        modules[link.from].name(),
                        link.service_text(),
                        modules[link.to].name(),
                    ));
                    resolution.bindings[link.from][wish.need] = None;
                }
                None => {
                    wish.links.iter().for_each(|link| before.add(link));
                    edges.extend(wish.links);
                }
            }
        }
        edges.sort_by(resolve::Link::compare);

        let levels = cycle::levels(modules.len(), &edges);
        for chain in cycle::find(modules, &edges, &levels) {
            problems.push(Problem::Cycle { chain });
        }
        if !problems.is_empty() {
            problems.sort_by_cached_key(|problem| (problem.rank(), problem.to_string()));
            let graph = Graph::new(modules, &edges, &levels, &problems);
            return Err(WiringErrors { problems, graph });
        }

        let mut warnings = resolution.warnings;
        warnings.sort();
        Ok(Self {
            slots,
            bindings: resolution.bindings,
            decorators,
            levels,
            edges,
            graph: OnceLock::new(),
            warnings,
        })
    }

    /// The modules in the order of their start.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> {
        self.levels.iter().flatten().copied()
    }

    /// The slot that serves a need of the module: `None` when it declared no such need, `Some(None)`
    /// when nobody serves it.
    pub(crate) fn binding(
        &self,
        modules: &[Declared],
        module: usize,
        service: ServiceType,
        name: Option<&str>,
    ) -> Option<Option<usize>> {
        let needs = modules[module].declaration.needs.iter();
        let asked = needs.zip(&self.bindings[module]).filter(|(need, _)| {
            need.service == service
                && need.name.as_deref() == name
                && need.kind != NeedKind::Collects
        });
        asked.map(|(_, slot)| *slot).max()
    }

    /// The slots that serve a module.
    pub(crate) fn bound(&self, module: usize) -> impl Iterator<Item = usize> {
        self.bindings[module].iter().flatten().copied()
    }

    /// The modules that decorate a type, from the inside out.
    pub(crate) fn decorators(&self, service: ServiceType) -> &[usize] {
        let mut all = self.decorators.iter();
        all.find(|(decorated, _)| *decorated == service)
            .map_or(&[], |(_, modules)| modules)
    }

    /// The modules and what ties them.
    pub(crate) fn graph(&self, modules: &[Declared]) -> &Graph {
        self.graph
            .get_or_init(|| Graph::new(modules, &self.edges, &self.levels, &[]))
    }

    /// What is provided or contributed and nobody takes, or decorated and not there.
    pub(crate) fn unused(&self, modules: &[Declared]) -> Vec<String> {
        let mut unused = Vec::new();
        let used: HashSet<usize> = self.bindings.iter().flatten().flatten().copied().collect();
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.owner.is_some() && !slot.extra && !used.contains(&index) {
                unused.push(format!(
                    "nobody takes the `{}` that `{}` provides",
                    slot.describe(),
                    slot.owner_name(modules),
                ));
            }
        }
        let needs = modules.iter().flat_map(|module| &module.declaration.needs);
        let collected: HashSet<ServiceType> = needs
            .filter(|need| need.kind == NeedKind::Collects)
            .map(|need| need.service)
            // These the application collects itself.
            .chain([ServiceType::of::<dyn Observer>()])
            .collect();
        let mut contributed = HashSet::new();
        for module in modules {
            for service in &module.declaration.contributes {
                contributed.insert(*service);
                if !collected.contains(service) {
                    unused.push(format!(
                        "nobody collects the `{service}` that `{}` contributes",
                        module.name()
                    ));
                }
            }
        }
        for (service, decorators) in &self.decorators {
            if self.slots.of_type(*service).is_empty() && !contributed.contains(service) {
                for decorator in decorators {
                    unused.push(format!(
                        "nobody provides the `{service}` that `{}` decorates",
                        modules[*decorator].name()
                    ));
                }
            }
        }
        unused.sort();
        unused
    }
}

impl Declared {
    pub(crate) fn name(&self) -> &str {
        &self.declaration.name
    }
}

/// A service with its name: `dyn Store` or `dyn Store named orders`.
pub(crate) fn describe(service: ServiceType, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{service} named {name}"),
        None => service.to_string(),
    }
}

/// Those of lower priority first, and of one priority those registered earlier.
fn decorators(modules: &[Declared]) -> Vec<(ServiceType, Vec<usize>)> {
    let mut all: Vec<(ServiceType, i32, usize, usize)> = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        let decorations = module.declaration.decorates.iter();
        all.extend(decorations.map(|it| (it.service, it.priority, module.place, index)));
    }
    all.sort_unstable();
    let mut decorators: Vec<(ServiceType, Vec<usize>)> = Vec::new();
    for (service, .., index) in all {
        match decorators.last_mut() {
            Some((last, modules)) if *last == service => {
                if !modules.contains(&index) {
                    modules.push(index);
                }
            }
            _ => decorators.push((service, vec![index])),
        }
    }
    decorators
}

/// Every module that does not start first comes after every module that does.
fn first_edges(modules: &[Declared]) -> Vec<resolve::Link> {
    let indexes = |first: bool| {
        (0..modules.len()).filter(move |index| modules[*index].declaration.starts_first == first)
    };
    indexes(true)
        .flat_map(|to| {
            indexes(false).map(move |from| resolve::Link {
                from,
                to,
                kind: EdgeKind::StartsAfter,
                service: None,
                name: None,
            })
        })
        .collect()
}
