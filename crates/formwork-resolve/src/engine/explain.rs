//! Minimal explanations of a contradiction.

use super::propagate::{Occurrences, refutation};
use super::solver::{Batsat, Solver};
use super::{Formula, Lit, Origin, Search, Verdict};

/// Rules of a contradictory formula of which none can be spared: without any one of them the rest,
/// with everything that is no rule, can hold. Nothing when the formula can hold as it is.
///
/// The same formula gives the same rules. Later rules are spared before earlier ones.
pub fn minimal_rules(formula: &Formula) -> Option<Vec<u32>> {
    let mut rules = match refutation(formula) {
        Some(clauses) => rules(clauses.iter().map(|index| formula.origin(*index))),
        None => Guarded::new(formula).core(None)?,
    };
    loop {
        if rules.is_empty() {
            return Some(rules);
        }
        let mut guarded = Guarded::new(&connected(formula, &rules));
        let smaller = guarded.core(Some(&rules)).unwrap_or_else(|| rules.clone());
        if smaller.len() < rules.len() {
            rules = smaller;
            continue;
        }
        for rule in rules.clone().into_iter().rev() {
            if rules.contains(&rule) {
                let rest: Vec<_> = rules.iter().copied().filter(|it| *it != rule).collect();
                if let Some(smaller) = guarded.core(Some(&rest)) {
                    rules = smaller;
                }
            }
        }
        return Some(rules);
    }
}

/// The wishes on the shortest way by which propagation alone refutes a formula; nothing when it does
/// not get there.
pub(crate) fn refuted_wishes(formula: &Formula) -> Option<Vec<usize>> {
    let clauses = refutation(formula)?;
    let origins = clauses.iter().map(|index| formula.origin(*index));
    let wishes = origins.filter_map(|origin| match origin {
        Origin::Wish(wish) => Some(wish as usize),
        Origin::Nature | Origin::Rule(_) => None,
    });
    let mut wishes: Vec<_> = wishes.collect();
    wishes.sort_unstable();
    wishes.dedup();
    Some(wishes)
}

/// Whether everything that is no rule, and these rules, really contradict each other: worked out
/// anew, by propagation or by a solver that has never seen anything else.
pub fn contradicts(formula: &Formula, rules: &[u32]) -> bool {
    let part = part(formula, |origin| match origin {
        Origin::Rule(rule) => rules.contains(&rule),
        Origin::Nature | Origin::Wish(_) => true,
    });
    refutation(&part).is_some() || Search::load(&part).solve(&[]) == Verdict::Unsatisfiable
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
pub(crate) fn connected(formula: &Formula, rules: &[u32]) -> Formula {
    let occurrences = Occurrences::new(formula);
    let mut taken = vec![false; formula.len()];
    let mut seen = vec![false; formula.variables() as usize];
    let mut queue = Vec::new();
    for (index, (origin, clause)) in formula.clauses().enumerate() {
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
            for index in occurrences.of(literal) {
                let index = *index as usize;
                if !taken[index] && !matches!(formula.origin(index), Origin::Rule(_)) {
                    taken[index] = true;
                    queue.extend(formula.clause(index).iter().map(|it| it.variable()));
                }
            }
        }
    }
    let mut part = Formula::new(formula.variables());
    for (index, (origin, clause)) in formula.clauses().enumerate() {
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
    fn new(formula: &Formula) -> Self {
        let mut names = vec![u32::MAX; formula.variables() as usize];
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
        let mut literals = Vec::with_capacity(formula.len() * 3);
        let mut ends = Vec::with_capacity(formula.len());
        let mut is_contradiction = false;
        for (origin, clause) in formula.clauses() {
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
