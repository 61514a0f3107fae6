//! The server: one listener, its connections, and an orderly end for both.
//!
//! Stopping has two steps. [`Server::drain`] closes the listener and every idle connection, and
//! waits for the requests in flight; how long, its caller decides. [`Server::cut`] closes what is
//! still open and says how many requests were in flight there.

mod accept;
mod activity;
mod connection;
mod places;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use places::Places;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::HttpConfig;

/// What connections are held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// At most so many connections at once; further ones wait to be accepted.
    pub(crate) connections: usize,
    /// How long the head of a request may take to arrive.
    pub(crate) header_timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub(crate) keep_alive: Duration,
}

impl Limits {
    pub(crate) fn of(config: &HttpConfig) -> Self {
        Self {
            connections: config.max_connections as usize,
            header_timeout: config.header_timeout,
            keep_alive: config.keep_alive,
        }
    }
}

/// Another listener in the place of the present one.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) listener: TcpListener,
    /// How long requests on connections of the present one may still take.
    pub(crate) patience: Duration,
}

/// What may be changed while connections are open.
#[derive(Debug)]
struct Tuned {
    limits: ArcSwap<Limits>,
    router: ArcSwap<Router>,
    places: Arc<Places>,
}

/// The connections of one listener, and how to end them. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    tuned: Arc<Tuned>,
    /// The tasks of all connections.
    connections: TaskTracker,
    /// Requests read but not yet answered completely.
    in_flight: Arc<AtomicUsize>,
    /// Accept nothing more; end each connection after the request it is working on.
    draining: CancellationToken,
    /// End each connection now.
    cutting: CancellationToken,
    /// How long the requests in flight may take while draining, when that is decided here.
    patience: Arc<OnceLock<Duration>>,
}

impl Server {
    /// A server that drains also when `shutdown` is cancelled.
    pub(crate) fn new(limits: Limits, router: Router, shutdown: &CancellationToken) -> Self {
        Self {
            tuned: Arc::new(Tuned {
                places: Places::new(limits.connections),
                limits: ArcSwap::from_pointee(limits),
                router: ArcSwap::from_pointee(router),
            }),
            patience: Arc::default(),
            connections: TaskTracker::new(),
            in_flight: Arc::default(),
            draining: shutdown.child_token(),
            cutting: CancellationToken::new(),
        }
    }

    /// From now on every request, also on connections that are open, is answered by this router
    /// and held to these limits.
    pub(crate) fn tune(&self, limits: Limits, router: Router) {
        self.tuned.places.resize(limits.connections);
        self.tuned.limits.store(Arc::new(limits));
        self.tuned.router.store(Arc::new(router));
    }

    /// Accepts connections and answers them, until it is drained. Connections of a listener that
    /// is replaced end after the request they are working on.
    pub(crate) async fn serve(
        self,
        mut listener: TcpListener,
        mut replacements: UnboundedReceiver<Replacement>,
    ) {
        loop {
            let group = self.group();
            let replaced = async {
                tokio::select! {
                    () = self.draining.cancelled() => None,
                    Some(replacement) = replacements.recv() => Some(replacement),
                }
            };
            let Some(replacement) = accept::run(&group, listener, replaced).await else {
                return;
            };
            // The first of all to set it.
            let _ = group.patience.set(replacement.patience);
            group.draining.cancel();
            listener = replacement.listener;
        }
    }

    /// The same server, of which connections can be ended without the others.
    fn group(&self) -> Self {
        Self {
            draining: self.draining.child_token(),
            patience: Arc::default(),
            ..self.clone()
        }
    }

    /// Stops accepting and waits until everything in flight is answered.
    pub(crate) async fn drain(&self) {
        self.draining.cancel();
        self.connections.close();
        self.connections.wait().await;
    }

    /// Closes what is still open. Returns how many requests were cut off.
    pub(crate) async fn cut(&self) -> usize {
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        self.cutting.cancel();
        self.drain().await;
        in_flight
    }
}
