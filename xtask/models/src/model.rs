//! A feature model: named variables and clauses over them.

use std::collections::BTreeMap;

use formwork_resolve::engine::{Formula, Lit};

/// A feature model, ready for the engine.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Every clause is a rule of its own, or one of several of a rule.
    pub formula: Formula,
    /// The features; other variables only help to write clauses.
    pub features: Vec<Lit>,
    /// By name, where features have names.
    pub names: BTreeMap<String, Lit>,
}

/// Why a text is no feature model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ReadError {
    /// Counted from one.
    pub line: usize,
    /// What was expected, and what was found.
    pub message: String,
}

impl ReadError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}
