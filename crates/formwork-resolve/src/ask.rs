//! A request in the terms of the encoding: its wishes as clauses, its facts, and what it can reach.

use formwork_catalog::Tier;

use crate::Wish;
use crate::engine::{Clauses, Formula, Lit, Occurrences, Origin, Search, fixed};
use crate::problem::{Answer, Problem};
use crate::request::{Meaning, Request};

#[derive(Debug)]
pub(crate) struct Ask<'p, 'a> {
    pub(crate) problem: &'p Problem<'a>,
    pub(crate) request: &'p Request<'a>,
    /// By slot: whether it is asked for by name or as an answer.
    pub(crate) wished: Vec<bool>,
    /// By variable of the encoding: what the tier and the answers make of a condition.
    facts: Vec<Option<bool>>,
}

impl<'p, 'a> Ask<'p, 'a> {
    pub(crate) fn new(problem: &'p Problem<'a>, request: &'p Request<'a>) -> Self {
        let mut wished = vec![false; problem.slots.len()];
        for id in &request.wished {
            if let Some(slot) = problem.slot(id) {
                wished[slot] = true;
            }
        }
        let mut facts = vec![None; problem.formula.variables() as usize];
        for tier in Tier::ALL {
            if let Some(literal) = problem.tier(tier)
                && tier > request.tier
            {
                facts[literal.variable()] = Some(false);
            }
        }
        for answer in &problem.answers {
            let given = request.value(answer.feature, answer.option);
            let holds = given.is_some_and(|given| given.to_string() == answer.value);
            // What an answer brought about is the wish's doing, and no fact.
            facts[answer.literal.variable()] = match answered(request, answer) {
                Some(_) if holds => None,
                _ => Some(holds),
            };
        }
        Self {
            problem,
            request,
            wished,
            facts,
        }
    }

    /// What a wish says, as clauses over the encoding; an empty one when it can never be met.
    pub(crate) fn clauses(&self, wish: usize) -> Vec<Vec<Lit>> {
        let problem = self.problem;
        match &self.request.meanings[wish] {
            Meaning::Feature { id, range } | Meaning::Capability { id, range } => {
                vec![problem.versions_in(id, range)]
            }
            Meaning::Pin { id, version } => {
                let Some(slot) = problem.slot(id).map(|slot| &problem.slots[slot]) else {
                    return Vec::new();
                };
                let mut versions = slot.versions.iter();
                match versions.find(|(feature, _)| feature.version == **version) {
                    Some((_, literal)) if slot.versions.len() > 1 => {
                        vec![vec![!slot.literal, *literal]]
                    }
                    _ => Vec::new(),
                }
            }
            Meaning::Refuse(ids) => {
                let slots = ids.iter().filter_map(|id| problem.slot(id));
                let out = slots.map(|slot| vec![!problem.slots[slot].literal]);
                out.collect()
            }
            Meaning::Option => {
                let answers = problem.answers.iter().filter(|answer| {
                    answered(self.request, answer) == Some(wish)
                        && self.facts[answer.literal.variable()].is_none()
                });
                answers.map(|answer| vec![answer.literal]).collect()
            }
            Meaning::Tier => {
                let Wish::Tier { tier } = self.request.wishes.list[wish] else {
                    return Vec::new();
                };
                let up_to = Tier::ALL.into_iter().filter(|it| *it <= tier);
                let literals = up_to.filter_map(|tier| problem.tier(tier));
                literals.map(|literal| vec![literal]).collect()
            }
        }
    }

    /// The facts as literals that hold when only some of the wishes stand: an option that was
    /// answered by another wish has its default.
    pub(crate) fn facts(&self, stands: impl Fn(usize) -> bool) -> Vec<Lit> {
        let mut facts = Vec::new();
        for answer in &self.problem.answers {
            let default = answer.feature.option(answer.option);
            let by_default = default.is_some_and(|it| it.default.to_string() == answer.value);
            let given = self.request.answer(&answer.feature.id, answer.option);
            let holds = match given {
                Some((wish, _)) if !stands(wish) => Some(by_default),
                _ => self.facts[answer.literal.variable()],
            };
            facts.extend(holds.map(|it| if it { answer.literal } else { !answer.literal }));
        }
        for literal in Tier::ALL.into_iter().filter_map(|it| self.problem.tier(it)) {
            if self.is_off(literal) {
                facts.push(!literal);
            }
        }
        facts
    }

    /// Whether the facts alone keep a condition from holding.
    fn is_off(&self, condition: Lit) -> bool {
        self.facts[condition.variable()] == Some(false)
    }

    /// By slot: whether the request can bring it in. Whatever is outside stays out.
    pub(crate) fn reach(&self, further: &[usize]) -> Vec<bool> {
        let problem = self.problem;
        let mut reached = vec![false; problem.slots.len()];
        let mut queue: Vec<usize> = further.to_vec();
        for meaning in &self.request.meanings {
            if let Meaning::Feature { id, .. } | Meaning::Capability { id, .. } = meaning {
                queue.extend(problem.meant(id));
            }
        }
        let ties: Vec<_> = problem
            .ties
            .iter()
            .filter(|tie| {
                let mut targets = tie.joint.when_all.iter();
                targets.any(|target| self.wishes(&target.id))
            })
            .collect();
        loop {
            while let Some(slot) = queue.pop() {
                if std::mem::replace(&mut reached[slot], true) {
                    continue;
                }
                for clause in &problem.slots[slot].brings {
                    let clause = problem.formula.clause(*clause);
                    let mut conditions = clause.iter().filter(|it| !it.is_positive());
                    if !conditions.any(|condition| self.is_off(!*condition)) {
                        let fillers = clause.iter().filter(|it| it.is_positive());
                        queue.extend(fillers.filter_map(|it| problem.about(*it)));
                    }
                }
                if self.wishes(problem.slots[slot].id) {
                    let weak = problem.slots[slot].weak.iter();
                    queue.extend(weak.map(|soft| problem.softs[*soft].slot));
                }
            }
            for tie in &ties {
                let mut targets = tie.joint.when_all.iter();
                let joins = targets.all(|target| {
                    let mut meant = problem.meant(&target.id).into_iter();
                    meant.any(|slot| reached[slot])
                });
                if joins && !reached[tie.slot] {
                    queue.push(tie.slot);
                }
            }
            if queue.is_empty() {
                return reached;
            }
        }
    }

    /// What stays out whatever becomes of each wish: the features neither the wishes nor anything
    /// they could be replaced with can bring in by need, and the demands of higher tiers.
    pub(crate) fn outside(&self) -> Vec<Lit> {
        let problem = self.problem;
        let catalog = problem.catalog;
        let mut queue: Vec<usize> = Vec::new();
        for (meaning, wish) in self.request.meanings.iter().zip(&self.request.wishes.list) {
            if let Meaning::Feature { id, .. } | Meaning::Capability { id, .. } = meaning {
                queue.extend(problem.meant(id));
                for feature in catalog.versions(id) {
                    for provide in &feature.provides {
                        queue.extend(problem.meant(&provide.capability));
                    }
                }
            }
            if let Wish::Answer { question, .. } = wish {
                queue.extend(problem.meant(question));
            }
        }
        let is_higher = |literal: Lit| {
            let higher = Tier::ALL.into_iter().filter(|it| *it > self.request.tier);
            let mut literals = higher.filter_map(|tier| problem.tier(tier));
            literals.any(|tier| tier == literal)
        };
        let mut reached = vec![false; problem.slots.len()];
        while let Some(slot) = queue.pop() {
            if std::mem::replace(&mut reached[slot], true) {
                continue;
            }
            for clause in &problem.slots[slot].brings {
                let clause = problem.formula.clause(*clause);
                if !clause.iter().any(|it| is_higher(!*it)) {
                    let fillers = clause.iter().filter(|it| it.is_positive());
                    queue.extend(fillers.filter_map(|it| problem.about(*it)));
                }
            }
        }
        let out = problem.slots.iter().zip(reached);
        let out = out.filter(|(_, reached)| !reached);
        let mut literals: Vec<_> = out
            .flat_map(|(slot, _)| slot.variables.iter().map(|it| !*it))
            .collect();
        let higher = Tier::ALL.into_iter().filter(|it| *it > self.request.tier);
        literals.extend(higher.filter_map(|tier| problem.tier(tier)).map(|it| !it));
        literals
    }

    /// Whether a feature is wished by this name, so that its recommendations count.
    pub(crate) fn wishes(&self, id: &str) -> bool {
        self.request.named.contains(id)
    }

    /// A search over everything within reach in which all wishes hold and so do some literals;
    /// nothing when propagation alone shows that there is no plan.
    pub(crate) fn search(&self, reached: &[bool], literals: &[Lit]) -> Option<Search> {
        let problem = self.problem;
        let mut units = self.facts(|_| true);
        units.extend(literals);
        for (slot, reached) in problem.slots.iter().zip(reached) {
            if !reached {
                units.extend(slot.variables.iter().map(|variable| !*variable));
            }
        }
        let mut wishes = Vec::new();
        for wish in 0..self.request.meanings.len() {
            for clause in self.clauses(wish) {
                match clause.as_slice() {
                    [unit] => units.push(*unit),
                    _ => wishes.push(clause),
                }
            }
        }
        let values = fixed(&problem.formula, &problem.occurrences, units)?;
        let mut search = Search::reduced(&problem.formula, &values);
        for clause in wishes {
            search.add(&clause);
        }
        Some(search)
    }

    /// Looks at the clauses of the catalog with the facts and some of the wishes.
    pub(crate) fn clauses_with<T>(
        &self,
        wishes: &[usize],
        look: impl FnOnce(Clauses<'_>) -> T,
    ) -> T {
        let problem = self.problem;
        let mut further = Formula::new(problem.formula.variables());
        for fact in self.facts(|wish| wishes.contains(&wish)) {
            further.add(Origin::Nature, &[fact]);
        }
        for wish in wishes {
            let origin = Origin::Wish(u32::try_from(*wish).expect("wishes are counted so"));
            for clause in self.clauses(*wish) {
                further.add(origin, &clause);
            }
        }
        let occurrences = Occurrences::new(&further);
        look(Clauses::new(
            &problem.formula,
            &problem.occurrences,
            &further,
            &occurrences,
        ))
    }
}

/// The wish that answers the option of a condition which would not hold by default.
fn answered(request: &Request<'_>, answer: &Answer<'_>) -> Option<usize> {
    let default = answer.feature.option(answer.option)?.default.to_string();
    let (wish, _) = request.answer(&answer.feature.id, answer.option)?;
    (default != answer.value).then_some(wish)
}
