//! Path parameters.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use formwork_domain::Id;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::problem::rejection::malformed;

/// The parameters of the path, as axum's own extractor reads them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(value) =
            axum::extract::Path::<T>::from_request_parts(parts, state).await?;
        Ok(Self(value))
    }
}

/// The identifier in a path with one parameter, such as `/orders/{id}`.
///
/// What is no identifier is refused with 400.
pub struct PathId<T: ?Sized>(pub Id<T>);

impl<T: ?Sized> std::fmt::Debug for PathId<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PathId").field(&self.0).finish()
    }
}

impl<T: ?Sized, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|error: formwork_domain::ParseIdError| {
                malformed().with_violation("id", "uuid", error.to_string())
            })
    }
}
