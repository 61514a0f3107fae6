//! Minimal explanations of a contradiction.

use super::look::{Found, look};
use super::propagate::{Clauses, Occurrences, refutation};
use super::solver::{Batsat, Solver};
use super::{Formula, Lit, Origin, Search, Verdict};

/// Rules of a contradictory formula of which none can be spared: without any one of them the rest,
/// with everything that is no rule, can hold. Nothing when the formula can hold as it is.
///
/// The same formula gives the same rules. Later rules are spared before earlier ones.
pub fn minimal_rules(formula: &Formula) -> Option<Vec<u32>> {
    on_its_own(formula, minimal_rules_of)
}

/// The same of clauses of which the occurrences are known.
pub(crate) fn minimal_rules_of(clauses: Clauses<'_>) -> Option<Vec<u32>> {
    let used = refutation(clauses).or_else(|| match look(clauses, &[]) {
        Found::Impossible(used) => Some(used),
        Found::Possible | Found::Unclear => None,
    });
    let mut rules = match used {
        Some(used) => rules(used.iter().map(|index| clauses.origin(*index))),
        None => Guarded::new(clauses.variables(), clauses.all()).core(None)?,
    };
    if rules.is_empty() {
        return Some(rules);
    }
    let part = connected(clauses, &rules);
    let mut spare = Spare::new(&part);
    // Asking again often needs fewer.
    while let Some(smaller) = spare.core(&rules)
        && smaller.len() < rules.len()
    {
        rules = smaller;
    }
    // A rule that cannot be spared of more rules cannot be spared of fewer.
    for rule in rules.clone().into_iter().rev() {
        if rules.contains(&rule) {
            let rest: Vec<_> = rules.iter().copied().filter(|it| *it != rule).collect();
            if let Some(smaller) = spare.core(&rest) {
                rules = smaller;
            }
        }
    }
    Some(rules)
}

/// Asks again and again whether some rules, with everything that is no rule, contradict each other.
struct Spare<'f> {
    part: &'f Formula,
    occurrences: Occurrences,
    /// By rule.
    left_out: Vec<bool>,
    /// Loaded when a look does not tell.
    guarded: Option<Guarded>,
}

impl<'f> Spare<'f> {
    fn new(part: &'f Formula) -> Self {
        let numbers = rules(part.clauses().map(|(origin, _)| origin));
        let last = numbers.last().map_or(0, |last| *last as usize + 1);
        Self {
            part,
            occurrences: Occurrences::new(part),
            left_out: vec![true; last],
            guarded: None,
        }
    }

    /// The part of these rules that is enough for a contradiction; nothing when they can hold
    /// together.
    fn core(&mut self, some: &[u32]) -> Option<Vec<u32>> {
        self.left_out.fill(true);
        for rule in some {
            self.left_out[*rule as usize] = false;
        }
        let nothing = Formula::new(self.part.variables());
        let further = Occurrences::new(&nothing);
        let clauses = Clauses::new(self.part, &self.occurrences, &nothing, &further);
        match look(clauses, &self.left_out) {
            Found::Possible => None,
            Found::Impossible(used) => Some(rules(used.iter().map(|index| clauses.origin(*index)))),
            Found::Unclear => {
                let guarded = self.guarded.get_or_insert_with(|| {
                    Guarded::new(self.part.variables() as usize, self.part.clauses())
                });
                guarded.core(Some(some))
            }
        }
    }
}

/// The wishes on the shortest way by which propagation alone refutes a formula; nothing when it does
/// not get there.
pub(crate) fn refuted_wishes(clauses: Clauses<'_>) -> Option<Vec<usize>> {
    refutation(clauses).map(|used| wishes(clauses, &used))
}

/// The wishes among some clauses.
pub(crate) fn wishes(clauses: Clauses<'_>, used: &[usize]) -> Vec<usize> {
    let origins = used.iter().map(|index| clauses.origin(*index));
    let wishes = origins.filter_map(|origin| match origin {
        Origin::Wish(wish) => Some(wish as usize),
        Origin::Nature | Origin::Rule(_) => None,
    });
    let mut wishes: Vec<_> = wishes.collect();
    wishes.sort_unstable();
    wishes.dedup();
    wishes
}

/// Whether everything that is no rule, and these rules, really contradict each other: worked out
/// anew, by propagation or by a solver that has never seen anything else.
pub fn contradicts(formula: &Formula, rules: &[u32]) -> bool {
    let part = part(formula, |origin| match origin {
        Origin::Rule(rule) => rules.contains(&rule),
        Origin::Nature | Origin::Wish(_) => true,
    });
    on_its_own(&part, refutation).is_some()
        || Search::load(&part).solve(&[]) == Verdict::Unsatisfiable
}

/// Looks at a formula with nothing further beside it.
fn on_its_own<T>(formula: &Formula, look: impl FnOnce(Clauses<'_>) -> T) -> T {
    let nothing = Formula::new(formula.variables());
    let (occurrences, further) = (Occurrences::new(formula), Occurrences::new(&nothing));
    look(Clauses::new(formula, &occurrences, &nothing, &further))
}

/// Assumptions of which none can be spared, out of some that cannot hold together; nothing when
/// they can. Later ones are spared before earlier ones.
pub fn minimal_assumptions(search: &mut Search, assumptions: &[Lit]) -> Option<Vec<Lit>> {
    if search.solve(assumptions) != Verdict::Unsatisfiable {
        return None;
    }
    let mut core = search.core(assumptions);
    for literal in core.clone().into_iter().rev() {
        if core.contains(&literal) {
            let rest: Vec<_> = core.iter().copied().filter(|it| *it != literal).collect();
            if search.solve(&rest) == Verdict::Unsatisfiable {
                core = search.core(&rest);
            }
        }
    }
    Some(core)
}

/// The clauses of some rules and of all wishes, and whatever is connected with them through no
/// other rule.
pub(crate) fn connected(clauses: Clauses<'_>, rules: &[u32]) -> Formula {
    let mut taken = vec![false; clauses.len()];
    let mut seen = vec![false; clauses.variables()];
    let mut queue = Vec::new();
    for (index, (origin, clause)) in clauses.all().enumerate() {
        let is_seed = match origin {
            Origin::Rule(rule) => rules.contains(&rule),
            Origin::Wish(_) => true,
            // A clause without literals is a contradiction by itself.
            Origin::Nature => clause.is_empty(),
        };
        if is_seed {
            taken[index] = true;
            queue.extend(clause.iter().map(|literal| literal.variable()));
        }
    }
    while let Some(variable) = queue.pop() {
        if std::mem::replace(&mut seen[variable], true) {
            continue;
        }
        let positive = Lit::positive(u32::try_from(variable).expect("variables are numbered so"));
        for literal in [positive, !positive] {
            for index in clauses.of(literal) {
                if !taken[index] && !matches!(clauses.origin(index), Origin::Rule(_)) {
                    taken[index] = true;
                    queue.extend(clauses.clause(index).iter().map(|it| it.variable()));
                }
            }
        }
    }
    let variables = u32::try_from(clauses.variables()).expect("variables are numbered so");
    let mut part = Formula::new(variables);
    for (index, (origin, clause)) in clauses.all().enumerate() {
        if taken[index] {
            part.add(origin, clause);
        }
    }
    part
}

fn part(formula: &Formula, includes: impl Fn(Origin) -> bool) -> Formula {
    let mut part = Formula::new(formula.variables());
    for (origin, clause) in formula.clauses() {
        if includes(origin) {
            part.add(origin, clause);
        }
    }
    part
}

fn rules(origins: impl Iterator<Item = Origin>) -> Vec<u32> {
    let rules = origins.filter_map(|origin| match origin {
        Origin::Rule(rule) => Some(rule),
        Origin::Nature | Origin::Wish(_) => None,
    });
    let mut rules: Vec<_> = rules.collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// A solver in which every rule is behind a guard, so that a core is a set of rules. Its variables
/// are only those that occur.
struct Guarded {
    solver: Batsat,
    /// By rule.
    guards: Vec<(u32, Lit)>,
    is_contradiction: bool,
}

impl Guarded {
    fn new<'f>(variables: usize, clauses: impl Iterator<Item = (Origin, &'f [Lit])>) -> Self {
        let mut names = vec![u32::MAX; variables];
        let mut variables = 0;
        let mut name = |literal: Lit| {
            let known = &mut names[literal.variable()];
            if *known == u32::MAX {
                *known = variables;
                variables += 1;
            }
            let positive = Lit::positive(*known);
            if literal.is_positive() {
                positive
            } else {
                !positive
            }
        };
        let mut literals = Vec::new();
        let mut ends = Vec::new();
        let mut is_contradiction = false;
        for (origin, clause) in clauses {
            let is_rule = matches!(origin, Origin::Rule(_));
            is_contradiction |= clause.is_empty() && !is_rule;
            literals.extend(clause.iter().map(|literal| name(*literal)));
            ends.push((literals.len(), origin));
        }
        // By rule.
        let rules = rules(ends.iter().map(|(_, origin)| *origin)).into_iter();
        let guards = rules.map(|rule| {
            variables += 1;
            (rule, Lit::positive(variables - 1))
        });
        let guards: Vec<_> = guards.collect();
        let mut solver = Batsat::new(u64::MAX);
        solver.reserve(variables);
        let mut start = 0;
        let mut clause = Vec::new();
        for (end, origin) in ends {
            clause.clear();
            clause.extend_from_slice(&literals[start..end]);
            start = end;
            if let Origin::Rule(rule) = origin
                && let Ok(at) = guards.binary_search_by_key(&rule, |(rule, _)| *rule)
            {
                clause.push(!guards[at].1);
            }
            solver.add(&clause);
        }
        Self {
            solver,
            guards,
            is_contradiction,
        }
    }

    /// The part of these rules (of all) the solver used for a contradiction; nothing when they can
    /// hold together.
    fn core(&mut self, rules: Option<&[u32]>) -> Option<Vec<u32>> {
        if self.is_contradiction {
            return Some(Vec::new());
        }
        let wanted = |rule: u32| rules.is_none_or(|rules| rules.binary_search(&rule).is_ok());
        let guards = self.guards.iter().filter(|(rule, _)| wanted(*rule));
        let guards: Vec<_> = guards.copied().collect();
        let assumptions: Vec<_> = guards.iter().map(|(_, guard)| *guard).collect();
        if self.solver.solve(&assumptions) != Verdict::Unsatisfiable {
            return None;
        }
        let used = guards.iter().filter(|(_, guard)| self.solver.used(*guard));
        Some(used.map(|(rule, _)| *rule).collect())
    }
}
