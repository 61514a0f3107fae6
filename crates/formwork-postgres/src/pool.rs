//! Connections for transactions: one for each that runs at a time.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;
use crate::session::{Connector, Session};

pub(crate) struct Pool {
    connector: Arc<Connector>,
    idle: Mutex<Vec<Session>>,
    permits: Arc<Semaphore>,
    size: Mutex<u32>,
    /// Permits in use that are too many since the pool has become smaller.
    excess: AtomicU32,
    wait: ArcSwap<Duration>,
}

impl Pool {
    pub(crate) fn new(connector: Arc<Connector>, size: u32, wait: Duration) -> Self {
        Self {
            connector,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(size as usize)),
            size: Mutex::new(size),
            excess: AtomicU32::new(0),
            wait: ArcSwap::from_pointee(wait),
        }
    }

    /// A connection that nobody else has until it is given back.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Lent, Error> {
        let wait = **self.wait.load();
        let permit = tokio::time::timeout(wait, Arc::clone(&self.permits).acquire_owned());
        let permit = permit
            .await
            .map_err(|_| Error::Busy(wait))?
            .map_err(|_| Error::Closed)?;
        let idle = loop {
            match self.idle().pop() {
                Some(session) if !session.is_fit() => {}
                other => break other,
            }
        };
        let session = match idle {
            Some(session) => session,
            None => self.connector.connect("").await?,
        };
        Ok(Lent {
            session: Some(session),
            pool: Arc::clone(self),
            permit: Some(permit),
        })
    }

    /// From now on so many at a time, and so long a wait for one of them. What is lent is not
    /// touched; what is idle and stale is closed.
    pub(crate) fn resize(&self, size: u32, wait: Duration) {
        self.wait.store(Arc::new(wait));
        let mut present = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *present, size);
        if size >= before {
            // Those that were to go may stay.
            let mut more = size - before;
            while more > 0 && self.settle() {
                more -= 1;
            }
            self.permits.add_permits(more as usize);
        } else {
            let fewer = before - size;
            let gone = self.permits.forget_permits(fewer as usize) as u32;
            self.excess.fetch_add(fewer - gone, Ordering::AcqRel);
        }
        let mut idle = self.idle();
        idle.retain(Session::is_fit);
        idle.truncate(size as usize);
    }

    /// Whether there was one permit too many in use, which there is not any more.
    fn settle(&self) -> bool {
        let fewer = |excess: u32| excess.checked_sub(1);
        let settled = self
            .excess
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer);
        settled.is_ok()
    }

    /// Closes what is idle; what is lent closes when it comes back. Nothing is lent any more.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is in use. Dropping it closes it: only one that is known to be clean is given
/// back.
pub(crate) struct Lent {
    session: Option<Session>,
    pool: Arc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lent {
    /// Lets others use the connection.
    pub(crate) fn give_back(mut self) {
        if let Some(session) = self.session.take()
            && session.is_fit()
            && !self.pool.permits.is_closed()
        {
            self.pool.idle().push(session);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take()
            && self.pool.settle()
        {
            permit.forget();
            self.pool.idle().pop();
        }
    }
}

impl Deref for Lent {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
            .as_ref()
            .expect("the session leaves only together with this value")
    }
}
