//! A model and its recorded answers, put to the engine.

use formwork_resolve::engine::{
    Formula, Lit, Origin, Search, Verdict, contradicts, minimal_assumptions, minimal_rules,
};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::Model;
use crate::oracle::{Oracle, Query};

/// How many solver conflicts the search for an optimum may take.
const CONFLICTS: u64 = 200_000;

/// What came of the selections of a model.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Selections asked about.
    pub verdicts: usize,
    /// Selections that name something the model lacks.
    pub skipped: usize,
    /// Those of which the verdict is the recorded one.
    pub agree: usize,
    /// Completable selections for which the fewest features were found, and are the recorded number.
    pub optimal: usize,
    /// Those for which the limit was reached before.
    pub unproved: usize,
    /// Selections that can be completed.
    pub completable: usize,
    /// Milliseconds to load the model and ask the first question.
    pub load_ms: f64,
    /// Milliseconds a verdict takes on the loaded model, on average.
    pub verdict_ms: f64,
    /// Milliseconds an optimum takes, from the formula on, on average.
    pub solve_ms: f64,
    /// Milliseconds a minimal conflict with its rules takes, from the formula on, on average.
    pub explain_ms: f64,
    /// Milliseconds a smallest fix takes, from the formula on, on average.
    pub fix_ms: f64,
    /// Milliseconds to find what every configuration has or lacks.
    pub forced_ms: f64,
    /// Conflicts explained.
    pub explained: usize,
    /// Those that are conflicts without a member, of the selection or the rules, to spare.
    pub explanation_minimal: usize,
    /// Fixes of the recorded size after which the rest can be completed.
    pub fixed: usize,
    /// Whether the features forced in and out are as many as recorded; nothing where that is not.
    pub forced_agree: Option<bool>,
}

impl Outcome {
    /// Whether everything is as recorded. An optimum not found within the limit is not wrong.
    pub fn ok(&self) -> bool {
        self.verdicts > 0
            && self.skipped == 0
            && self.agree == self.verdicts
            && self.optimal + self.unproved == self.completable
            && self.explanation_minimal == self.explained
            && self.fixed == self.explained
            && self.forced_agree != Some(false)
    }
}

/// Puts every recorded selection to the engine. `literal` is the feature a number stands for.
pub fn check(model: &Model, oracle: &Oracle, literal: impl Fn(i64) -> Option<Lit>) -> Outcome {
    let mut outcome = Outcome::default();
    let start = now();
    let mut search = Search::load(&model.formula);
    let satisfiable = search.solve(&[]) == Verdict::Satisfiable;
    outcome.load_ms = now() - start;
    outcome.verdicts = 1;
    outcome.agree = usize::from(satisfiable == oracle.satisfiable);
    // Numbers can be compared only where the variables are the same.
    let is_whole = model.features.len() == oracle.vars;
    if let (Some(always_true), Some(always_false), true) =
        (oracle.always_true, oracle.always_false, is_whole)
    {
        let start = now();
        let negative: Vec<_> = model.features.iter().map(|literal| !*literal).collect();
        let forced_in = search.forced(&[], &model.features).unwrap_or_default();
        let forced_out = search.forced(&[], &negative).unwrap_or_default();
        outcome.forced_ms = now() - start;
        let found = (forced_in.len(), forced_out.len());
        outcome.forced_agree = Some(found == (always_true, always_false));
    }
    for query in &oracle.queries {
        let selection: Option<Vec<_>> = query.selection.iter().map(|it| literal(*it)).collect();
        let Some(selection) = selection else {
            outcome.skipped += 1;
            continue;
        };
        outcome.verdicts += 1;
        let start = now();
        let satisfiable = search.solve(&selection) == Verdict::Satisfiable;
        outcome.verdict_ms += now() - start;
        if satisfiable != query.satisfiable {
            continue;
        }
        outcome.agree += 1;
        if satisfiable {
            outcome.complete(model, query, &selection, is_whole);
        } else {
            outcome.explain(model, query, &selection);
        }
    }
    let average = |sum: &mut f64, count: usize| *sum /= count.max(1) as f64;
    average(&mut outcome.verdict_ms, outcome.verdicts);
    average(&mut outcome.solve_ms, outcome.completable);
    average(&mut outcome.explain_ms, outcome.explained);
    average(&mut outcome.fix_ms, outcome.explained);
    outcome
}

impl Outcome {
    /// The fewest features that complete a selection.
    fn complete(&mut self, model: &Model, query: &Query, selection: &[Lit], is_whole: bool) {
        self.completable += 1;
        let start = now();
        let mut search = Search::load(&model.formula);
        for literal in selection {
            search.add(&[*literal]);
        }
        let found = search.solve(&[]) == Verdict::Satisfiable;
        search.limit(CONFLICTS);
        let softs = model.features.iter().map(|literal| !*literal).collect();
        let proved = found && search.minimise(softs);
        self.solve_ms += now() - start;
        let holds = model
            .formula
            .clauses()
            .all(|(_, clause)| clause.iter().any(|it| search.holds(*it)))
            && selection.iter().all(|literal| search.holds(*literal));
        let features = model
            .features
            .iter()
            .filter(|it| search.holds(**it))
            .count();
        let expected = query.min_true_vars.filter(|_| is_whole);
        if holds && proved && expected.is_none_or(|expected| expected == features) {
            self.optimal += 1;
        } else if holds && !proved {
            self.unproved += 1;
        }
    }

    /// Why a selection cannot be completed, and the fewest members to drop.
    fn explain(&mut self, model: &Model, query: &Query, selection: &[Lit]) {
        self.explained += 1;
        let start = now();
        let mut search = Search::load(&model.formula);
        let conflict = minimal_assumptions(&mut search, selection).unwrap_or_default();
        let formula = with(&model.formula, &conflict);
        let rules = minimal_rules(&formula).unwrap_or_default();
        self.explain_ms += now() - start;
        self.explanation_minimal += usize::from(is_minimal(model, &conflict, &rules));

        let start = now();
        let mut search = Search::load(&model.formula);
        search.solve(&[]);
        let softs: Vec<_> = selection.to_vec();
        // A literal and its opposite in one selection are two members.
        let proved = search.minimise(softs);
        let kept: Vec<_> = selection
            .iter()
            .copied()
            .filter(|it| search.holds(*it))
            .collect();
        self.fix_ms += now() - start;
        let mut again = Search::load(&model.formula);
        let resolves = again.solve(&kept) == Verdict::Satisfiable;
        let dropped = selection.len() - kept.len();
        let expected = query.min_correction_size;
        let right = expected.is_none_or(|expected| expected == dropped);
        self.fixed += usize::from(proved && resolves && right);
    }
}

/// Whether a conflict is one, and none without any member of the selection or any rule.
fn is_minimal(model: &Model, conflict: &[Lit], rules: &[u32]) -> bool {
    let mut search = Search::load(&model.formula);
    let without = |index: usize| {
        let others = conflict
            .iter()
            .enumerate()
            .filter(move |(at, _)| *at != index);
        others.map(|(_, literal)| *literal).collect::<Vec<_>>()
    };
    let only = (0..conflict.len()).all(|index| search.solve(&without(index)).is_satisfiable());
    // The rules alone, without the rest of the model.
    let mut part = Formula::new(model.formula.variables());
    for (origin, clause) in with(&model.formula, conflict).clauses() {
        if !matches!(origin, Origin::Rule(rule) if !rules.contains(&rule)) {
            part.add(origin, clause);
        }
    }
    let fewer = |rule: &u32| {
        rules
            .iter()
            .copied()
            .filter(|it| it != rule)
            .collect::<Vec<_>>()
    };
    only && contradicts(&part, rules) && rules.iter().all(|rule| !contradicts(&part, &fewer(rule)))
}

/// A formula with a selection as wishes.
fn with(formula: &Formula, selection: &[Lit]) -> Formula {
    let mut formula = formula.clone();
    for (wish, literal) in (0..).zip(selection) {
        formula.add(Origin::Wish(wish), &[*literal]);
    }
    formula
}

/// CPU time of this thread in milliseconds.
pub fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
