//! What every request passes before and after its handler.
//!
//! From the outside in:
//!
//! 1. request id: taken over or made, answered as `x-request-id`;
//! 2. span: every line logged below carries the request's identifiers;
//! 3. metrics: duration by method, route template and status; requests in flight;
//! 4. security headers, unless the handler set its own;
//! 5. CORS, when origins are configured;
//! 6. compression, when configured and the client takes it;
//! 7. panics become problems;
//! 8. rate and concurrency limits: what is over them is refused at once, not queued;
//! 9. timeout, up to the head of the answer;
//! 10. body limit;
//! 11. the [gates](crate::Gate) of all modules.
//!
//! 1 to 4 are one service, [`Observe`], 7 to 10 another, [`Protect`], and the whole stack is put
//! around a route at once: a request pays for one box, not for ten. Everything refused by 7 to 10
//! still gets the headers of 1 to 6.

mod active;
mod admission;
mod cors;
mod durations;
mod gates;
mod observe;
mod protect;
mod rate;
pub(crate) mod request_id;

pub(crate) use admission::Admission;
pub(crate) use gates::Gates;
pub(crate) use observe::Observe;
pub(crate) use protect::Protect;
pub(crate) use rate::Rate;

use axum::Router;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

/// Bodies below this size are not worth compressing.
const COMPRESS_ABOVE: u64 = 1024;

/// Puts the stack around every route and fallback of a router.
pub(crate) fn around(
    router: Router,
    observe: Observe,
    protect: Protect,
    origins: &[String],
    compression: bool,
) -> Router {
    let cors = cors::layer(origins);
    let gzip = compression.then(|| {
        CompressionLayer::new()
            .gzip(true)
            .quality(CompressionLevel::Fastest)
            .compress_when(DefaultPredicate::new().and(SizeAbove::new(COMPRESS_ABOVE)))
    });
    match (cors, gzip) {
        (None, None) => router.layer((observe, protect)),
        (Some(cors), None) => router.layer((observe, cors, protect)),
        (None, Some(gzip)) => router.layer((observe, gzip, protect)),
        (Some(cors), Some(gzip)) => router.layer((observe, cors, gzip, protect)),
    }
}

/// Tells the recorder what the metrics mean.
pub(crate) fn describe_metrics() {
    metrics::describe_histogram!(
        durations::DURATION,
        metrics::Unit::Seconds,
        "How long requests took, by method, route and status."
    );
    metrics::describe_gauge!(observe::ACTIVE, "Requests being worked on.");
}
