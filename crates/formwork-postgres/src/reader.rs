//! Reads: a few connections that everybody shares.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::RwLock;
use tokio_postgres::Row;

use crate::Error;
use crate::session::{Connector, Parameter, Session};
use crate::tenancy::Scope;

/// Queries outside transactions, read-only. Cheap to clone.
///
/// All of them share a few connections; their statements follow one another on the wire without
/// waiting for answers, so that no query waits for a free connection. A query whose connection
/// breaks is tried once more on a new one. A query that is dropped leaves nothing behind.
///
/// A query that runs long delays those behind it on its connection: analysis belongs into a
/// transaction.
///
/// Queries of a tenant ([`Database::for_tenant`](crate::Database::for_tenant)) share the same
/// connections. Each is a transaction of its own that carries the tenant and ends in the same
/// flight, so that no other query ever runs in it.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
    tenant: Option<Arc<Scope>>,
}

/// Where a shared connection is kept.
type Slot = RwLock<Option<Arc<Session>>>;

struct Shared {
    connector: Arc<Connector>,
    slots: ArcSwap<Vec<Slot>>,
    next: AtomicUsize,
}

impl Reader {
    pub(crate) fn new(connector: Arc<Connector>, connections: u32) -> Self {
        Self {
            shared: Arc::new(Shared {
                connector,
                slots: ArcSwap::new(slots(connections)),
                next: AtomicUsize::new(0),
            }),
            tenant: None,
        }
    }

    pub(crate) fn for_tenant(&self, scope: Arc<Scope>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            tenant: Some(scope),
        }
    }

    /// All rows.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses the statement.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        let slots = self.shared.slots.load_full();
        let next = &self.shared.next;
        let slot = &slots[next.fetch_add(1, Ordering::Relaxed) % slots.len()];
        let session = self.session(slot).await?;
        match self.query_on(&session, sql, parameters).await {
            Err(error) if error.is_connection() => {
                // The connection may not know yet that it is broken.
                let mut current = slot.write().await;
                if current.as_ref().is_some_and(|it| Arc::ptr_eq(it, &session)) {
                    *current = None;
                }
                drop(current);
                let session = self.session(slot).await?;
                self.query_on(&session, sql, parameters).await
            }
            answer => answer,
        }
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses the statement.
    pub async fn query_opt(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    async fn query_on(
        &self,
        session: &Session,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        match &self.tenant {
            None => session.query(sql, parameters).await,
            Some(scope) => session.query_in(scope.begin(), sql, parameters).await,
        }
    }

    /// The connection in a slot, which works as far as known.
    async fn session(&self, slot: &Slot) -> Result<Arc<Session>, Error> {
        if let Some(session) = slot.read().await.as_ref()
            && session.is_fit()
        {
            return Ok(Arc::clone(session));
        }
        // One reconnects, those who came at the same time wait for it.
        let mut slot = slot.write().await;
        if let Some(session) = slot.as_ref()
            && session.is_fit()
        {
            return Ok(Arc::clone(session));
        }
        let read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
        let session = Arc::new(self.shared.connector.connect(read_only).await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    /// From now on so many connections, made anew when they are needed; those there are close once
    /// the queries on them are done.
    pub(crate) fn renew(&self, connections: u32) {
        self.shared.slots.store(slots(connections));
    }

    /// Closes the connections once the queries on them are done.
    pub(crate) async fn close(&self) {
        for slot in self.shared.slots.load_full().iter() {
            *slot.write().await = None;
        }
    }
}

fn slots(connections: u32) -> Arc<Vec<Slot>> {
    Arc::new((0..connections).map(|_| RwLock::default()).collect())
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("connections", &self.shared.slots.load().len())
            .finish_non_exhaustive()
    }
}
