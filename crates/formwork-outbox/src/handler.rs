//! What reacts to events.

use std::error::Error;

use formwork_domain::{BoxFuture, RepositoryError, UseCaseError};

use crate::Envelope;

/// Reacts to events of other aggregates or services.
///
/// # Contract
/// An event may come more than once. A handler that changes an aggregate passes
/// [`Envelope::operation`] to the repository, which records the delivery with the change. The
/// second time the repository says [`RepositoryError::AlreadyHandled`]; passed on with `?`, that
/// counts as success. A handler without such a change asks an [`InboxStore`](crate::InboxStore).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not react to events",
    note = "implement `formwork_outbox::Handler` for it"
)]
pub trait Handler: Send + Sync {
    /// The durable name, unique in the service, such as `payment.request-on-order-placed`.
    /// Renaming it makes it a new consumer.
    fn consumer(&self) -> &str;

    /// The events it wants: `order.placed`, `order.*`, or `*` for all.
    fn subjects(&self) -> &[&str];

    /// Reacts to one event. Events with the same key come one after the other.
    fn handle<'a>(&'a self, envelope: &'a Envelope) -> BoxFuture<'a, Result<(), HandlerError>>;
}

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// Trying again may help: something is not available, or somebody was faster.
    #[error("could not handle the event now")]
    Retry(#[source] Box<dyn Error + Send + Sync>),
    /// Trying again will not help.
    #[error("could not handle the event")]
    Poison(#[source] Box<dyn Error + Send + Sync>),
}

impl HandlerError {
    /// Whether the error says that there is nothing left to do.
    pub(crate) fn is_already_handled(&self) -> bool {
        let Self::Retry(source) = self else {
            return false;
        };
        matches!(source.downcast_ref(), Some(RepositoryError::AlreadyHandled))
    }

    /// Whether somebody else was faster, so that trying again at once is all it takes.
    pub(crate) fn is_conflict(&self) -> bool {
        let Self::Retry(source) = self else {
            return false;
        };
        matches!(source.downcast_ref(), Some(RepositoryError::Conflict))
    }
}

impl From<RepositoryError> for HandlerError {
    /// What is stored wrong stays wrong; everything else is worth another try.
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Corrupt { .. } => Self::Poison(error.into()),
            _ => Self::Retry(error.into()),
        }
    }
}

impl From<UseCaseError> for HandlerError {
    /// A missing aggregate may still come, and an aggregate that refuses now may be waiting for an
    /// event with another key: both are worth another try.
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Repository(error) => error.into(),
            error => Self::Retry(error.into()),
        }
    }
}

impl From<serde_json::Error> for HandlerError {
    /// An event of another shape does not change it.
    fn from(error: serde_json::Error) -> Self {
        Self::Poison(error.into())
    }
}
