//! Why there is no plan.

use std::fmt;

use serde::Serialize;

use crate::{Conflict, Wish};

/// A wish that makes no sense for the catalog, whatever the others say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    pub wish: Wish,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "\nhint: {help}"),
            None => Ok(()),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Every mistake of the wishes.
    #[error("{}", lines(.0))]
    Wishes(Vec<Mistake>),
    /// The wishes cannot hold together.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// The plan the solver found breaks a rule. This is a bug of ours, caught before it did harm.
    #[error("the plan found breaks its own rules, which is a bug: {}", .0.join("; "))]
    Unsound(Vec<String>),
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
