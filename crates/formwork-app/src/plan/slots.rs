//! The places for the services that somebody promised, and who could serve a need.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::{Declared, Problem, describe};
use crate::Scope;
use crate::declaration::{Provision, ServiceType};

/// A place for a service that somebody promised.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) service: ServiceType,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) scope: Scope,
    /// What there is one of for each tenant.
    pub(crate) tenant: Option<ServiceType>,
    pub(crate) priority: i32,
    /// Whether it is fine that nobody takes it.
    pub(crate) extra: bool,
    /// The module that promised it; `None` for the application itself.
    pub(crate) owner: Option<usize>,
}

/// All places: those of the application itself, then those of the modules in their order.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    /// For each module, its first slot; the others follow in the order it declares them.
    first: Vec<usize>,
    /// By type, name, and what is preferred.
    sorted: Vec<usize>,
}

/// Who is to serve a need.
pub(crate) enum Choice {
    One {
        slot: usize,
        /// Whether only the order of the modules' names decided.
        arbitrary: bool,
    },
    Several(Vec<usize>),
    None,
}

impl Slots {
    pub(crate) fn of(modules: &[Declared], own: &[Provision]) -> Self {
        let provided = modules.iter().map(|it| it.declaration.provides.len());
        let mut slots = Vec::with_capacity(own.len() + provided.sum::<usize>());
        slots.extend(own.iter().map(|provision| Slot::new(None, provision)));
        let mut first = Vec::with_capacity(modules.len());
        for (index, module) in modules.iter().enumerate() {
            first.push(slots.len());
            let provisions = module.declaration.provides.iter();
            slots.extend(provisions.map(|provision| Slot::new(Some(index), provision)));
        }
        let types = slots.iter().map(|slot: &Slot| slot.service.id());
        let mut by_type: Vec<_> = types.zip(0..).collect();
        by_type.sort_unstable();
        let mut sorted: Vec<usize> = by_type.into_iter().map(|(_, index)| index).collect();
        let same_type = |a: &usize, b: &usize| slots[*a].service == slots[*b].service;
        for of_type in sorted.chunk_by_mut(same_type) {
            // Mostly in order already, as modules are in the order of their names.
            of_type.sort_unstable_by_key(|index| {
                let slot = &slots[*index];
                (slot.name.as_deref(), Reverse(slot.priority), *index)
            });
        }
        Self {
            slots,
            first,
            sorted,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slots a module has to fill, in the order it declares them.
    pub(crate) fn owned(&self, module: usize, declared: &Declared) -> std::ops::Range<usize> {
        let first = self.first[module];
        first..first + declared.declaration.provides.len()
    }

    /// Those of a type, by name and what is preferred.
    pub(crate) fn of_type(&self, service: ServiceType) -> &[usize] {
        let id = service.id();
        let from = self
            .sorted
            .partition_point(|it| self.slots[*it].service.id() < id);
        let rest = &self.sorted[from..];
        &rest[..rest.partition_point(|it| self.slots[*it].service.id() == id)]
    }

    /// Those of a name, what is preferred first.
    fn exact<'a>(&self, of_type: &'a [usize], name: Option<&str>) -> &'a [usize] {
        let from = of_type.partition_point(|it| self.slots[*it].name.as_deref() < name);
        let rest = &of_type[from..];
        &rest[..rest.partition_point(|it| self.slots[*it].name.as_deref() == name)]
    }

    /// Of several candidates the exact name wins, then the priority, then the earlier
    /// registration, which goes by the modules' names; a module never serves itself, so that it can
    /// wrap what it also provides.
    pub(crate) fn choose(
        &self,
        service: ServiceType,
        name: Option<&str>,
        asking: Option<usize>,
    ) -> Choice {
        self.choose_among(self.of_type(service), name, asking)
    }

    fn choose_among(&self, of_type: &[usize], name: Option<&str>, asking: Option<usize>) -> Choice {
        let other = |slot: &&usize| asking.is_none() || self.slots[**slot].owner != asking;
        // What has the name too was refused as a duplicate, unless its priority is lower.
        if let Some(&slot) = self.exact(of_type, name).iter().find(other) {
            let arbitrary = false;
            return Choice::One { slot, arbitrary };
        }
        if name.is_some() {
            return Choice::None;
        }
        let of_type = || of_type.iter().filter(other).copied();
        let Some(priority) = of_type().map(|slot| self.slots[slot].priority).max() else {
            return Choice::None;
        };
        let mut best: Vec<usize> = of_type()
            .filter(|slot| self.slots[*slot].priority == priority)
            .collect();
        best.sort_unstable();
        match best.as_slice() {
            // Slots of one owner are next to each other.
            [first, second, ..] if self.slots[*first].owner == self.slots[*second].owner => {
                Choice::Several(best)
            }
            [first, rest @ ..] => Choice::One {
                slot: *first,
                arbitrary: !rest.is_empty(),
            },
            [] => Choice::None,
        }
    }

    /// What look-ups from outside any module find: each slot that serves its own name, and again
    /// with `None` where it serves those that give no name.
    pub(crate) fn outside(&self) -> Vec<(usize, Option<&Cow<'static, str>>)> {
        let mut found = Vec::with_capacity(self.slots.len());
        let ids = |a: &usize, b: &usize| self.slots[*a].service == self.slots[*b].service;
        for of_type in self.sorted.chunk_by(ids) {
            let names = |a: &usize, b: &usize| self.slots[*a].name == self.slots[*b].name;
            for same in of_type.chunk_by(names) {
                let name = self.slots[same[0]].name.as_ref();
                found.extend(name.map(|name| (same[0], Some(name))));
            }
            if let Choice::One { slot, .. } = self.choose_among(of_type, None, None) {
                found.push((slot, None));
            }
        }
        found
    }

    /// The same service, the same name, the same priority: only an explicit priority overrides.
    pub(crate) fn duplicates(&self, modules: &[Declared], problems: &mut Vec<Problem>) {
        let same = |a: &usize, b: &usize| {
            let (a, b) = (&self.slots[*a], &self.slots[*b]);
            a.service == b.service && a.priority == b.priority && a.name == b.name
        };
        for slots in self.sorted.chunk_by(same).filter(|slots| slots.len() > 1) {
            let owners = slots
                .iter()
                .map(|slot| self.slots[*slot].owner_name(modules));
            let mut owners: Vec<String> = owners.map(str::to_owned).collect();
            owners.sort();
            // Modules of one name are a problem already; a module that says it twice is not.
            let owner = |slot: &usize| self.slots[*slot].owner;
            let one_module = slots.iter().all(|slot| owner(slot) == owner(&slots[0]));
            if !one_module && owners.iter().all(|name| *name == owners[0]) {
                continue;
            }
            problems.push(Problem::DuplicateService {
                service: self.slots[slots[0]].describe(),
                owners,
            });
        }
    }
}

impl std::ops::Index<usize> for Slots {
    type Output = Slot;

    fn index(&self, slot: usize) -> &Slot {
        &self.slots[slot]
    }
}

impl Slot {
    fn new(owner: Option<usize>, provision: &Provision) -> Self {
        Self {
            service: provision.service,
            name: provision.name.clone(),
            scope: provision.scope,
            tenant: provision.tenant,
            priority: provision.priority,
            extra: provision.extra,
            owner,
        }
    }

    /// The service with its name.
    pub(crate) fn describe(&self) -> String {
        describe(self.service, self.name.as_deref())
    }

    pub(crate) fn owner_name<'a>(&self, modules: &'a [Declared]) -> &'a str {
        self.owner
            .map_or("the application", |index| modules[index].name())
    }
}
