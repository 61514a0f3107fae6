//! Which wishes can hold together, asked again and again.

use std::collections::{BTreeMap, BTreeSet};

use crate::Wish;
use crate::ask::Ask;
use crate::engine::{self, Found, Lit, Search, Verdict, fixed, look};
use crate::request::{Meaning, Request};

pub(crate) struct Checker<'c, 'p, 'a> {
    /// The request it starts from.
    ask: &'c Ask<'p, 'a>,
    /// Loaded when a quick look does not tell.
    search: Option<Search>,
    /// By what a wish says: the literal that makes it hold.
    guards: BTreeMap<Vec<Vec<Lit>>, Lit>,
}

impl<'c, 'p, 'a> Checker<'c, 'p, 'a> {
    /// For the wishes of a request and whatever they could be replaced with.
    pub(crate) fn new(ask: &'c Ask<'p, 'a>) -> Self {
        Self {
            ask,
            search: None,
            guards: BTreeMap::new(),
        }
    }

    /// The part of some wishes that took part in a contradiction; nothing when they can hold
    /// together.
    pub(crate) fn core(&mut self, ask: &Ask<'_, '_>, wishes: &[usize]) -> Option<Vec<usize>> {
        let found = ask.clauses_with(wishes, |clauses| match look(clauses, &[]) {
            Found::Possible => Some(None),
            Found::Impossible(used) => Some(Some(engine::wishes(clauses, &used))),
            Found::Unclear => None,
        });
        found.unwrap_or_else(|| self.searched(ask, wishes))
    }

    /// The same with a search over everything that can be reached.
    fn searched(&mut self, ask: &Ask<'_, '_>, wishes: &[usize]) -> Option<Vec<usize>> {
        let search = self.search.get_or_insert_with(|| {
            let problem = self.ask.problem;
            let outside = self.ask.outside();
            match fixed(&problem.formula, &problem.occurrences, outside) {
                Some(values) => Search::reduced(&problem.formula, &values),
                None => {
                    let mut nothing = Search::new(problem.formula.variables());
                    nothing.add(&[]);
                    nothing
                }
            }
        });
        let mut wished: Vec<(Lit, usize)> = Vec::new();
        for wish in wishes {
            for literal in assumptions(search, &mut self.guards, ask.clauses(*wish)) {
                if wished.iter().all(|(known, _)| *known != literal) {
                    wished.push((literal, *wish));
                }
            }
        }
        let mut assumptions: Vec<_> = wished.iter().map(|(literal, _)| *literal).collect();
        assumptions.extend(ask.facts(|wish| wishes.contains(&wish)));
        if search.solve(&assumptions) == Verdict::Satisfiable {
            return None;
        }
        let core: BTreeSet<_> = search.core(&assumptions).into_iter().collect();
        let used = wished.iter().filter(|(literal, _)| core.contains(literal));
        let mut used: Vec<_> = used.map(|(_, wish)| *wish).collect();
        used.sort_unstable();
        used.dedup();
        Some(used)
    }

    /// Wishes of which none can be spared, out of some that cannot hold together; nothing when they
    /// can. Weak wishes are spared before strong ones.
    pub(crate) fn minimal(&mut self, ask: &Ask<'_, '_>, wishes: &[usize]) -> Option<Vec<usize>> {
        let mut core = self.core(ask, wishes)?;
        let is_option = |wish: &usize| matches!(ask.request.meanings[*wish], Meaning::Option);
        let has_options = core.iter().any(is_option);
        loop {
            let before = core.len();
            let mut order = core.clone();
            order.sort_by_key(|wish| (WEAKEST - strength(ask.request, *wish), *wish));
            for wish in order {
                if core.contains(&wish) {
                    let rest: Vec<_> = core.iter().copied().filter(|it| *it != wish).collect();
                    if let Some(smaller) = self.core(ask, &rest) {
                        core = smaller;
                    }
                }
            }
            // Sparing an answer lets a default in, which may make up for another wish.
            if core.len() == before || !has_options {
                return Some(core);
            }
        }
    }
}

/// Literals that together say what some clauses say.
fn assumptions(
    search: &mut Search,
    guards: &mut BTreeMap<Vec<Vec<Lit>>, Lit>,
    clauses: Vec<Vec<Lit>>,
) -> Vec<Lit> {
    if clauses.iter().all(|clause| clause.len() == 1) {
        return clauses.into_iter().flatten().collect();
    }
    if let Some(known) = guards.get(&clauses) {
        return vec![*known];
    }
    let guard = search.fresh();
    for clause in &clauses {
        let mut clause = clause.clone();
        clause.push(!guard);
        search.add(&clause);
    }
    guards.insert(clauses, guard);
    vec![guard]
}

/// The wishes that can be met together: as many as possible of the strongest kind, then of the
/// next; among equals the earlier ones.
pub(crate) fn largest(ask: &Ask<'_, '_>) -> BTreeSet<usize> {
    let (problem, request) = (ask.problem, ask.request);
    let mut search = Search::load(&problem.formula);
    let guards: Vec<_> = request.meanings.iter().map(|_| search.fresh()).collect();
    for (wish, guard) in guards.iter().enumerate() {
        for mut clause in ask.clauses(wish) {
            clause.push(!*guard);
            search.add(&clause);
        }
    }
    let all = ask.facts(|_| true);
    for fact in &all {
        let answer = problem.answers.iter().find(|it| it.literal == !*fact);
        let given = answer.and_then(|it| request.answer(&it.feature.id, it.option));
        match given {
            // It does not hold because of an answer: without that it may hold by default.
            Some((wish, _)) if ask.facts(|it| it != wish).contains(&!*fact) => {
                search.add(&[guards[wish], !*fact]);
            }
            _ => search.add(&[*fact]),
        }
    }
    search.solve(&[]);
    for strength in 0..=WEAKEST {
        let class = guards.iter().enumerate();
        let class = class.filter(|(wish, _)| self::strength(request, *wish) == strength);
        search.minimise(class.map(|(_, guard)| *guard).collect());
    }
    // As many of every kind are kept now; which of them is still open.
    search.settle(guards.iter().copied());
    let kept = |wish: &usize| search.holds(guards[*wish]);
    (0..request.meanings.len()).filter(kept).collect()
}

const WEAKEST: u8 = 4;

/// How strong a wish is, zero being the strongest.
fn strength(request: &Request<'_>, wish: usize) -> u8 {
    match (&request.meanings[wish], &request.wishes.list[wish]) {
        (Meaning::Pin { .. }, _) => 0,
        (_, Wish::Answer { .. }) => 2,
        (Meaning::Feature { .. } | Meaning::Capability { .. }, _) => 1,
        (Meaning::Tier, _) => 3,
        _ => WEAKEST,
    }
}
