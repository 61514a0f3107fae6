//! Satisfiability, behind a trait of our own: literals, clauses, assumptions, cores.

use batsat::{Callbacks, ClauseKind, SolverInterface, SolverOpts, lbool};

use super::Lit;

/// What came of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is a model.
    Satisfiable,
    /// There is none.
    Unsatisfiable,
    /// The limit on conflicts was reached.
    Unknown,
}

impl Verdict {
    /// Whether a model was found.
    pub fn is_satisfiable(self) -> bool {
        self == Self::Satisfiable
    }
}

/// An incremental solver. Variables are numbered from zero and exist once they were reserved.
pub(super) trait Solver {
    fn variables(&self) -> u32;
    fn reserve(&mut self, variables: u32);
    fn add(&mut self, clause: &[Lit]);
    /// Searches for a model in which all assumptions hold.
    fn solve(&mut self, assumptions: &[Lit]) -> Verdict;
    /// Whether a literal holds in the model of the last search that found one.
    fn holds(&self, literal: Lit) -> bool;
    /// What a literal is in every model, as far as this is known without a search.
    fn fixed(&mut self, literal: Lit) -> Option<bool>;
    /// Whether an assumption of the last search is one of those that cannot hold together.
    fn used(&self, assumption: Lit) -> bool;
}

pub(super) struct Batsat {
    inner: batsat::Solver<Limit>,
    model: Vec<lbool>,
    /// Whether clauses were added that have not been followed up.
    is_behind: bool,
    buffer: Vec<batsat::Lit>,
}

impl Batsat {
    /// A solver that gives up a search after so many conflicts. Conflicts, not time: the same
    /// inputs stop at the same place on every machine.
    pub(super) fn new(conflicts: u64) -> Self {
        let options = SolverOpts {
            // Features are out unless something asks for them, so that first models are small.
            phase_saving: 0,
            ..SolverOpts::default()
        };
        let limit = Limit {
            conflicts,
            learnt: 0,
        };
        Self {
            inner: batsat::Solver::new(options, limit),
            model: Vec::new(),
            is_behind: true,
            buffer: Vec::new(),
        }
    }

    pub(super) fn limit(&mut self, conflicts: u64) {
        self.inner.cb_mut().conflicts = conflicts;
    }
}

fn native(literal: Lit) -> batsat::Lit {
    let variable = batsat::Var::unsafe_from_idx(literal.0 >> 1);
    batsat::Lit::new(variable, literal.is_positive())
}

impl Solver for Batsat {
    fn variables(&self) -> u32 {
        self.inner.num_vars()
    }

    fn reserve(&mut self, variables: u32) {
        while self.inner.num_vars() < variables {
            self.inner.new_var(lbool::FALSE, true);
        }
    }

    fn add(&mut self, clause: &[Lit]) {
        self.buffer.clear();
        self.buffer.extend(clause.iter().copied().map(native));
        self.inner.add_clause_reuse(&mut self.buffer);
        self.is_behind = true;
    }

    fn solve(&mut self, assumptions: &[Lit]) -> Verdict {
        self.inner.cb_mut().learnt = 0;
        self.is_behind = true;
        self.buffer.clear();
        self.buffer.extend(assumptions.iter().copied().map(native));
        let verdict = self.inner.solve_limited(&self.buffer);
        if verdict == lbool::TRUE {
            self.model.clear();
            self.model.extend_from_slice(self.inner.get_model());
            Verdict::Satisfiable
        } else if verdict == lbool::FALSE {
            Verdict::Unsatisfiable
        } else {
            Verdict::Unknown
        }
    }

    fn holds(&self, literal: Lit) -> bool {
        let value = self.model.get(literal.variable()).copied();
        value == Some(lbool::new(literal.is_positive()))
    }

    fn fixed(&mut self, literal: Lit) -> Option<bool> {
        if std::mem::take(&mut self.is_behind) {
            // Clauses that were added are followed up only here or in a search.
            self.inner.simplify();
        }
        let value = self.inner.value_lvl_0(native(literal));
        if value == lbool::TRUE {
            Some(true)
        } else if value == lbool::FALSE {
            Some(false)
        } else {
            None
        }
    }

    fn used(&self, assumption: Lit) -> bool {
        // The literals come back negated, against the documentation; either sign names the assumption.
        self.inner.unsat_core_contains_var(native(assumption).var())
    }
}

struct Limit {
    conflicts: u64,
    learnt: u64,
}

impl Callbacks for Limit {
    fn on_new_clause(&mut self, _: &[batsat::Lit], kind: ClauseKind) {
        if kind == ClauseKind::Learnt {
            self.learnt += 1;
        }
    }

    fn stop(&self) -> bool {
        self.learnt > self.conflicts
    }
}

#[cfg(test)]
mod tests {
    use super::{Batsat, Solver, Verdict};
    use crate::engine::Lit;

    #[test]
    fn models_start_small_and_cores_name_the_assumptions() {
        let mut solver = Batsat::new(1_000);
        solver.reserve(4);
        let [a, b, c, d] = [0, 1, 2, 3].map(Lit::positive);
        solver.add(&[!a, b]);
        solver.add(&[!b, !c]);
        assert_eq!(solver.solve(&[a, d]), Verdict::Satisfiable);
        assert!(solver.holds(b) && solver.holds(!c));
        assert_eq!(solver.solve(&[]), Verdict::Satisfiable);
        assert!(
            [a, b, c, d]
                .into_iter()
                .all(|literal| solver.holds(!literal))
        );
        assert_eq!(solver.solve(&[d, a, c]), Verdict::Unsatisfiable);
        assert_eq!([d, a, c].map(|it| solver.used(it)), [false, true, true]);
        solver.add(&[a]);
        assert_eq!(
            (solver.fixed(b), solver.fixed(c), solver.fixed(d)),
            (Some(true), Some(false), None)
        );
    }
}
