//! Unit propagation with reasons: most contradictions are a straight chain of forced steps.

use super::{Formula, Lit, Origin};

const NOTHING: u32 = u32::MAX;

/// Clauses with a table of where their literals occur, and further clauses over the same variables,
/// which come after them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clauses<'f> {
    formula: &'f Formula,
    occurrences: &'f Occurrences,
    further: &'f Formula,
    further_occurrences: &'f Occurrences,
}

impl<'f> Clauses<'f> {
    pub(crate) fn new(
        formula: &'f Formula,
        occurrences: &'f Occurrences,
        further: &'f Formula,
        further_occurrences: &'f Occurrences,
    ) -> Self {
        Self {
            formula,
            occurrences,
            further,
            further_occurrences,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.formula.len() + self.further.len()
    }

    pub(super) fn variables(&self) -> usize {
        self.formula.variables() as usize
    }

    pub(super) fn clause(&self, index: usize) -> &'f [Lit] {
        match index.checked_sub(self.formula.len()) {
            None => self.formula.clause(index),
            Some(index) => self.further.clause(index),
        }
    }

    pub(super) fn origin(&self, index: usize) -> Origin {
        match index.checked_sub(self.formula.len()) {
            None => self.formula.origin(index),
            Some(index) => self.further.origin(index),
        }
    }

    /// Every clause with its origin, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (Origin, &'f [Lit])> + use<'f> {
        self.formula.clauses().chain(self.further.clauses())
    }

    /// The clauses that say something without anything being true, in order.
    pub(super) fn unconditional(&self) -> impl Iterator<Item = usize> + use<'f> {
        let before = self.formula.len();
        let first = self.occurrences.unconditional.iter();
        let further = self.further_occurrences.unconditional.iter();
        let further = further.map(move |index| before + *index as usize);
        first.map(|index| *index as usize).chain(further)
    }

    /// The clauses that have a literal, in order.
    pub(super) fn of(&self, literal: Lit) -> impl Iterator<Item = usize> + use<'f> {
        let before = self.formula.len();
        let first = self.occurrences.of(literal).iter();
        let further = self.further_occurrences.of(literal).iter();
        let further = further.map(move |index| before + *index as usize);
        first.map(|index| *index as usize).chain(further)
    }
}

/// The clauses by which propagation alone refutes a formula, in the order they apply; nothing when
/// it does not get there.
pub(super) fn refutation(clauses: Clauses<'_>) -> Option<Vec<usize>> {
    let variables = clauses.variables();
    let mut state = State {
        values: vec![0; variables],
        reasons: vec![NOTHING; variables],
        trail: Vec::new(),
    };
    let mut falsified: Vec<u32> = vec![0; clauses.len()];
    for (index, (_, clause)) in clauses.all().enumerate() {
        match clause {
            [] => return Some(vec![index]),
            [only] => match state.value(*only) {
                None => state.assign(*only, index),
                Some(true) => {}
                Some(false) => return Some(state.rest(clauses, index)),
            },
            _ => {}
        }
    }
    let mut next = 0;
    while let Some(literal) = state.trail.get(next).copied() {
        next += 1;
        for index in clauses.of(!literal) {
            falsified[index] += 1;
            let clause = clauses.clause(index);
            if (falsified[index] as usize) + 1 < clause.len() {
                continue;
            }
            let mut open = None;
            let mut satisfied = false;
            for literal in clause {
                match state.value(*literal) {
                    Some(true) => satisfied = true,
                    None => open = Some(*literal),
                    Some(false) => {}
                }
            }
            match open {
                _ if satisfied => {}
                Some(open) => state.assign(open, index),
                None => return Some(state.rest(clauses, index)),
            }
        }
    }
    None
}

/// What propagation makes of every variable where some literals hold: 1 and -1 for true and false, 0
/// for open. Nothing when it comes to a contradiction.
pub(crate) fn fixed(
    formula: &Formula,
    occurrences: &Occurrences,
    units: impl IntoIterator<Item = Lit>,
) -> Option<Vec<i8>> {
    let mut values = vec![0_i8; formula.variables() as usize];
    let mut trail: Vec<Lit> = Vec::new();
    let assign = |values: &mut Vec<i8>, trail: &mut Vec<Lit>, literal: Lit| {
        let value = if literal.is_positive() { 1 } else { -1 };
        let known = &mut values[literal.variable()];
        if *known == 0 {
            *known = value;
            trail.push(literal);
        }
        *known == value
    };
    for unit in occurrences.units.iter().copied().chain(units) {
        if !assign(&mut values, &mut trail, unit) {
            return None;
        }
    }
    let mut next = 0;
    while let Some(literal) = trail.get(next).copied() {
        next += 1;
        for index in occurrences.of(!literal) {
            let mut open = None;
            let mut is_done = false;
            for literal in formula.clause(*index as usize) {
                let value = values[literal.variable()];
                if value == 0 {
                    // A second open literal: nothing follows.
                    is_done |= open.replace(*literal).is_some();
                } else {
                    is_done |= (value > 0) == literal.is_positive();
                }
                if is_done {
                    break;
                }
            }
            match open {
                _ if is_done => {}
                Some(open) => {
                    assign(&mut values, &mut trail, open);
                }
                None => return None,
            }
        }
    }
    Some(values)
}

struct State {
    /// 1 and -1 for true and false, 0 for open.
    values: Vec<i8>,
    reasons: Vec<u32>,
    trail: Vec<Lit>,
}

impl State {
    fn value(&self, literal: Lit) -> Option<bool> {
        match self.values[literal.variable()] {
            0 => None,
            value => Some((value > 0) == literal.is_positive()),
        }
    }

    fn assign(&mut self, literal: Lit, reason: usize) {
        self.values[literal.variable()] = if literal.is_positive() { 1 } else { -1 };
        self.reasons[literal.variable()] = u32::try_from(reason).expect("clauses are counted so");
        self.trail.push(literal);
    }

    /// What a clause without an open literal rests on.
    fn rest(&self, clauses: Clauses<'_>, failed: usize) -> Vec<usize> {
        let mut used = vec![failed];
        let mut marked = vec![false; self.values.len()];
        for literal in clauses.clause(failed) {
            marked[literal.variable()] = true;
        }
        for literal in self.trail.iter().rev() {
            if marked[literal.variable()] {
                let reason = self.reasons[literal.variable()] as usize;
                used.push(reason);
                for literal in clauses.clause(reason) {
                    marked[literal.variable()] = true;
                }
            }
        }
        used.reverse();
        used
    }
}

/// By literal: the clauses that have it.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    ends: Vec<u32>,
    clauses: Vec<u32>,
    /// The clauses of one literal.
    units: Vec<Lit>,
    /// The clauses that say something without anything being true: those of one literal or none,
    /// and those without a negative one.
    unconditional: Vec<u32>,
}

impl Occurrences {
    pub(crate) fn new(formula: &Formula) -> Self {
        let mut units = Vec::new();
        let mut unconditional = Vec::new();
        let mut ends = vec![0_u32; formula.variables() as usize * 2 + 1];
        for (index, (_, clause)) in formula.clauses().enumerate() {
            if let [unit] = clause {
                units.push(*unit);
            }
            let mut is_unconditional = true;
            for literal in clause {
                ends[literal.0 as usize + 1] += 1;
                is_unconditional &= literal.is_positive();
            }
            if is_unconditional || clause.len() == 1 {
                unconditional.push(u32::try_from(index).expect("clauses are counted so"));
            }
        }
        for index in 1..ends.len() {
            ends[index] += ends[index - 1];
        }
        // What starts as the beginning of each literal's part ends as its end.
        let mut clauses = vec![0; ends[ends.len() - 1] as usize];
        for (index, (_, clause)) in formula.clauses().enumerate() {
            for literal in clause {
                let place = &mut ends[literal.0 as usize];
                clauses[*place as usize] = u32::try_from(index).expect("clauses are counted so");
                *place += 1;
            }
        }
        Self {
            ends,
            clauses,
            units,
            unconditional,
        }
    }

    pub(super) fn of(&self, literal: Lit) -> &[u32] {
        let start = match literal.0 {
            0 => 0,
            literal => self.ends[literal as usize - 1],
        };
        &self.clauses[start as usize..self.ends[literal.0 as usize] as usize]
    }
}
