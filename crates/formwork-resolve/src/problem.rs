//! The encoding: a catalog as clauses that know their rule, once for all requests.

use std::collections::BTreeMap;

use formwork_catalog::{
    Capability, Catalog, Condition, Conflict, Feature, Joint, Need, Site, Target, Tier, When,
    matches,
};
use semver::VersionReq;

use crate::engine::{Formula, Lit, Occurrences, Origin};

/// A rule of the catalog.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule<'a> {
    Need {
        feature: &'a Feature,
        need: &'a Need,
    },
    Tier {
        tier: Tier,
        need: &'a Need,
        reason: Option<&'a String>,
    },
    Demand(&'a Capability),
    Exclusive(&'a Capability),
    Conflict {
        feature: &'a Feature,
        conflict: &'a Conflict,
    },
}

impl<'a> Rule<'a> {
    pub(crate) fn site(&self) -> &'a Site {
        match self {
            Self::Need { need, .. } | Self::Tier { need, .. } => &need.site,
            Self::Demand(capability) | Self::Exclusive(capability) => &capability.site,
            Self::Conflict { conflict, .. } => &conflict.site,
        }
    }
}

/// A feature.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) id: &'a str,
    /// Some version of it is in the plan.
    pub(crate) literal: Lit,
    /// Newest first, releases before pre-releases.
    pub(crate) versions: Vec<(&'a Feature, Lit)>,
    /// By place in `versions`, from the second on: that version or one behind it is in the plan.
    pub(crate) behind: Vec<Lit>,
    /// Some versions, one literal for each set.
    sets: Vec<(Vec<bool>, Lit)>,
    /// Every variable that is about this feature alone.
    pub(crate) variables: Vec<Lit>,
    /// The clauses by which it brings others.
    pub(crate) brings: Vec<usize>,
    /// Its recommendations, as places in the list of all.
    pub(crate) weak: Vec<usize>,
}

/// A capability.
#[derive(Debug)]
pub(crate) struct Role<'a> {
    pub(crate) capability: &'a Capability,
    /// The slots of its providers, by id.
    pub(crate) providers: Vec<usize>,
    /// The clauses that ask for it by name.
    pub(crate) asked: Vec<usize>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Slot(usize),
    Role(usize),
}

/// A condition on an answer: an option of a version has a value.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) literal: Lit,
    pub(crate) feature: &'a Feature,
    pub(crate) option: &'a str,
    pub(crate) value: &'a str,
}

/// A recommendation: where all conditions hold, the feature should be in, in a fitting version.
#[derive(Debug)]
pub(crate) struct Soft {
    pub(crate) slot: usize,
    pub(crate) conditions: Vec<Lit>,
    pub(crate) fitting: Option<Lit>,
}

/// A supplement: a version that should be in where all of the others are.
#[derive(Debug)]
pub(crate) struct Tie<'a> {
    pub(crate) joint: &'a Joint,
    pub(crate) slot: usize,
    pub(crate) literal: Lit,
    pub(crate) conditions: Vec<Lit>,
}

/// The slot of a clause that holds whatever is reached.
const EVERYWHERE: usize = usize::MAX;

#[derive(Debug)]
pub(crate) struct Problem<'a> {
    pub(crate) catalog: &'a Catalog,
    /// By id.
    pub(crate) slots: Vec<Slot<'a>>,
    pub(crate) roles: Vec<Role<'a>>,
    pub(crate) rules: Vec<Rule<'a>>,
    pub(crate) formula: Formula,
    pub(crate) occurrences: Occurrences,
    pub(crate) softs: Vec<Soft>,
    pub(crate) ties: Vec<Tie<'a>>,
    pub(crate) answers: Vec<Answer<'a>>,
    /// By tier above the lowest, where a rule asks for it.
    tiers: [Option<Lit>; Tier::ALL.len()],
    /// By clause: the slot without which it says nothing.
    owners: Vec<usize>,
    /// By variable: the slot it is about.
    about: Vec<usize>,
    /// By name, with the start of the name as a number.
    names: Vec<(u64, &'a str, Name)>,
    /// A literal for "one of these".
    unions: BTreeMap<Vec<Lit>, Lit>,
    /// Which versions of a slot are in a set, while that is worked out.
    members: Vec<bool>,
}

impl<'a> Problem<'a> {
    /// Encodes a catalog.
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        let mut problem = Self {
            catalog,
            slots: Vec::new(),
            roles: Vec::new(),
            rules: Vec::new(),
            formula: Formula::default(),
            occurrences: Occurrences::default(),
            softs: Vec::new(),
            ties: Vec::new(),
            answers: Vec::new(),
            tiers: [None; Tier::ALL.len()],
            owners: Vec::new(),
            about: Vec::new(),
            names: Vec::new(),
            unions: BTreeMap::new(),
            members: Vec::new(),
        };
        for versions in catalog.features().chunk_by(|one, other| one.id == other.id) {
            problem.add_slot(versions);
        }
        for capability in catalog.capabilities() {
            let name = Name::Role(problem.roles.len());
            problem
                .names
                .push((start(&capability.id), &capability.id, name));
            problem.roles.push(Role {
                capability,
                providers: Vec::new(),
                asked: Vec::new(),
            });
        }
        problem
            .names
            .sort_unstable_by_key(|(start, name, _)| (*start, *name));
        for slot in 0..problem.slots.len() {
            for version in 0..problem.slots[slot].versions.len() {
                for provide in &problem.slots[slot].versions[version].0.provides {
                    if let Some(Name::Role(role)) = problem.name(&provide.capability) {
                        let providers = &mut problem.roles[role].providers;
                        if providers.last() != Some(&slot) {
                            providers.push(slot);
                        }
                    }
                }
            }
        }
        for slot in 0..problem.slots.len() {
            for version in 0..problem.slots[slot].versions.len() {
                problem.add_feature(slot, version);
            }
        }
        for role in 0..problem.roles.len() {
            problem.add_role(role);
        }
        problem.occurrences = Occurrences::new(&problem.formula);
        problem
    }

    pub(crate) fn name(&self, id: &str) -> Option<Name> {
        let wanted = start(id);
        let found = self
            .names
            .binary_search_by(|(start, name, _)| start.cmp(&wanted).then_with(|| (*name).cmp(id)));
        found.ok().map(|index| self.names[index].2)
    }

    /// The index of a feature.
    pub(crate) fn slot(&self, id: &str) -> Option<usize> {
        match self.name(id)? {
            Name::Slot(slot) => Some(slot),
            Name::Role(_) => None,
        }
    }

    /// The slots a name means: of the feature itself, or of the providers of the capability.
    pub(crate) fn meant(&self, id: &str) -> Vec<usize> {
        match self.name(id) {
            Some(Name::Slot(slot)) => vec![slot],
            Some(Name::Role(role)) => self.roles[role].providers.clone(),
            None => Vec::new(),
        }
    }

    /// The slot a literal is about: its own, that of a version, or that of some versions.
    pub(crate) fn about(&self, literal: Lit) -> Option<usize> {
        let slot = self.about.get(literal.variable()).copied();
        slot.filter(|slot| *slot != EVERYWHERE)
    }

    /// The literal of a tier some rule asks for; the lowest holds anyway.
    pub(crate) fn tier(&self, tier: Tier) -> Option<Lit> {
        self.tiers[tier as usize]
    }

    /// Whether a clause says anything when only some slots are reached.
    pub(crate) fn concerns(&self, clause: usize, reached: &[bool]) -> bool {
        let owner = self.owners[clause];
        owner == EVERYWHERE || reached[owner]
    }

    fn fresh(&mut self, about: usize) -> Lit {
        let literal = self.formula.fresh();
        self.about.push(about);
        if about != EVERYWHERE {
            self.slots[about].variables.push(literal);
        }
        literal
    }

    fn add(&mut self, owner: usize, origin: Origin, clause: &[Lit]) {
        self.formula.add(origin, clause);
        self.owners.push(owner);
    }

    fn add_slot(&mut self, features: &'a [Feature]) {
        let index = self.slots.len();
        let id = features[0].id.as_str();
        self.names.push((start(id), id, Name::Slot(index)));
        self.slots.push(Slot {
            id,
            literal: Lit::positive(0),
            versions: Vec::with_capacity(features.len()),
            behind: Vec::new(),
            sets: Vec::new(),
            variables: Vec::new(),
            brings: Vec::new(),
            weak: Vec::new(),
        });
        let literal = self.fresh(index);
        self.slots[index].literal = literal;
        if let [only] = features {
            self.slots[index].versions.push((only, literal));
            return;
        }
        let mut features: Vec<_> = features.iter().collect();
        features.sort_by_key(|feature| !feature.version.pre.is_empty());
        // A chain "this version or one behind it": a version is where it breaks off.
        let mut here = literal;
        let mut rest = features.as_slice();
        while let [feature, further @ ..] = rest {
            rest = further;
            if further.is_empty() {
                self.slots[index].versions.push((feature, here));
                break;
            }
            let behind = self.fresh(index);
            let version = self.fresh(index);
            self.slots[index].behind.push(behind);
            self.slots[index].versions.push((feature, version));
            self.add(index, Origin::Nature, &[!version, here]);
            self.add(index, Origin::Nature, &[!version, !behind]);
            self.add(index, Origin::Nature, &[!behind, here]);
            self.add(index, Origin::Nature, &[!here, version, behind]);
            here = behind;
        }
    }

    /// A literal for the versions of one slot that satisfy a test; nothing when none does.
    fn set(&mut self, slot: usize, accepts: impl Fn(&Feature) -> bool) -> Option<Lit> {
        let Slot {
            literal,
            versions,
            behind,
            sets,
            ..
        } = &self.slots[slot];
        if let [(only, literal)] = versions.as_slice() {
            return accepts(only).then_some(*literal);
        }
        let members = &mut self.members;
        members.clear();
        members.extend(versions.iter().map(|(it, _)| accepts(it)));
        let first = members.iter().position(|member| *member)?;
        let last = members.iter().rposition(|member| *member)?;
        if first == last {
            return Some(versions[first].1);
        }
        if members[first..].iter().all(|member| *member) {
            return Some(match first.checked_sub(1) {
                None => *literal,
                Some(before) => behind[before],
            });
        }
        if let Some((_, known)) = sets.iter().find(|(set, _)| set == members) {
            return Some(*known);
        }
        let literal = *literal;
        let members = members.clone();
        let set = self.fresh(slot);
        self.add(slot, Origin::Nature, &[!set, literal]);
        for (index, member) in members.iter().enumerate() {
            let version = self.slots[slot].versions[index].1;
            let clause = if *member {
                [!version, set]
            } else {
                [!version, !set]
            };
            self.add(slot, Origin::Nature, &clause);
        }
        self.slots[slot].sets.push((members, set));
        Some(set)
    }

    /// The versions of a feature in a range.
    fn ranged(&mut self, slot: usize, range: &VersionReq) -> Option<Lit> {
        if *range == VersionReq::STAR {
            return Some(self.slots[slot].literal);
        }
        self.set(slot, |feature| matches(range, &feature.version))
    }

    /// The versions of a feature that provide a capability in a range.
    fn providing(&mut self, slot: usize, id: &str, range: &VersionReq) -> Option<Lit> {
        self.set(slot, |feature| {
            let provide = feature.provides(id);
            provide.is_some_and(|provide| matches(range, &provide.version))
        })
    }

    /// Appends the literals of which one holds exactly when what a name in a range means is in the
    /// plan, each once, except that of a slot that does not count.
    fn meaning(
        &mut self,
        name: Option<Name>,
        range: &VersionReq,
        except: Option<usize>,
        into: &mut Vec<Lit>,
    ) {
        let mut push = |literal: Option<Lit>| {
            if let Some(literal) = literal
                && !into.contains(&literal)
            {
                into.push(literal);
            }
        };
        match name {
            Some(Name::Slot(slot)) if Some(slot) != except => push(self.ranged(slot, range)),
            Some(Name::Role(role)) => {
                let id = self.roles[role].capability.id.as_str();
                for index in 0..self.roles[role].providers.len() {
                    let slot = self.roles[role].providers[index];
                    if Some(slot) != except {
                        push(self.providing(slot, id, range));
                    }
                }
            }
            Some(Name::Slot(_)) | None => {}
        }
    }

    /// The same for a range no rule need have named: where no literal stands for some versions of
    /// a slot, each version by itself.
    pub(crate) fn versions_in(&self, id: &str, range: &VersionReq) -> Vec<Lit> {
        let mut literals = Vec::new();
        for slot in self.meant(id) {
            let slot = &self.slots[slot];
            let fits = |feature: &Feature| {
                if slot.id == id {
                    matches(range, &feature.version)
                } else {
                    let provide = feature.provides(id);
                    provide.is_some_and(|provide| matches(range, &provide.version))
                }
            };
            if slot.versions.iter().all(|(feature, _)| fits(feature)) {
                literals.push(slot.literal);
            } else {
                let fitting = slot.versions.iter().filter(|(feature, _)| fits(feature));
                literals.extend(fitting.map(|(_, literal)| *literal));
            }
        }
        literals
    }

    /// One literal that is true exactly when the target is in the plan; nothing when it cannot be.
    fn presence(&mut self, target: &Target) -> Option<Lit> {
        let mut literals = Vec::new();
        self.meaning(self.name(&target.id), &target.range, None, &mut literals);
        if let [] | [_] = literals.as_slice() {
            return literals.first().copied();
        }
        if let Some(known) = self.unions.get(&literals) {
            return Some(*known);
        }
        let union = self.fresh(EVERYWHERE);
        for literal in &literals {
            self.add(EVERYWHERE, Origin::Nature, &[!*literal, union]);
        }
        let mut clause = vec![!union];
        clause.extend(&literals);
        self.add(EVERYWHERE, Origin::Nature, &clause);
        self.unions.insert(literals, union);
        Some(union)
    }

    /// The literals that must all hold for a rule to apply; nothing when it never does.
    fn conditions(&mut self, owner: &'a Feature, when: &'a When) -> Option<Vec<Lit>> {
        let mut literals = Vec::with_capacity(when.all.len());
        for condition in &when.all {
            match condition {
                Condition::Feature(target) | Condition::Capability(target) => {
                    literals.push(self.presence(target)?);
                }
                Condition::Tier(tier) => literals.extend(self.add_tier(*tier)),
                Condition::Answer { option, value, .. } => {
                    literals.push(self.add_answer(owner, option, value));
                }
            }
        }
        Some(literals)
    }

    fn add_tier(&mut self, tier: Tier) -> Option<Lit> {
        if tier == Tier::Basic {
            return None;
        }
        if self.tiers[tier as usize].is_none() {
            self.tiers[tier as usize] = Some(self.fresh(EVERYWHERE));
        }
        self.tiers[tier as usize]
    }

    fn add_answer(&mut self, feature: &'a Feature, option: &'a str, value: &'a str) -> Lit {
        let known = self.answers.iter().rev().find(|known| {
            std::ptr::eq(known.feature, feature) && known.option == option && known.value == value
        });
        if let Some(known) = known {
            return known.literal;
        }
        let literal = self.fresh(EVERYWHERE);
        self.answers.push(Answer {
            literal,
            feature,
            option,
            value,
        });
        literal
    }

    fn rule(&mut self, rule: Rule<'a>) -> Origin {
        self.rules.push(rule);
        let number = u32::try_from(self.rules.len() - 1).expect("rules are counted so");
        Origin::Rule(number)
    }

    fn add_feature(&mut self, slot: usize, version: usize) {
        let (feature, literal) = self.slots[slot].versions[version];
        for need in &feature.requires {
            if let Some(conditions) = self.conditions(feature, &need.when) {
                let origin = self.rule(Rule::Need { feature, need });
                self.add_need(slot, origin, literal, &conditions, need);
            }
        }
        for rule in &feature.tiers {
            for need in &rule.requires {
                if let Some(mut conditions) = self.conditions(feature, &need.when) {
                    conditions.extend(self.add_tier(rule.tier));
                    let origin = self.rule(Rule::Tier {
                        tier: rule.tier,
                        need,
                        reason: rule.reason.as_ref(),
                    });
                    self.add_need(slot, origin, literal, &conditions, need);
                }
            }
        }
        for conflict in &feature.conflicts {
            self.add_conflict(slot, literal, feature, conflict);
        }
        for weak in &feature.recommends {
            if let Some(mut conditions) = self.conditions(feature, &weak.when)
                && let Some(other) = self.slot(&weak.feature.id)
            {
                conditions.push(literal);
                let fitting = self.ranged(other, &weak.feature.range);
                self.slots[slot].weak.push(self.softs.len());
                self.softs.push(Soft {
                    slot: other,
                    conditions,
                    fitting,
                });
            }
        }
        for joint in &feature.supplements {
            let targets = joint.when_all.iter();
            let conditions: Option<Vec<_>> = targets.map(|target| self.presence(target)).collect();
            if let Some(conditions) = conditions {
                self.ties.push(Tie {
                    joint,
                    slot,
                    literal,
                    conditions,
                });
            }
        }
    }

    fn add_need(
        &mut self,
        slot: usize,
        origin: Origin,
        owner: Lit,
        conditions: &[Lit],
        need: &Need,
    ) {
        let mut clause = Vec::with_capacity(conditions.len() + need.any.len() + 1);
        clause.push(!owner);
        clause.extend(conditions.iter().map(|condition| !*condition));
        let mut roles = Vec::new();
        for target in &need.any {
            let name = self.name(&target.id);
            if let Some(Name::Role(role)) = name {
                roles.push(role);
            }
            self.meaning(name, &target.range, None, &mut clause);
        }
        let index = self.formula.len();
        for role in roles {
            if self.roles[role].asked.last() != Some(&index) {
                self.roles[role].asked.push(index);
            }
        }
        self.slots[slot].brings.push(index);
        self.add(slot, origin, &clause);
    }

    fn add_conflict(
        &mut self,
        slot: usize,
        literal: Lit,
        feature: &'a Feature,
        conflict: &'a Conflict,
    ) {
        let Some(conditions) = self.conditions(feature, &conflict.when) else {
            return;
        };
        let with = conflict.with.as_str();
        let mut excluded = Vec::new();
        match self.name(with) {
            None => {
                for other in 0..self.slots.len() {
                    if other != slot {
                        excluded.extend(self.set(other, |other| other.kind.as_str() == with));
                    }
                }
            }
            name => self.meaning(name, &conflict.range, Some(slot), &mut excluded),
        }
        if excluded.is_empty() {
            return;
        }
        let origin = self.rule(Rule::Conflict { feature, conflict });
        for other in excluded {
            let mut clause = vec![!literal];
            clause.extend(conditions.iter().map(|condition| !*condition));
            clause.push(!other);
            self.add(slot, origin, &clause);
        }
    }

    fn add_role(&mut self, role: usize) {
        let capability = self.roles[role].capability;
        let mut providers = Vec::new();
        let name = Some(Name::Role(role));
        self.meaning(name, &VersionReq::STAR, None, &mut providers);
        if capability.cardinality.is_exclusive() && providers.len() > 1 {
            let origin = self.rule(Rule::Exclusive(capability));
            for (index, provider) in providers.iter().enumerate() {
                let owner = self.about(*provider).unwrap_or(EVERYWHERE);
                for other in &providers[..index] {
                    self.add(owner, origin, &[!*other, !*provider]);
                }
            }
        }
        if capability.cardinality.is_demanded()
            && let Some(declarer) = self.slot(&capability.feature)
        {
            let origin = self.rule(Rule::Demand(capability));
            let mut clause = vec![!self.slots[declarer].literal];
            clause.extend(providers);
            let index = self.formula.len();
            self.slots[declarer].brings.push(index);
            self.roles[role].asked.push(index);
            self.add(declarer, origin, &clause);
        }
    }
}

/// The first bytes of a name as a number that orders as they do.
fn start(name: &str) -> u64 {
    let mut bytes = [0; 8];
    let first = name.len().min(bytes.len());
    bytes[..first].copy_from_slice(&name.as_bytes()[..first]);
    u64::from_be_bytes(bytes)
}
