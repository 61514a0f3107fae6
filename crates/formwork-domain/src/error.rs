//! What can go wrong in a domain, and in the use cases around it.

use std::error::Error;
use std::fmt;

use crate::{MoneyError, RepositoryError, Version, Violations};

/// Why an aggregate refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DomainError {
    /// The input is wrong, here and there.
    Invalid(Violations),
    /// The command is not possible in the aggregate's present state.
    State {
        /// The command.
        command: &'static str,
        /// The present state.
        state: &'static str,
    },
    /// A rule of the business forbids it.
    Rule {
        /// The rule's name.
        rule: &'static str,
        /// The rule, for people.
        message: &'static str,
    },
    /// An amount could not be computed.
    Money(MoneyError),
    /// A number does not fit.
    Overflow,
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(violations) => violations.fmt(f),
            Self::State { command, state } => {
                write!(f, "`{command}` is not possible in state `{state}`")
            }
            Self::Rule { message, .. } => f.write_str(message),
            Self::Money(error) => error.fmt(f),
            Self::Overflow => f.write_str("a number is too large"),
        }
    }
}

impl Error for DomainError {}

impl From<Violations> for DomainError {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<MoneyError> for DomainError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

/// Why a use case did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UseCaseError {
    /// There is no such aggregate.
    NotFound {
        /// Which kind, such as `order`.
        aggregate: &'static str,
        /// Its identifier, or the key it was looked up by.
        key: String,
    },
    /// The caller expected another version.
    VersionMismatch {
        /// The version the caller saw.
        expected: Version,
        /// The version there is.
        actual: Version,
    },
    /// The aggregate refused.
    Domain(DomainError),
    /// The repository could not.
    Repository(RepositoryError),
}

impl fmt::Display for UseCaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { aggregate, key } => write!(f, "there is no {aggregate} `{key}`"),
            Self::VersionMismatch { expected, actual } => {
                write!(f, "expected version {expected}, found version {actual}")
            }
            Self::Domain(error) => error.fmt(f),
            Self::Repository(error) => error.fmt(f),
        }
    }
}

impl Error for UseCaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Domain(error) => error.source(),
            Self::Repository(error) => error.source(),
            _ => None,
        }
    }
}

impl From<DomainError> for UseCaseError {
    fn from(error: DomainError) -> Self {
        Self::Domain(error)
    }
}

impl From<RepositoryError> for UseCaseError {
    fn from(error: RepositoryError) -> Self {
        Self::Repository(error)
    }
}

impl From<Violations> for UseCaseError {
    fn from(violations: Violations) -> Self {
        Self::Domain(violations.into())
    }
}
