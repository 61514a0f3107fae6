//! From a minimal conflict to the steps a person can follow: unit propagation from the wishes, and
//! a case distinction where that stalls.

use std::collections::BTreeSet;

use formwork_catalog::{Need, Target};
use semver::VersionReq;

use crate::ask::Ask;
use crate::engine::{Formula, Lit, Origin};
use crate::problem::Rule;
use crate::request::Meaning;
use crate::{Branch, Derivation, Name, Step};

/// How many cases are told. A conflict that takes more is told as the list of its members.
const CASES: usize = 24;

/// How wishes and rules that contradict each other do so. The part has their clauses, and whatever
/// is connected with them and is no rule.
pub(crate) fn derive(ask: &Ask<'_, '_>, part: &Formula) -> Derivation {
    let mut clauses: Vec<(Origin, &[Lit])> = part.clauses().collect();
    // Wishes last, as they are the last to be blamed.
    clauses.sort_by_key(|(origin, _)| matches!(origin, Origin::Wish(_)));
    let mut numbers = vec![usize::MAX; part.variables() as usize];
    let mut count = 0;
    for (_, clause) in &clauses {
        for literal in *clause {
            let number = &mut numbers[literal.variable()];
            if *number == usize::MAX {
                *number = count;
                count += 1;
            }
        }
    }
    let replay = Replay {
        ask,
        clauses,
        numbers,
        count,
    };
    let state = replay.nothing();
    let mut cases = CASES;
    let mut steps = Steps::default();
    match replay.refute(state, &mut cases) {
        Some(proof) => replay.tell_proof(&proof, &mut steps),
        None => replay.list(&mut steps),
    }
    steps.list.append(&mut steps.last);
    Derivation { steps: steps.list }
}

#[derive(Clone, Copy)]
struct Value {
    is_true: bool,
    /// How many steps from a wish.
    depth: usize,
    /// The clause that forced it; nothing for a case that is being tried.
    reason: Option<usize>,
    order: usize,
}

#[derive(Clone)]
struct State {
    /// By variable, as the replay numbers them.
    values: Vec<Option<Value>>,
    trail: usize,
}

#[derive(Clone, Default)]
struct Steps {
    list: Vec<Step>,
    last: Vec<Step>,
    told: BTreeSet<usize>,
}

/// How a state comes to nothing.
struct Proof {
    state: State,
    /// The clause that leaves nothing, or the one whose literals are tried one by one.
    clause: usize,
    branches: Vec<(Lit, Proof)>,
    /// The cases it rests on, by variable.
    cases: BTreeSet<usize>,
}

struct Replay<'p, 'a> {
    ask: &'p Ask<'p, 'a>,
    clauses: Vec<(Origin, &'p [Lit])>,
    /// By variable: its number here.
    numbers: Vec<usize>,
    /// How many variables occur.
    count: usize,
}

impl Replay<'_, '_> {
    /// Nothing is known yet.
    fn nothing(&self) -> State {
        State {
            values: vec![None; self.count],
            trail: 0,
        }
    }

    fn value(&self, state: &State, literal: Lit) -> Option<Value> {
        state.values[self.numbers[literal.variable()]]
    }

    fn get(&self, state: &State, literal: Lit) -> Option<bool> {
        let value = self.value(state, literal)?;
        Some(value.is_true == literal.is_positive())
    }

    fn assign(&self, state: &mut State, literal: Lit, reason: Option<usize>) {
        let clause = reason.map(|index| self.clauses[index].1);
        let rests_on = clause.into_iter().flatten();
        let depth = rests_on
            .filter_map(|literal| self.value(state, *literal))
            .map(|value| value.depth + 1)
            .max();
        state.values[self.numbers[literal.variable()]] = Some(Value {
            is_true: literal.is_positive(),
            depth: depth.unwrap_or(0),
            reason,
            order: state.trail,
        });
        state.trail += 1;
    }

    fn is_satisfied(&self, state: &State, clause: &[Lit]) -> bool {
        let mut literals = clause.iter();
        literals.any(|literal| self.get(state, *literal) == Some(true))
    }

    fn open(&self, state: &State, clause: &[Lit]) -> impl Iterator<Item = Lit> {
        let literals = clause.iter().copied();
        literals.filter(|literal| self.get(state, *literal).is_none())
    }

    /// Nothing when it takes too many cases.
    fn refute(&self, mut state: State, cases: &mut usize) -> Option<Proof> {
        if let Some(clause) = self.propagate(&mut state) {
            return Some(Proof {
                cases: self.cases(&state, clause),
                state,
                clause,
                branches: Vec::new(),
            });
        }
        let (clause, open) = self.split(&state)?;
        let mut rests_on = self.cases(&state, clause);
        let mut branches = Vec::with_capacity(open.len());
        for literal in open {
            *cases = cases.checked_sub(1)?;
            let mut branch = state.clone();
            self.assign(&mut branch, literal, None);
            let proof = self.refute(branch, cases)?;
            // What fails whatever is tried here need not be told case by case.
            if !proof.cases.contains(&literal.variable()) {
                return Some(proof);
            }
            rests_on.extend(
                proof
                    .cases
                    .iter()
                    .copied()
                    .filter(|it| *it != literal.variable()),
            );
            branches.push((literal, proof));
        }
        Some(Proof {
            state,
            clause,
            branches,
            cases: rests_on,
        })
    }

    /// The cases under which the literals of a clause came to be false.
    fn cases(&self, state: &State, clause: usize) -> BTreeSet<usize> {
        let mut cases = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut queue: Vec<Lit> = self.clauses[clause].1.to_vec();
        while let Some(literal) = queue.pop() {
            if !seen.insert(literal.variable()) {
                continue;
            }
            match self.value(state, literal).map(|value| value.reason) {
                Some(Some(reason)) => queue.extend(self.clauses[reason].1),
                Some(None) => {
                    cases.insert(literal.variable());
                }
                None => {}
            }
        }
        cases
    }

    fn tell_proof(&self, proof: &Proof, steps: &mut Steps) {
        self.tell(&proof.state, proof.clause, steps);
        if proof.branches.is_empty() {
            return;
        }
        let branches = proof.branches.iter().map(|(literal, proof)| {
            let mut branch = Steps {
                told: steps.told.clone(),
                ..Steps::default()
            };
            self.tell_proof(proof, &mut branch);
            branch.list.append(&mut branch.last);
            Branch {
                feature: self.about(*literal).unwrap_or_default(),
                derivation: Derivation { steps: branch.list },
            }
        });
        let branches = branches.collect();
        steps.list.append(&mut steps.last);
        steps.list.push(Step::Either { branches });
    }

    /// Every member by itself, wishes first.
    fn list(&self, steps: &mut Steps) {
        let nothing = self.nothing();
        let mut told = BTreeSet::new();
        let wishes = |origin: &Origin| matches!(origin, Origin::Wish(_));
        for wished in [true, false] {
            for (origin, clause) in &self.clauses {
                if wishes(origin) == wished && *origin != Origin::Nature && told.insert(*origin) {
                    steps.list.extend(self.step(&nothing, *origin, clause));
                }
            }
        }
    }

    fn about(&self, literal: Lit) -> Option<String> {
        let problem = self.ask.problem;
        let slot = problem.about(literal)?;
        Some(problem.slots[slot].id.to_owned())
    }

    /// Follows every clause that leaves one literal, those that bring something in first; stops at
    /// a clause that leaves none.
    fn propagate(&self, state: &mut State) -> Option<usize> {
        for (index, (origin, clause)) in self.clauses.iter().enumerate() {
            if let [literal] = clause
                && self.get(state, *literal).is_none()
                && self.is_sweeping(*origin)
            {
                self.assign(state, *literal, Some(index));
            }
        }
        loop {
            let mut negative = None;
            let mut positive = None;
            for (index, (_, clause)) in self.clauses.iter().enumerate() {
                if self.is_satisfied(state, clause) {
                    continue;
                }
                let mut open = self.open(state, clause);
                match (open.next(), open.next()) {
                    (None, _) => return Some(index),
                    (Some(only), None) if only.is_positive() => {
                        positive = Some((only, index));
                        break;
                    }
                    (Some(only), None) => negative = negative.or(Some((only, index))),
                    _ => {}
                }
            }
            let (literal, reason) = positive.or(negative)?;
            self.assign(state, literal, Some(reason));
        }
    }

    /// Whether a clause refuses one feature among several, which are best told at once.
    fn is_sweeping(&self, origin: Origin) -> bool {
        let Origin::Wish(index) = origin else {
            return false;
        };
        let meaning = &self.ask.request.meanings[index as usize];
        matches!(meaning, Meaning::Refuse(ids) if ids.len() > 1)
    }

    /// The open clause with the fewest cases, preferably of a rule or wish.
    fn split(&self, state: &State) -> Option<(usize, Vec<Lit>)> {
        let clauses = self.clauses.iter().enumerate();
        let open = clauses.filter_map(|(index, (origin, clause))| {
            if self.is_satisfied(state, clause) {
                return None;
            }
            let open: Vec<_> = self.open(state, clause).collect();
            let brings = open.iter().all(|it| it.is_positive());
            let natural = *origin == Origin::Nature;
            Some(((!brings, natural, open.len(), index), open))
        });
        open.min().map(|((.., index), open)| (index, open))
    }

    /// Tells how a clause came to leave nothing, or one literal: first what it rests on.
    fn tell(&self, state: &State, index: usize, steps: &mut Steps) {
        if !steps.told.insert(index) {
            return;
        }
        let (origin, clause) = self.clauses[index];
        // The longest chain first, so that what it ends in stands next to what it contradicts.
        let order = |literal: &Lit| {
            let value = self.value(state, *literal);
            value.map(|value| (std::cmp::Reverse(value.depth), value.order))
        };
        let mut false_ones: Vec<_> = clause
            .iter()
            .copied()
            .filter(|literal| self.get(state, *literal) == Some(false))
            .collect();
        false_ones.sort_by_key(order);
        for literal in false_ones {
            let value = self.value(state, literal);
            if let Some(reason) = value.and_then(|value| value.reason) {
                self.tell(state, reason, steps);
            }
        }
        if let Some(step) = self.step(state, origin, clause)
            && !steps.list.contains(&step)
            && !steps.last.contains(&step)
        {
            // That versions exclude each other goes without saying until the end.
            match step {
                Step::OneVersion { .. } => steps.last.push(step),
                step => steps.list.push(step),
            }
        }
    }

    fn step(&self, state: &State, origin: Origin, clause: &[Lit]) -> Option<Step> {
        let problem = self.ask.problem;
        let request = self.ask.request;
        let about = |literal: &Lit| self.about(*literal);
        let alternatives = |out: bool| {
            let all = clause.iter().filter(|it| it.is_positive());
            let those = all.filter(|it| (self.get(state, **it) == Some(false)) == out);
            those.filter_map(about).collect::<Vec<_>>()
        };
        match origin {
            Origin::Nature => {
                // Two different demands on one feature's version; the rest speaks for itself.
                let several = clause.len() > 1;
                let excludes = several && clause.iter().all(|it| !it.is_positive());
                let feature = about(clause.first()?)?;
                excludes.then_some(Step::OneVersion { feature })
            }
            Origin::Wish(index) => {
                let wish = request.wishes.list[index as usize].clone();
                Some(
                    match (&request.meanings[index as usize], clause.is_empty()) {
                        (Meaning::Feature { id, .. } | Meaning::Capability { id, .. }, true) => {
                            let existing = existing(self.ask, id);
                            Step::NoVersion { wish, existing }
                        }
                        _ => Step::Wish { wish },
                    },
                )
            }
            Origin::Rule(index) => Some(match problem.rules[index as usize] {
                Rule::Need { feature, need } => Step::Need {
                    feature: feature.id.clone(),
                    any: names(self.ask, need),
                    only: alternatives(false),
                    ruled_out: alternatives(true),
                    reason: need.reason.clone(),
                    site: need.site.clone(),
                },
                Rule::Tier { tier, need, reason } => Step::Tier {
                    tier,
                    any: names(self.ask, need),
                    only: alternatives(false),
                    ruled_out: alternatives(true),
                    reason: need.reason.as_ref().or(reason).cloned(),
                    site: need.site.clone(),
                },
                Rule::Demand(capability) => Step::Demand {
                    capability: capability.id.clone(),
                    only: alternatives(false),
                    ruled_out: alternatives(true),
                    reason: capability.reason.clone(),
                    site: capability.site.clone(),
                },
                Rule::Exclusive(capability) => {
                    let mut features: Vec<_> = clause.iter().filter_map(about).collect();
                    features.sort();
                    Step::Exclusive {
                        capability: capability.id.clone(),
                        features,
                        reason: capability.reason.clone(),
                        site: capability.site.clone(),
                    }
                }
                Rule::Conflict { feature, conflict } => Step::Conflict {
                    feature: feature.id.clone(),
                    with: clause.last().and_then(about).into_iter().collect(),
                    reason: conflict.reason.clone(),
                    site: conflict.site.clone(),
                },
            }),
        }
    }
}

fn names(ask: &Ask<'_, '_>, need: &Need) -> Vec<Name> {
    let name = |target: &Target| Name {
        id: target.id.clone(),
        range: (target.range != VersionReq::STAR).then(|| target.range.to_string()),
        capability: ask.problem.catalog.capability(&target.id).is_some(),
    };
    need.any.iter().map(name).collect()
}

fn existing(ask: &Ask<'_, '_>, id: &str) -> Vec<String> {
    let catalog = ask.problem.catalog;
    let versions = catalog.versions(id).iter().map(|feature| &feature.version);
    let offers = catalog
        .features()
        .iter()
        .filter_map(|feature| feature.provides(id));
    let all: BTreeSet<_> = versions
        .chain(offers.map(|provide| &provide.version))
        .collect();
    all.into_iter().rev().map(ToString::to_string).collect()
}
