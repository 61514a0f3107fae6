//! Literals and clauses.

use std::ops::Not;

/// A variable or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lit(pub(super) u32);

impl Lit {
    /// The literal that is true when the variable is. Variables are numbered from zero, below 2³¹.
    pub fn positive(variable: u32) -> Self {
        Self(variable << 1)
    }

    /// The number of the variable, as an index.
    pub fn variable(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether it is the variable itself, not its negation.
    pub fn is_positive(self) -> bool {
        self.0 & 1 == 0
    }
}

impl Not for Lit {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// What a clause comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The nature of things, such as one version at a time: never part of a conflict.
    Nature,
    /// A rule by number. Several clauses may say one rule.
    Rule(u32),
    /// A wish by number.
    Wish(u32),
}

/// Clauses, all of which must hold.
#[derive(Debug, Clone, Default)]
pub struct Formula {
    variables: u32,
    literals: Vec<Lit>,
    /// Where the literals of each clause end.
    ends: Vec<u32>,
    origins: Vec<Origin>,
}

impl Formula {
    /// No clauses yet over so many variables.
    pub fn new(variables: u32) -> Self {
        Self {
            variables,
            ..Self::default()
        }
    }

    /// How many variables there are.
    pub fn variables(&self) -> u32 {
        self.variables
    }

    /// A variable that no clause has yet, as its positive literal.
    pub fn fresh(&mut self) -> Lit {
        self.variables += 1;
        Lit::positive(self.variables - 1)
    }

    /// Adds a clause over variables that exist; one without literals can never hold.
    pub fn add(&mut self, origin: Origin, clause: &[Lit]) {
        self.literals.extend_from_slice(clause);
        self.ends
            .push(u32::try_from(self.literals.len()).expect("a formula fits into memory"));
        self.origins.push(origin);
    }

    /// How many clauses there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no clause at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One clause by index.
    ///
    /// # Panics
    /// When there is no such clause.
    pub fn clause(&self, index: usize) -> &[Lit] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        &self.literals[start..self.ends[index] as usize]
    }

    /// What a clause comes from.
    ///
    /// # Panics
    /// When there is no such clause.
    pub fn origin(&self, index: usize) -> Origin {
        self.origins[index]
    }

    /// Every clause with its origin, in the order they were added.
    pub fn clauses(&self) -> impl Iterator<Item = (Origin, &[Lit])> {
        (0..self.len()).map(|index| (self.origins[index], self.clause(index)))
    }
}
