//! A provider for every need.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::slots::{Choice, Slots};
use super::{Declared, EdgeKind, Problem, describe};
use crate::declaration::{Need, NeedKind, ServiceType};

/// `from` comes after `to`.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
    pub(crate) service: Option<ServiceType>,
    pub(crate) name: Option<Cow<'static, str>>,
}

impl Link {
    pub(crate) fn service_text(&self) -> String {
        self.service
            .map(|service| describe(service, self.name.as_deref()))
            .unwrap_or_default()
    }

    /// By the modules' names, then by what ties them.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let place = |link: &Self| (link.from, link.to, link.kind);
        place(self)
            .cmp(&place(other))
            .then_with(|| (self.service, &self.name).cmp(&(other.service, &other.name)))
    }
}

pub(crate) struct Resolution {
    /// For each module and each of its needs, the slot that serves it.
    pub(crate) bindings: Vec<Vec<Option<usize>>>,
    pub(crate) edges: Vec<Link>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) warnings: Vec<String>,
}

/// A need one can do without, and the order it asks for.
pub(crate) struct Wish {
    /// Which of the module's needs it is.
    pub(crate) need: usize,
    pub(crate) links: Vec<Link>,
}

pub(crate) fn all(
    modules: &[Declared],
    slots: &Slots,
    decorators: &[(ServiceType, Vec<usize>)],
    problems: &mut Vec<Problem>,
) -> Resolution {
    let mut resolution = Resolution {
        bindings: Vec::with_capacity(modules.len()),
        edges: Vec::new(),
        wishes: Vec::new(),
        warnings: Vec::new(),
    };
    let mut missing = Vec::new();
    for (from, module) in modules.iter().enumerate() {
        let needs = &module.declaration.needs;
        resolution.bindings.push(vec![None; needs.len()]);
        for (index, need) in needs.iter().enumerate() {
            if need.kind == NeedKind::Collects {
                collect(modules, decorators, from, need, &mut resolution.edges);
                continue;
            }
            let name = need.name.as_deref();
            match slots.choose(need.service, name, Some(from)) {
                Choice::One { slot, arbitrary } => {
                    if arbitrary {
                        resolution.warnings.push(format!(
                            "`{}` needs `{}`, which several provide under names; it gets that of `{}`, the first by name: give a name or a priority",
                            module.name(),
                            need.service,
                            slots[slot].owner_name(modules),
                        ));
                    }
                    resolution.bindings[from][index] = Some(slot);
                    let links = links(slots, decorators, from, need, slot);
                    match need.kind {
                        NeedKind::Wants => resolution.wishes.push(Wish {
                            need: index,
                            links: links.collect(),
                        }),
                        _ => resolution.edges.extend(links),
                    }
                }
                Choice::Several(candidates) => problems.push(Problem::Ambiguous {
                    module: module.name().to_owned(),
                    service: describe(need.service, name),
                    candidates: candidates
                        .into_iter()
                        .map(|slot| {
                            let slot = &slots[slot];
                            format!("`{}` of `{}`", slot.describe(), slot.owner_name(modules))
                        })
                        .collect(),
                }),
                Choice::None if need.kind == NeedKind::Needs => missing.push((from, need)),
                Choice::None => {}
            }
        }
    }
    decorate(modules, slots, decorators, &mut resolution.edges);
    for (from, need) in missing {
        problems.push(Problem::Missing {
            module: modules[from].name().to_owned(),
            service: describe(need.service, need.name.as_deref()),
            needed_by: needed_by(modules, &resolution.edges, from),
            near: near(modules, slots, need),
        });
    }
    resolution
}

/// What a need is served through: its provider and those that decorate the service.
fn links<'a>(
    slots: &Slots,
    decorators: &'a [(ServiceType, Vec<usize>)],
    from: usize,
    need: &'a Need,
    slot: usize,
) -> impl Iterator<Item = Link> + use<'a> {
    let owner = slots[slot].owner;
    let link = move |to, kind| Link {
        from,
        to,
        kind,
        service: Some(need.service),
        name: need.name.clone(),
    };
    let kind = match need.kind {
        NeedKind::Wants => EdgeKind::Wants,
        _ => EdgeKind::Needs,
    };
    let through = of_service(decorators, need.service);
    let through = through.filter(move |to| *to != from && Some(*to) != owner);
    owner
        .map(|to| (to, kind))
        .into_iter()
        .chain(through.map(|to| (to, EdgeKind::Through)))
        .map(move |(to, kind)| link(to, kind))
}

fn of_service(
    decorators: &[(ServiceType, Vec<usize>)],
    service: ServiceType,
) -> impl Iterator<Item = usize> {
    let mut all = decorators.iter();
    let found = all.find(|(decorated, _)| *decorated == service);
    found.into_iter().flat_map(|(_, modules)| modules).copied()
}

/// Decorators come after whoever provides or contributes what they wrap.
fn decorate(
    modules: &[Declared],
    slots: &Slots,
    decorators: &[(ServiceType, Vec<usize>)],
    edges: &mut Vec<Link>,
) {
    for (service, decorating) in decorators {
        let mut owners: Vec<usize> = slots
            .of_type(*service)
            .iter()
            .filter_map(|slot| slots[*slot].owner)
            .chain(contributors(modules, *service))
            .collect();
        owners.sort_unstable();
        owners.dedup();
        for &from in decorating {
            let others = owners.iter().filter(|owner| **owner != from);
            edges.extend(others.map(|to| Link {
                from,
                to: *to,
                kind: EdgeKind::Decorates,
                service: Some(*service),
                name: None,
            }));
        }
    }
}

fn contributors(modules: &[Declared], service: ServiceType) -> impl Iterator<Item = usize> {
    let modules = modules.iter().enumerate();
    modules
        .filter(move |(_, module)| module.declaration.contributes.contains(&service))
        .map(|(index, _)| index)
}

fn collect(
    modules: &[Declared],
    decorators: &[(ServiceType, Vec<usize>)],
    from: usize,
    need: &Need,
    edges: &mut Vec<Link>,
) {
    let link = |to, kind| Link {
        from,
        to,
        kind,
        service: Some(need.service),
        name: None,
    };
    let contributors = contributors(modules, need.service).filter(|to| *to != from);
    edges.extend(contributors.map(|to| link(to, EdgeKind::Collects)));
    let through = of_service(decorators, need.service).filter(|to| *to != from);
    edges.extend(through.map(|to| link(to, EdgeKind::Through)));
}

/// Who needs the module, who needs that, and so on: one way up, the first by name at each step.
fn needed_by(modules: &[Declared], edges: &[Link], module: usize) -> Vec<String> {
    let mut way = vec![module];
    let mut names = Vec::new();
    while let Some(&below) = way.last() {
        let above = edges
            .iter()
            .filter(|edge| edge.to == below && !way.contains(&edge.from))
            .map(|edge| edge.from)
            .min_by_key(|index| modules[*index].name());
        let Some(above) = above else { break };
        names.push(modules[above].name().to_owned());
        way.push(above);
    }
    names
}

/// What is provided and looks like what is needed.
fn near(modules: &[Declared], slots: &Slots, need: &Need) -> Vec<String> {
    let plain = |service: ServiceType| {
        let text = service.to_string();
        text.trim_start_matches("dyn ").to_lowercase()
    };
    let wanted = plain(need.service);
    let mut near: Vec<(usize, String)> = slots
        .iter()
        .filter_map(|slot| {
            let offered = plain(slot.service);
            let distance = if slot.tenant == Some(need.service) {
                0
            } else {
                strsim::damerau_levenshtein(&wanted, &offered)
            };
            let close = distance <= wanted.len().max(offered.len()) / 3;
            close.then(|| {
                // Two types of one name are told apart by their paths.
                let same_text = slot.service.to_string() == need.service.to_string();
                let service = if same_text && slot.service != need.service {
                    slot.service.full_name().to_owned()
                } else {
                    slot.describe()
                };
                let owner = slot.owner_name(modules);
                (distance, format!("`{service}` of `{owner}`"))
            })
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(3).map(|(_, text)| text).collect()
}
