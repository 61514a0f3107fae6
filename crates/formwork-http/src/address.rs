//! Where the server listens, and who called.

use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

/// Who a request came from: the other end of its connection, which may be a proxy. The server puts
/// it into the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The address the server listens on, known once it has started; another one after a reload that
/// changed it. Useful with port 0.
#[derive(Debug, Default)]
pub struct ServerAddress(RwLock<Option<SocketAddr>>);

impl ServerAddress {
    /// The address, `None` before the server has started.
    pub fn get(&self) -> Option<SocketAddr> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, address: SocketAddr) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}
