//! Accepting connections.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::places::Place;
use super::{Server, connection};
use crate::Peer;

/// A connection and its other end.
type Accepted = (TcpStream, SocketAddr);

/// How long to wait when the process cannot take a connection, as when it is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `end` says something else.
pub(super) async fn run<E>(
    server: &Server,
    listener: TcpListener,
    end: impl Future<Output = E>,
) -> E {
    let end = tokio::select! {
        end = end => end,
        never = accept_all(server, &listener) => match never {},
    };
    let places = &server.tuned.places;
    // Who had connected before the end, but was not accepted yet, is served too.
    while let Some(place) = places.try_take()
        && let Some(Ok(accepted)) = accepted(&listener).await
    {
        start(server, accepted, place);
    }
    end
}

async fn accept_all(server: &Server, listener: &TcpListener) -> Infallible {
    loop {
        let place = server.tuned.places.take().await;
        start(server, accept(listener).await, place);
    }
}

fn start(server: &Server, accepted: Accepted, place: Place) {
    let (stream, peer) = accepted;
    // Without it, the last part of an answer may wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let connection = connection::run(server.clone(), stream, Peer(peer));
    server.connections.spawn(async move {
        connection.await;
        drop(place);
    });
}

/// The next connection; failures of single ones are none of the listener's.
async fn accept(listener: &TcpListener) -> Accepted {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A connection that is already waiting to be accepted.
async fn accepted(listener: &TcpListener) -> Option<io::Result<Accepted>> {
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    accepted.ok()
}

fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
