//! Who is let in.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Desk;
use crate::Problem;
use crate::extract::bearer;

/// Lets through who sends the token that is in force now. The comparison takes the same time
/// wherever two tokens differ.
pub(super) async fn admit(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let sent = bearer(request.headers());
    if sent.is_some_and(|sent| sent == desk.config.load().token) {
        return next.run(request).await;
    }
    let problem = Problem::new(StatusCode::UNAUTHORIZED)
        .with_detail("send the token of `admin.token` as `authorization: Bearer TOKEN`");
    let challenge = HeaderValue::from_static("Bearer realm=\"admin\"");
    let mut response = problem.into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}
