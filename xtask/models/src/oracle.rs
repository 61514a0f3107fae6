//! Answers recorded for a model with other solvers.

use serde::Deserialize;

/// What is known of a model.
#[derive(Debug, Clone, Deserialize)]
pub struct Oracle {
    /// How many variables it has.
    pub vars: usize,
    /// Whether there is any configuration.
    pub satisfiable: bool,
    /// How many variables are true in every configuration, for models that are not too large.
    pub always_true: Option<usize>,
    /// How many are false in every configuration.
    pub always_false: Option<usize>,
    /// Selections, each with its answer.
    pub queries: Vec<Query>,
}

/// A selection and its answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Query {
    /// Numbers of variables, negative where the variable is out.
    pub selection: Vec<i64>,
    /// Whether it can be completed.
    pub satisfiable: bool,
    /// The fewest true variables of any completion.
    pub min_true_vars: Option<usize>,
    /// The fewest members of the selection to drop.
    pub min_correction_size: Option<usize>,
}
