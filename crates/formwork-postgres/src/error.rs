//! Errors, and what they mean to a repository.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use formwork_domain::{RepositoryError, TenantId};
use formwork_outbox::StoreError;
use tokio_postgres::error::SqlState;

use crate::DatabaseError;

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL is not one.
    #[error("the database's URL is not valid")]
    Url(#[source] Arc<DatabaseError>),
    /// The module has not started, or has stopped.
    #[error("the database is not open")]
    Closed,
    /// No connection could be made.
    #[error("could not connect to the database")]
    Connect(#[source] DatabaseError),
    /// Connecting took too long.
    #[error("could not connect to the database within {0:?}")]
    ConnectTimeout(Duration),
    /// All connections were in use for too long.
    #[error("no connection became free within {0:?}")]
    Busy(Duration),
    /// The connection broke before the statement was sent.
    #[error("the connection broke")]
    Broken,
    /// A statement failed.
    #[error("a statement failed")]
    Statement(#[source] DatabaseError),
    /// A transaction was to be committed although one of its statements had failed.
    #[error("a statement of the transaction had failed before")]
    Failed,
    /// A change for one tenant, or for none, was to be made in another tenant's transaction.
    #[error(
        "the transaction is that of tenant `{tenant}`, the operation {}",
        describe(operation)
    )]
    ForeignOperation {
        /// Whose transaction it is.
        tenant: TenantId,
        /// Whom the operation is for.
        operation: Option<TenantId>,
    },
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error.into())
    }
}

fn describe(operation: &Option<TenantId>) -> String {
    operation.as_ref().map_or_else(
        || "is for no tenant".to_owned(),
        |tenant| format!("is for tenant `{tenant}`"),
    )
}

impl Error {
    /// Whether nothing is known to be wrong with the statement, only with the connection.
    pub(crate) fn is_connection(&self) -> bool {
        match self {
            Self::Statement(error) => {
                error.expose().is_closed()
                    || error.code().is_some_and(|code| {
                        // The server is going away, or has just come.
                        *code == SqlState::ADMIN_SHUTDOWN
                            || *code == SqlState::CRASH_SHUTDOWN
                            || *code == SqlState::CANNOT_CONNECT_NOW
                    })
                    || error.code().is_none()
            }
            Self::Broken => true,
            _ => false,
        }
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Statement(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the role may not do it, or sees no schema it could do it in.
    pub(crate) fn is_denied(&self) -> bool {
        self.code().is_some_and(|code| {
            *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::INVALID_SCHEMA_NAME
        })
    }

    /// The constraint that was violated.
    pub(crate) fn violates(&self, constraint: &str) -> bool {
        let Self::Statement(error) = self else {
            return false;
        };
        error.code() == Some(&SqlState::UNIQUE_VIOLATION) && error.constraint() == Some(constraint)
    }
}

/// What a failure to do `attempted` means to the caller of a repository.
///
/// A unique constraint that was violated is a [`Duplicate`](RepositoryError::Duplicate) of the
/// field the constraint is named after (`orders_number_key` on `orders` is about `number`). A
/// serialisation failure or a deadlock is a [`Conflict`](RepositoryError::Conflict): trying again
/// helps.
pub fn store_error(attempted: &'static str, error: impl Into<Error>) -> RepositoryError {
    let error = error.into();
    let code = error.code();
    if code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
    {
        return RepositoryError::Conflict;
    }
    if code == Some(&SqlState::UNIQUE_VIOLATION)
        && let Error::Statement(error) = &error
        && let Some(error) = error.expose().as_db_error()
        && let Some(constraint) = error.constraint()
    {
        return RepositoryError::Duplicate {
            field: intern(field_of(error.table().unwrap_or_default(), constraint)),
        };
    }
    RepositoryError::unavailable(attempted, error)
}

pub(crate) fn outbox_error(attempted: &'static str, error: impl Into<Error>) -> StoreError {
    StoreError::unavailable(attempted, error.into())
}

/// The field a unique constraint is about, by PostgreSQL's own way of naming.
fn field_of<'a>(table: &str, constraint: &'a str) -> &'a str {
    let rest = constraint
        .strip_prefix(table)
        .and_then(|rest| rest.strip_prefix('_'))
        .unwrap_or(constraint);
    if rest == "pkey" {
        return "id";
    }
    // What is unique within a tenant is so by the tenant's column and its own.
    let rest = rest.strip_prefix("tenant_").unwrap_or(rest);
    ["_key", "_unique", "_idx"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix))
        .unwrap_or(rest)
}

/// Keeps a name for ever. There are no more than the schema has constraints.
fn intern(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name) {
        Some(name) => name,
        None => {
            let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
            names.insert(name);
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_name_their_field() {
        for (table, constraint, field) in [
            ("orders", "orders_number_key", "number"),
            ("orders", "orders_pkey", "id"),
            ("orders", "orders_customer_email_idx", "customer_email"),
            ("orders", "orders_tenant_number_key", "number"),
            ("orders", "unique_number", "unique_number"),
            ("", "number_key", "number_key"),
        ] {
            let field = if table.is_empty() { "number" } else { field };
            assert_eq!(field_of(table, constraint), field, "{constraint}");
        }
        assert!(std::ptr::eq(intern("number"), intern("number")));
    }
}
