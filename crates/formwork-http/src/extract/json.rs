//! JSON bodies.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::mistakes;
use crate::Problem;
use crate::problem::failure::invalid;
use crate::problem::rejection::malformed;

/// A JSON body, read or written.
///
/// A body that is no JSON is refused with 400, one of another media type with 415, one that does
/// not fit `T` with 422 and the paths of all fields at fault (at most 50, fewer in a large body).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                .with_detail("expected `content-type: application/json`"));
        }
        let body = Bytes::from_request(request, state).await?;
        // The path of a mistake costs time to follow: it is followed only once there is one.
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| explain::<T>(&body, &error))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let suffix = subtype.rsplit('+').next().unwrap_or_default();
    kind.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => {}
        Category::Eof if body.is_empty() => {
            return malformed().with_detail("expected a JSON body, found none");
        }
        _ => return malformed().with_detail(format!("the body is no JSON: {error}")),
    }
    mistakes::of_json::<T>(invalid(), body)
}
