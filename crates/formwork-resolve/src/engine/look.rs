//! A quick look at whether clauses can hold together, for many small questions about one formula:
//! nothing is loaded, and only what true variables bring is looked at. It learns from every choice
//! that turns out wrong, and knows the clauses a contradiction rests on.

use std::collections::BTreeMap;

use super::propagate::Clauses;
use super::{Lit, Origin};

/// How many choices may turn out wrong before a search has to be asked.
const WRONG: usize = 200;
const NOTHING: u32 = u32::MAX;

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The clauses can hold together.
    Possible,
    /// They cannot, and these alone cannot either.
    Impossible(Vec<usize>),
    /// It takes more than a look.
    Unclear,
}

/// Looks at all clauses but those of the rules that are left out, by number.
///
/// A variable is true only where a clause asks for it, and where a clause leaves several ways the
/// first is tried first.
pub(crate) fn look(clauses: Clauses<'_>, left_out: &[bool]) -> Found {
    let mut look = Look {
        clauses,
        left_out,
        facts: vec![Fact::OPEN; clauses.variables()],
        trail: Vec::new(),
        next: 0,
        open: Vec::new(),
        at: 0,
        choices: Vec::new(),
        learnt: Vec::new(),
        learnt_with: BTreeMap::new(),
    };
    let mut failed = look.start();
    let mut wrong = 0;
    loop {
        failed = failed.or_else(|| look.propagate());
        if let Some(clause) = failed.take() {
            if look.choices.is_empty() {
                return Found::Impossible(look.rest(clause));
            }
            wrong += 1;
            if wrong > WRONG {
                return Found::Unclear;
            }
            look.learn(clause);
            continue;
        }
        let Some(literal) = look.asked() else {
            return Found::Possible;
        };
        look.choices.push(Choice {
            trail: look.trail.len(),
            open: look.open.len(),
            at: look.at,
        });
        look.assign(literal, NOTHING);
    }
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy)]
struct Fact {
    /// 1 and -1 for true and false, 0 for open.
    value: i8,
    /// How many choices were made before.
    level: u32,
    /// The clause it follows from; nothing for a choice.
    reason: u32,
}

impl Fact {
    const OPEN: Self = Self {
        value: 0,
        level: 0,
        reason: NOTHING,
    };
}

/// How things were before a choice.
struct Choice {
    trail: usize,
    open: usize,
    at: usize,
}

/// A clause that follows from others.
struct Learnt {
    clause: Vec<Lit>,
    from: Vec<u32>,
}

struct Look<'f> {
    clauses: Clauses<'f>,
    left_out: &'f [bool],
    /// By variable.
    facts: Vec<Fact>,
    trail: Vec<Lit>,
    /// How much of the trail has been followed.
    next: usize,
    /// Clauses that left several features to choose from when they were looked at.
    open: Vec<usize>,
    /// How many of them are known to hold.
    at: usize,
    choices: Vec<Choice>,
    /// Numbered after all clauses.
    learnt: Vec<Learnt>,
    learnt_with: BTreeMap<Lit, Vec<usize>>,
}

impl Look<'_> {
    fn value(&self, literal: Lit) -> Option<bool> {
        match self.facts[literal.variable()].value {
            0 => None,
            value => Some((value > 0) == literal.is_positive()),
        }
    }

    fn clause(&self, index: usize) -> &[Lit] {
        match index.checked_sub(self.clauses.len()) {
            None => self.clauses.clause(index),
            Some(index) => &self.learnt[index].clause,
        }
    }

    fn counts(&self, index: usize) -> bool {
        match self.clauses.origin(index) {
            Origin::Rule(rule) => !self.left_out.get(rule as usize).is_some_and(|out| *out),
            Origin::Nature | Origin::Wish(_) => true,
        }
    }

    fn assign(&mut self, literal: Lit, reason: u32) {
        self.facts[literal.variable()] = Fact {
            value: if literal.is_positive() { 1 } else { -1 },
            level: number(self.choices.len()),
            reason,
        };
        self.trail.push(literal);
    }

    /// Takes in the clauses that say something without anything being true; gives one that cannot
    /// hold.
    fn start(&mut self) -> Option<usize> {
        let mut unconditional = self.clauses.unconditional();
        unconditional.find(|index| self.counts(*index) && !self.look_at(*index))
    }

    /// Follows what is true to the end, or to a clause that cannot hold.
    fn propagate(&mut self) -> Option<usize> {
        while let Some(literal) = self.trail.get(self.next).copied() {
            self.next += 1;
            for index in self.clauses.of(!literal) {
                if self.counts(index) && !self.look_at(index) {
                    return Some(index);
                }
            }
            if self.learnt.is_empty() {
                continue;
            }
            for learnt in self.learnt_with.get(&!literal).cloned().unwrap_or_default() {
                let index = self.clauses.len() + learnt;
                if !self.look_at(index) {
                    return Some(index);
                }
            }
        }
        None
    }

    /// Follows a clause that leaves one literal, and notes one that leaves several features to
    /// choose from. False when it leaves none.
    fn look_at(&mut self, index: usize) -> bool {
        let mut first: Option<Lit> = None;
        let mut is_choice = false;
        for literal in self.clause(index) {
            match self.value(*literal) {
                Some(true) => return true,
                Some(false) => {}
                None => match first {
                    None => first = Some(*literal),
                    // It holds as long as what is open is left out.
                    Some(first) if !first.is_positive() || !literal.is_positive() => return true,
                    Some(_) => is_choice = true,
                },
            }
        }
        match first {
            None => return false,
            Some(_) if is_choice => self.open.push(index),
            Some(only) => self.assign(only, number(index)),
        }
        true
    }

    /// The first literal of a clause that does not hold while everything open is left out.
    fn asked(&mut self) -> Option<Lit> {
        while let Some(index) = self.open.get(self.at) {
            let clause = self.clause(*index);
            if clause.iter().all(|it| self.value(*it) != Some(true)) {
                let mut open = clause.iter().filter(|it| self.value(**it).is_none());
                return open.next().copied();
            }
            self.at += 1;
        }
        None
    }

    /// Takes choices back as far as a clause that cannot hold shows them to be wrong, and follows
    /// what is then known.
    fn learn(&mut self, failed: usize) {
        let level = number(self.choices.len());
        let mut seen = vec![false; self.facts.len()];
        let mut clause: Vec<Lit> = Vec::new();
        let mut from = vec![number(failed)];
        let mut open = 0;
        let mut at = self.trail.len();
        let mut reason = failed;
        let only = loop {
            for literal in self.clause(reason) {
                let variable = literal.variable();
                if !seen[variable] {
                    seen[variable] = true;
                    if self.facts[variable].level == level {
                        open += 1;
                    } else {
                        clause.push(*literal);
                    }
                }
            }
            let last = loop {
                at -= 1;
                let literal = self.trail[at];
                if seen[literal.variable()] {
                    break literal;
                }
            };
            open -= 1;
            if open == 0 {
                break !last;
            }
            let next = self.facts[last.variable()].reason;
            from.push(next);
            reason = next as usize;
        };
        // What was known before any choice need not be said, but is part of the reason.
        let known = |literal: &Lit| self.facts[literal.variable()].level == 0;
        let known: Vec<_> = clause.iter().copied().filter(known).collect();
        from.extend(known.iter().map(|it| self.facts[it.variable()].reason));
        clause.retain(|literal| !known.contains(literal));
        let back = clause.iter().map(|it| self.facts[it.variable()].level);
        let back = back.max().unwrap_or(0) as usize;
        clause.push(only);
        self.take_back(back);
        let index = self.learnt.len();
        for literal in &clause {
            self.learnt_with.entry(*literal).or_default().push(index);
        }
        self.learnt.push(Learnt { clause, from });
        self.assign(only, number(self.clauses.len() + index));
    }

    fn take_back(&mut self, choices: usize) {
        let Some(choice) = self.choices.drain(choices..).next() else {
            return;
        };
        for literal in self.trail.drain(choice.trail..) {
            self.facts[literal.variable()] = Fact::OPEN;
        }
        self.next = choice.trail;
        self.open.truncate(choice.open);
        self.at = choice.at;
    }

    /// The clauses that one which cannot hold rests on where no choice is left.
    fn rest(&self, failed: usize) -> Vec<usize> {
        let mut used = vec![false; self.clauses.len() + self.learnt.len()];
        let mut queue = vec![failed];
        while let Some(index) = queue.pop() {
            if std::mem::replace(&mut used[index], true) {
                continue;
            }
            if let Some(learnt) = index.checked_sub(self.clauses.len()) {
                queue.extend(self.learnt[learnt].from.iter().map(|it| *it as usize));
            }
            // Whatever is false in it and follows from no choice has a reason of its own.
            for literal in self.clause(index) {
                let fact = self.facts[literal.variable()];
                if fact.value != 0 && fact.level == 0 && fact.reason != NOTHING {
                    queue.push(fact.reason as usize);
                }
            }
        }
        (0..self.clauses.len())
            .filter(|index| used[*index])
            .collect()
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("clauses are counted so")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Found, look};
    use crate::engine::propagate::{Clauses, Occurrences};
    use crate::engine::{Formula, Lit, Origin, Search};

    fn literal((variable, is_positive): (u32, bool)) -> Lit {
        let positive = Lit::positive(variable);
        if is_positive { positive } else { !positive }
    }

    /// As many clauses of three literals as can and cannot hold.
    fn clauses(variables: u32) -> impl Strategy<Value = Vec<Vec<Lit>>> {
        let literals = prop::collection::vec((0..variables, any::<bool>()), 1..=3);
        let literals = literals.prop_map(|clause| clause.into_iter().map(literal).collect());
        prop::collection::vec(literals, 0..5 * variables as usize)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// A look says what a search says, whatever stands where, and what it blames cannot hold.
        #[test]
        fn a_look_is_right(clauses in clauses(12), cut in 0..60_usize, out in 0..60_usize) {
            let (mut first, mut further, mut all) = (Formula::new(12), Formula::new(12), Formula::new(12));
            for (index, clause) in clauses.iter().enumerate() {
                let part = if index < cut { &mut first } else { &mut further };
                part.add(Origin::Rule(u32::try_from(index).expect("small")), clause);
                if index != out {
                    all.add(Origin::Nature, clause);
                }
            }
            let mut left_out = vec![false; out + 1];
            left_out[out] = true;
            let (one, two) = (Occurrences::new(&first), Occurrences::new(&further));
            let found = look(Clauses::new(&first, &one, &further, &two), &left_out);
            let is_possible = Search::load(&all).solve(&[]).is_satisfiable();
            match found {
                Found::Unclear => {}
                Found::Possible => prop_assert!(is_possible),
                Found::Impossible(used) => {
                    prop_assert!(!is_possible && !used.contains(&out));
                    let mut blamed = Formula::new(12);
                    for index in used {
                        blamed.add(Origin::Nature, &clauses[index]);
                    }
                    prop_assert!(!Search::load(&blamed).solve(&[]).is_satisfiable());
                }
            }
        }
    }
}
