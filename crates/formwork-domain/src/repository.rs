//! The contract between aggregates and where they are kept.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::{DomainEvent, Operation, Outcome};

/// A boxed future: what the methods of a port return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How often an aggregate has been saved. Zero: never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    /// The version of an aggregate that has not been saved.
    pub const NEW: Self = Self(0);

    /// A version from its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version after one more save.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A consistency boundary: state that changes only through methods which keep its invariants and
/// record what happened.
pub trait Aggregate {
    /// What can happen to it.
    type Event: DomainEvent;

    /// The name, such as `order`.
    const NAME: &'static str;

    /// The bytes of the identifier.
    fn id_bytes(&self) -> [u8; 16];

    /// The version that was loaded; [`Version::NEW`] before the first save.
    fn version(&self) -> Version;

    /// What happened since it was loaded, in order.
    fn events(&self) -> &[Self::Event];
}

/// Why a repository could not do what was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Somebody else saved the aggregate since it was loaded.
    Conflict,
    /// Another aggregate already has this value in a unique field.
    Duplicate {
        /// The field.
        field: &'static str,
    },
    /// The operation's delivery was handled before; nothing was changed.
    AlreadyHandled,
    /// The operation's idempotency key was used before; nothing was changed.
    Replayed {
        /// What the first use led to, or `None` when it was for a different request.
        outcome: Option<Outcome>,
    },
    /// What is stored does not make a valid aggregate.
    Corrupt {
        /// What was being read, such as `order 0197…`.
        what: String,
        /// Why it is not valid.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store failed or could not be reached.
    Unavailable {
        /// What was being attempted, such as `save order`.
        attempted: &'static str,
        /// The driver's error.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl RepositoryError {
    /// The store failed while `attempted` was being done.
    pub fn unavailable(
        attempted: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            attempted,
            source: source.into(),
        }
    }

    /// What is stored as `what` is not valid.
    pub fn corrupt(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt {
            what: what.into(),
            source: source.into(),
        }
    }
}

impl fmt::Display for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the aggregate was changed by someone else"),
            Self::Duplicate { field } => write!(f, "another aggregate has the same `{field}`"),
            Self::AlreadyHandled => f.write_str("the event was handled before"),
            Self::Replayed { outcome: Some(_) } => f.write_str("the request was made before"),
            Self::Replayed { outcome: None } => {
                f.write_str("the idempotency key was used for a different request")
            }
            Self::Corrupt { what, .. } => write!(f, "stored {what} is not valid"),
            Self::Unavailable { attempted, .. } => write!(f, "could not {attempted}"),
        }
    }
}

impl Error for RepositoryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Corrupt { source, .. } | Self::Unavailable { source, .. } => {
                Some(source.as_ref())
            }
            _ => None,
        }
    }
}

/// Knows which operations were carried out before.
///
/// Asked before a command runs, so that a repeated request or a redelivered event gets the same
/// answer as the first time even though the aggregate has moved on. The guarantee stays with
/// [`Operation`]'s commit: two racing repetitions both pass here, and one of them fails to save.
pub trait OperationLog: Send + Sync {
    /// Success when neither the operation's delivery nor its idempotency key was seen.
    ///
    /// The error is the one saving would give: [`RepositoryError::AlreadyHandled`] or
    /// [`RepositoryError::Replayed`].
    fn check<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Result<(), RepositoryError>>;
}
