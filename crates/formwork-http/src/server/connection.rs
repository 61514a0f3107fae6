//! One connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tower::Service;

use super::Server;
use super::activity::{Activity, Flight, FlightBody, Phase, Watched};
use crate::Peer;

/// Answers the requests of a connection until it ends, is idle or slow for too long, or the
/// server ends.
pub(super) async fn run(server: Server, stream: TcpStream, peer: Peer) {
    let activity = Arc::new(Activity::new());
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let flight = Flight::start(&activity, &server.in_flight);
        // One generation for the whole request.
        let mut router = Router::clone(&server.tuned.router.load());
        let answering = router.call(request);
        async move {
            let answer = match answering.await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(answer.map(|body| FlightBody {
                body,
                _flight: flight,
            }))
        }
    });
    let stream = Watched {
        stream,
        activity: Arc::clone(&activity),
    };
    let mut connection = pin!(
        http1::Builder::new()
            // The timer of heads is ours, see `activity`.
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
    );

    let header_timeout = server.tuned.limits.load().header_timeout;
    let mut patience = pin!(sleep(header_timeout));
    let mut retired = pin!(sleep(header_timeout));
    let mut seen = activity.now();
    // A token of its own, so that connections do not meet at one lock.
    let draining = server.draining.child_token();
    let mut draining = pin!(draining.cancelled());
    let mut cutting = pin!(server.cutting.cancelled());
    let mut last_request = false;
    poll_fn(|context| {
        loop {
            // First of all, so that a request which has arrived is answered whatever else ended.
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return Poll::Ready(());
            }
            if last_request {
                if cutting.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                if server.patience.get().is_some() && retired.as_mut().poll(context).is_ready() {
                    tracing::warn!("a connection of the listener before was cut off");
                    return Poll::Ready(());
                }
                break;
            }
            if draining.as_mut().poll(context).is_pending() {
                break;
            }
            last_request = true;
            if let Some(patience) = server.patience.get() {
                retired.as_mut().reset(Instant::now() + *patience);
            }
            connection.as_mut().graceful_shutdown();
        }

        let now = activity.now();
        if now != seen {
            seen = now;
            let limits = server.tuned.limits.load();
            let wait = match now.phase {
                Phase::Head => limits.header_timeout,
                Phase::Idle | Phase::Busy => limits.keep_alive,
            };
            patience.as_mut().reset(Instant::now() + wait);
        }
        match now.phase {
            Phase::Busy => Poll::Pending,
            Phase::Idle | Phase::Head => patience.as_mut().poll(context),
        }
    })
    .await;
}
