//! A solver that is asked again and again, and optima found with cores.

use std::fmt;

use super::solver::{Batsat, Solver};
use super::{Formula, Lit, Verdict};

/// An incremental search for models of a growing set of clauses. Nothing is ever taken back; what
/// should hold only for one question is an assumption of [`solve`](Self::solve).
///
/// Models start out small: a variable is true only where something asks for it.
pub struct Search {
    solver: Batsat,
    /// By variable: its number in the solver, unless its value is known from the start.
    names: Vec<Known>,
    /// The assumption that was known to be false in the last search.
    failed: Option<Lit>,
    buffer: Vec<Lit>,
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Fixed(bool),
    Open(u32),
}

impl fmt::Debug for Search {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Search");
        debug.field("variables", &self.names.len());
        debug.finish_non_exhaustive()
    }
}

impl Search {
    /// No clauses yet over so many variables, which are false where nothing asks for them.
    pub fn new(variables: u32) -> Self {
        Self::over((0..variables).map(Known::Open).collect(), variables)
    }

    /// Every clause of a formula.
    pub fn load(formula: &Formula) -> Self {
        let mut search = Self::new(formula.variables());
        for (_, clause) in formula.clauses() {
            search.add(clause);
        }
        search
    }

    /// Every clause of a formula where propagation has fixed some variables for good.
    pub(crate) fn reduced(formula: &Formula, values: &[i8]) -> Self {
        let mut open = 0;
        let mut name = |value: &i8| match value {
            0 => {
                open += 1;
                Known::Open(open - 1)
            }
            value => Known::Fixed(*value > 0),
        };
        let names = values.iter().map(&mut name).collect();
        let mut search = Self::over(names, open);
        for (_, clause) in formula.clauses() {
            search.add(clause);
        }
        search
    }

    fn over(names: Vec<Known>, open: u32) -> Self {
        let mut solver = Batsat::new(u64::MAX);
        solver.reserve(open);
        Self {
            solver,
            names,
            failed: None,
            buffer: Vec::new(),
        }
    }

    fn known(&self, literal: Lit) -> Result<Lit, bool> {
        match self.names[literal.variable()] {
            Known::Fixed(value) => Err(value == literal.is_positive()),
            Known::Open(name) => {
                let positive = Lit::positive(name);
                Ok(if literal.is_positive() {
                    positive
                } else {
                    !positive
                })
            }
        }
    }

    /// Gives up a search after so many solver conflicts from now on. Conflicts, not time: the same
    /// inputs stop at the same place on every machine.
    pub fn limit(&mut self, conflicts: u64) {
        self.solver.limit(conflicts);
    }

    /// A further variable, as its positive literal.
    pub fn fresh(&mut self) -> Lit {
        let open = self.solver.variables();
        self.solver.reserve(open + 1);
        self.names.push(Known::Open(open));
        Lit::positive(u32::try_from(self.names.len() - 1).expect("variables are numbered so"))
    }

    /// Adds a clause for good.
    pub fn add(&mut self, clause: &[Lit]) {
        self.buffer.clear();
        for literal in clause {
            match self.known(*literal) {
                Ok(literal) => self.buffer.push(literal),
                Err(true) => return,
                Err(false) => {}
            }
        }
        self.solver.add(&self.buffer);
    }

    /// Searches for a model in which all assumptions hold.
    pub fn solve(&mut self, assumptions: &[Lit]) -> Verdict {
        self.buffer.clear();
        self.failed = None;
        for assumption in assumptions {
            match self.known(*assumption) {
                Ok(literal) => self.buffer.push(literal),
                Err(true) => {}
                Err(false) => {
                    self.failed = Some(*assumption);
                    return Verdict::Unsatisfiable;
                }
            }
        }
        self.solver.solve(&self.buffer)
    }

    /// Whether a literal holds in the model found last.
    pub fn holds(&self, literal: Lit) -> bool {
        match self.known(literal) {
            Ok(literal) => self.solver.holds(literal),
            Err(holds) => holds,
        }
    }

    /// Those of the assumptions of the last search, which failed, that it took to fail.
    pub fn core(&self, assumptions: &[Lit]) -> Vec<Lit> {
        if let Some(failed) = self.failed {
            return vec![failed];
        }
        let used = assumptions.iter().filter(|assumption| {
            self.known(**assumption)
                .is_ok_and(|literal| self.solver.used(literal))
        });
        used.copied().collect()
    }

    /// What a literal is in every model, as far as propagation shows it.
    pub fn fixed(&mut self, literal: Lit) -> Option<bool> {
        match self.known(literal) {
            Ok(literal) => self.solver.fixed(literal),
            Err(holds) => Some(holds),
        }
    }

    /// Makes one literal after the other true for good, where the earlier ones allow it. False when
    /// the limit was reached. There must be a model, found by the last search.
    pub fn settle(&mut self, literals: impl IntoIterator<Item = Lit>) -> bool {
        for literal in literals {
            if self.fixed(literal).is_some() {
                continue;
            }
            if self.holds(literal) {
                self.add(&[literal]);
                continue;
            }
            match self.solve(&[literal]) {
                Verdict::Satisfiable => self.add(&[literal]),
                Verdict::Unsatisfiable => self.add(&[!literal]),
                Verdict::Unknown => return false,
            }
        }
        true
    }

    /// Makes as few of the literals false as possible, for good; the last model then is such a one.
    /// False when the limit was reached. There must be a model, found by the last search.
    ///
    /// Each core says that one of its literals is false. Its place is then taken by literals that
    /// are false once for every further one, until no core is left.
    pub fn minimise(&mut self, softs: Vec<Lit>) -> bool {
        let mut softs: Vec<_> = softs
            .into_iter()
            .filter(|soft| self.fixed(*soft).is_none())
            .collect();
        while !softs.iter().all(|soft| self.holds(*soft)) {
            match self.solve(&softs) {
                Verdict::Satisfiable => break,
                Verdict::Unknown => return false,
                Verdict::Unsatisfiable => {}
            }
            let core = self.core(&softs);
            softs.retain(|soft| !core.contains(soft));
            let violated: Vec<_> = core.iter().map(|soft| !*soft).collect();
            self.add(&violated);
            // From the last one on: whether any of the later ones is violated.
            let mut violated = violated.into_iter().rev();
            let Some(mut later) = violated.next() else {
                return false;
            };
            for this in violated {
                let both = self.fresh();
                self.add(&[!this, !later, both]);
                softs.push(!both);
                let any = self.fresh();
                self.add(&[!this, any]);
                self.add(&[!later, any]);
                later = any;
            }
        }
        for soft in softs {
            self.add(&[soft]);
        }
        true
    }

    /// Those of some literals that hold in every model under the assumptions; nothing when there is
    /// no model. The order of the literals is kept.
    pub fn forced(&mut self, assumptions: &[Lit], literals: &[Lit]) -> Option<Vec<Lit>> {
        if self.solve(assumptions) != Verdict::Satisfiable {
            return None;
        }
        let mut open: Vec<_> = literals
            .iter()
            .copied()
            .filter(|it| self.holds(*it))
            .collect();
        let mut forced = Vec::new();
        let mut tried = assumptions.to_vec();
        while let Some(literal) = open.pop() {
            match self.fixed(literal) {
                Some(_) => forced.push(literal),
                None => {
                    tried.push(!literal);
                    if self.solve(&tried) == Verdict::Satisfiable {
                        // This model may spare several of the others the question.
                        open.retain(|it| self.holds(*it));
                    } else {
                        forced.push(literal);
                    }
                    tried.pop();
                }
            }
        }
        forced.reverse();
        Some(forced)
    }
}
