//! The one optimal plan: a lexicographic optimum, found with cores on one incremental search.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{Condition, Feature, Target};
use semver::VersionReq;

use crate::Reason;
use crate::ask::Ask;
use crate::engine::{Found, Lit, Search, Verdict, look};
use crate::evaluate::{Chosen, grounds};
use crate::problem::Problem;
use crate::request::Meaning;

/// How many conflicts one search may take before the best plan so far is given instead.
pub(crate) const CONFLICTS: u64 = 100_000;

/// A plan's features, why each is there, and whether nothing is better.
pub(crate) struct Optimum<'a> {
    pub(crate) chosen: Chosen<'a>,
    pub(crate) grounds: BTreeMap<&'a str, Reason>,
    pub(crate) optimal: bool,
}

/// The best plan for a request; nothing when there is none at all. A search is given up after so
/// many conflicts; the plan is then the best so far.
pub(crate) fn optimum<'a>(ask: &Ask<'_, 'a>, conflicts: u64) -> Option<Optimum<'a>> {
    // Most conflicts show without a search.
    let all: Vec<_> = (0..ask.request.meanings.len()).collect();
    if let Found::Impossible(_) = ask.clauses_with(&all, |clauses| look(clauses, &[])) {
        return None;
    }
    let reached = ask.reach(&[]);
    // Features that only supported each other, and may not again.
    let mut banned: Vec<BTreeSet<&'a str>> = Vec::new();
    loop {
        let mut search = ask.search(&reached, &[])?;
        for loose in &banned {
            forbid(ask, &mut search, loose);
        }
        let levels = levels(ask, &mut search, &reached);
        if search.solve(&[]) != Verdict::Satisfiable {
            return None;
        }
        search.limit(conflicts);
        let optimal = levels.into_iter().all(|level| search.minimise(level))
            && search.settle(names(ask.problem, &reached));
        let chosen = chosen(ask.problem, &reached, &search);
        // Only what is locked can ask for a feature that nothing else asks for.
        let grounds = grounds(ask.request, &chosen);
        let loose: BTreeSet<_> = chosen
            .keys()
            .copied()
            .filter(|id| !grounds.contains_key(id))
            .collect();
        if loose.is_empty() {
            return Some(Optimum {
                chosen,
                grounds,
                optimal,
            });
        }
        banned.push(loose);
    }
}

/// What decides last: earlier names in, then newer versions.
fn names(problem: &Problem<'_>, reached: &[bool]) -> Vec<Lit> {
    let slots = problem.slots.iter().zip(reached);
    let slots = slots.filter(|(_, reached)| **reached).map(|(slot, _)| slot);
    let names = slots.clone().map(|slot| slot.literal);
    let versions = slots.flat_map(|slot| &slot.versions);
    names.chain(versions.map(|(_, literal)| *literal)).collect()
}

fn chosen<'a>(problem: &Problem<'a>, reached: &[bool], search: &Search) -> Chosen<'a> {
    let slots = problem.slots.iter().zip(reached);
    let slots = slots.filter(|(slot, reached)| **reached && search.holds(slot.literal));
    let versions = slots.flat_map(|(slot, _)| &slot.versions);
    versions
        .filter(|(_, literal)| search.holds(*literal))
        .map(|(feature, _)| (feature.id.as_str(), *feature))
        .collect()
}

/// Soft literals, the most important level first. Within a level each counts the same.
fn levels(ask: &Ask<'_, '_>, search: &mut Search, reached: &[bool]) -> [Vec<Lit>; 6] {
    let problem = ask.problem;
    let mut locked = Vec::new();
    let mut unmoved = Vec::new();
    let mut fewest = Vec::new();
    let mut newest = Vec::new();
    for (index, slot) in problem.slots.iter().enumerate() {
        if !reached[index] {
            continue;
        }
        if let Some(version) = ask.request.wishes.locked.get(slot.id) {
            locked.push(slot.literal);
            let same = slot.versions.iter().find(|(it, _)| it.version == *version);
            unmoved.extend(same.map(|(_, literal)| *literal));
        }
        if !ask.wished[index] {
            fewest.push(!slot.literal);
        }
        newest.extend(slot.behind.iter().map(|behind| !*behind));
    }
    let defaults = defaults(ask, search, reached);
    let weak = weak(ask, search, reached);
    [locked, unmoved, defaults, weak, fewest, newest]
}

/// One literal for every capability that could be filled by its default where a plan asks for it
/// by name. Without that a provider is in for a reason of its own, and no default stands against it.
fn defaults(ask: &Ask<'_, '_>, search: &mut Search, reached: &[bool]) -> Vec<Lit> {
    let problem = ask.problem;
    let mut softs = Vec::new();
    for role in &problem.roles {
        let Some(default) = &role.capability.default else {
            continue;
        };
        let Some(default) = problem.slot(default).filter(|slot| reached[*slot]) else {
            continue;
        };
        let providers = || role.providers.iter().copied();
        let mut others = providers()
            .filter(|slot| *slot != default && reached[*slot])
            .peekable();
        if providers().any(|slot| ask.wished[slot]) || others.peek().is_none() {
            continue;
        }
        let id = role.capability.id.as_str();
        let mut meanings = ask.request.meanings.iter();
        let is_wished = meanings
            .any(|it| matches!(it, Meaning::Capability { id: wished, .. } if *wished == id));
        let asking = role
            .asked
            .iter()
            .filter(|it| problem.concerns(**it, reached));
        let mut asking = asking.peekable();
        if !is_wished && asking.peek().is_none() {
            continue;
        }
        let asked = search.fresh();
        if is_wished {
            search.add(&[asked]);
        }
        for clause in asking {
            let conditions = problem.formula.clause(*clause).iter();
            let mut clause: Vec<_> = conditions.copied().filter(|it| !it.is_positive()).collect();
            clause.push(asked);
            search.add(&clause);
        }
        let missed = search.fresh();
        let default = problem.slots[default].literal;
        for other in others {
            search.add(&[!problem.slots[other].literal, !asked, default, missed]);
        }
        softs.push(!missed);
    }
    softs
}

/// One literal for every feature the wished ones recommend.
fn weak(ask: &Ask<'_, '_>, search: &mut Search, reached: &[bool]) -> Vec<Lit> {
    let problem = ask.problem;
    // By slot: what must hold, what then should be in.
    let mut clauses: Vec<(usize, &[Lit], Option<Lit>)> = Vec::new();
    for slot in ask.request.named.iter().filter_map(|id| problem.slot(id)) {
        for soft in &problem.slots[slot].weak {
            let soft = &problem.softs[*soft];
            clauses.push((soft.slot, &soft.conditions, soft.fitting));
        }
    }
    for tie in problem.ties.iter().filter(|tie| reached[tie.slot]) {
        if tie
            .joint
            .when_all
            .iter()
            .any(|target| ask.wishes(&target.id))
        {
            clauses.push((tie.slot, &tie.conditions, Some(tie.literal)));
        }
    }
    let mut softs: BTreeMap<usize, Lit> = BTreeMap::new();
    for (slot, conditions, fitting) in clauses {
        if ask.request.refused.contains(problem.slots[slot].id) {
            continue;
        }
        let missed = *softs.entry(slot).or_insert_with(|| search.fresh());
        let mut clause: Vec<_> = conditions.iter().map(|it| !*it).collect();
        clause.extend(fitting);
        clause.push(missed);
        search.add(&clause);
    }
    softs.into_values().map(|missed| !missed).collect()
}

/// Features that only support each other are out, unless something else brings one of them.
fn forbid<'a>(ask: &Ask<'_, 'a>, search: &mut Search, loose: &BTreeSet<&'a str>) {
    let (problem, request) = (ask.problem, ask.request);
    let catalog = problem.catalog;
    let versions = || problem.slots.iter().flat_map(|slot| &slot.versions);
    // The loose versions that fill one of the targets.
    let filled = |targets: &[Target]| -> Vec<Lit> {
        let fits = |feature: &Feature| targets.iter().any(|it| catalog.accepts(it, feature));
        let loose = versions().filter(|(it, _)| loose.contains(it.id.as_str()));
        loose
            .filter(|(it, _)| fits(it))
            .map(|(_, literal)| *literal)
            .collect()
    };
    // The versions outside the loose ones that are what the target means.
    let outside = |target: &Target| -> Vec<Lit> {
        let others = versions().filter(|(it, _)| !loose.contains(it.id.as_str()));
        let fitting = others.filter(|(it, _)| catalog.accepts(target, it));
        fitting.map(|(_, literal)| *literal).collect()
    };
    let mut supports = Vec::new();
    for (feature, literal) in versions() {
        if loose.contains(feature.id.as_str()) {
            for joint in &feature.supplements {
                if joint.when_all.iter().any(|it| ask.wishes(&it.id)) {
                    let conditions = joint.when_all.iter().map(outside).collect();
                    supports.push(support(search, conditions, vec![*literal]));
                }
            }
            continue;
        }
        let tiers = feature.tiers.iter().filter(|it| it.tier <= request.tier);
        let tier_needs = tiers.flat_map(|rule| &rule.requires);
        let needs = feature.requires.iter().chain(tier_needs);
        let needs = needs.map(|need| (&need.when, need.any.as_slice()));
        let weak = feature
            .recommends
            .iter()
            .filter(|_| ask.wishes(&feature.id));
        let weak = weak.map(|weak| (&weak.when, std::slice::from_ref(&weak.feature)));
        for (when, targets) in needs.chain(weak) {
            let filled = filled(targets);
            let settled = |it| request.settled(feature, it) != Some(false);
            if !filled.is_empty() && when.all.iter().all(settled) {
                let mut conditions = vec![vec![*literal]];
                for condition in &when.all {
                    if let Condition::Feature(it) | Condition::Capability(it) = condition {
                        conditions.push(outside(it));
                    }
                }
                supports.push(support(search, conditions, filled));
            }
        }
    }
    for capability in catalog.capabilities() {
        if !loose.contains(capability.feature.as_str())
            && capability.cardinality.is_demanded()
            && let Some(declarer) = problem.slot(&capability.feature)
        {
            let target = Target {
                id: capability.id.clone(),
                range: VersionReq::STAR,
                position: capability.site.position,
            };
            let filled = filled(&[target]);
            if !filled.is_empty() {
                let declarer = problem.slots[declarer].literal;
                supports.push(support(search, vec![vec![declarer]], filled));
            }
        }
    }
    for member in loose.iter().filter_map(|id| problem.slot(id)) {
        let mut clause = vec![!problem.slots[member].literal];
        clause.extend(&supports);
        search.add(&clause);
    }
}

/// A literal that holds only if every condition does and something of what is filled is in.
fn support(search: &mut Search, conditions: Vec<Vec<Lit>>, filled: Vec<Lit>) -> Lit {
    let support = search.fresh();
    for mut clause in conditions.into_iter().chain([filled]) {
        clause.push(!support);
        search.add(&clause);
    }
    support
}
