//! Expressions: how they are written, what they mean, and what they are in Rust.

mod parse;
mod scope;
#[cfg(test)]
mod tests;
mod token;
mod translate;

pub(crate) use parse::{Ast, Node, parse};
pub(crate) use scope::{Access, Binding, Scope, Struct, Values};
pub(crate) use translate::{Code, Failure, check, owned, pointed};

/// What is wrong with an expression, and where: a byte offset into its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpressionError {
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The names that were possible, when an unknown one was used.
    pub(crate) known: Option<(String, Vec<String>)>,
}

impl ExpressionError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
            hint: None,
            known: None,
        }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}
