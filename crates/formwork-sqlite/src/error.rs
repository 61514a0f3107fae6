//! From the driver's errors to those of the ports.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use formwork_domain::RepositoryError;
use formwork_outbox::StoreError;

/// What a failed statement means to a repository: a unique column that has the value already is
/// [`RepositoryError::Duplicate`], everything else [`RepositoryError::Unavailable`].
pub fn store_error(attempted: &'static str, error: sqlx::Error) -> RepositoryError {
    match duplicate(&error) {
        Some(field) => RepositoryError::Duplicate { field },
        None => RepositoryError::unavailable(attempted, error),
    }
}

/// What a failed statement means to the outbox.
pub(crate) fn outbox_error(attempted: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| StoreError::unavailable(attempted, error)
}

/// The column in `UNIQUE constraint failed: orders.number`; the last one where there are several.
fn duplicate(error: &sqlx::Error) -> Option<&'static str> {
    let error = error.as_database_error()?;
    if !error.is_unique_violation() {
        return None;
    }
    let (_, columns) = error.message().rsplit_once(": ")?;
    let column = columns.rsplit(['.', ' ']).next()?;
    Some(interned(column))
}

/// A text that lives as long as the process. There are as many as unique columns in the schema.
fn interned(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let leaked: &'static str = Box::leak(text.into());
    texts.insert(leaked);
    leaked
}
