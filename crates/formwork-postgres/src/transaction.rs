//! One unit of work.

use std::fmt;

use formwork_domain::{Delivery, IdempotencyKey, Operation, Outcome, RepositoryError, TenantId};
use formwork_outbox::{Envelope, partition_of};
use futures_util::FutureExt;
use futures_util::future::{OptionFuture, join, join_all, join3, join5};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{Database, PARTITIONS};
use crate::pool::Lent;
use crate::session::{Parameter, Session};
use crate::store::column;
use crate::{Error, store_error};

const INBOX: &str = "INSERT INTO formwork_inbox (tenant, consumer, message, part) \
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])";

const IDEMPOTENCY: &str = "INSERT INTO formwork_idempotency \
         (tenant, scope, key, fingerprint, id, version) \
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[])";

// The rows are numbered in the order of the events.
const OUTBOX: &str = "INSERT INTO formwork_outbox (partition, key, envelope) \
     SELECT partition, key, envelope \
     FROM unnest($1::integer[], $2::text[], $3::text[]) \
     WITH ORDINALITY AS event (partition, key, envelope, number) \
     ORDER BY number";

/// One unit of work: everything in it is committed together, or nothing.
///
/// It takes as few trips to the server as it can: it begins together with its first statement, and
/// what [`record`](Self::record) was given is written together with the commit.
///
/// Dropping it rolls it back, at any point: also when the future of one of its methods is dropped
/// half-way. A connection on which something may still be going on is never used again.
pub struct Transaction {
    database: Database,
    /// Taken when the transaction ends.
    lent: Option<Lent>,
    begun: bool,
    /// A statement is on its way; if its future is dropped, this stays.
    busy: bool,
    failed: bool,
    recorded: Recorded,
}

/// What is written with the commit.
#[derive(Default)]
struct Recorded {
    deliveries: Vec<(Option<TenantId>, Delivery)>,
    keys: Vec<(Option<TenantId>, IdempotencyKey, Outcome)>,
    envelopes: Vec<Envelope>,
}

impl Transaction {
    pub(crate) fn new(database: Database, lent: Lent) -> Self {
        Self {
            database,
            lent: Some(lent),
            begun: false,
            busy: false,
            failed: false,
            recorded: Recorded::default(),
        }
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses the statement. The transaction can then only
    /// be dropped.
    pub async fn execute(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64, Error> {
        self.busy = true;
        let (session, begin) = self.session()?;
        let count = async {
            let statement = session.prepare(sql).await?;
            let (begun, count) = join(begin, session.client.execute(&statement, parameters)).await;
            begun.transpose()?;
            count.map_err(|error| session.forget_stale(sql, error))
        };
        let count = count.await;
        self.done(count)
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses the statement. The transaction can then only
    /// be dropped.
    pub async fn query(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.busy = true;
        let (session, begin) = self.session()?;
        let rows = async {
            let statement = session.prepare(sql).await?;
            let (begun, rows) = join(begin, session.client.query(&statement, parameters)).await;
            begun.transpose()?;
            rows.map_err(|error| session.forget_stale(sql, error))
        };
        let rows = rows.await;
        self.done(rows)
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn query_opt(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Adds what comes with a change: the delivery it answers, its idempotency key with the
    /// outcome, its events. It is written with the commit.
    ///
    /// # Errors
    /// When the transaction is one tenant's and the operation is not. A delivery or key that was
    /// used before is reported by [`commit`](Self::commit).
    pub async fn record(
        &mut self,
        operation: &Operation,
        mut envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> Result<(), RepositoryError> {
        let tenant = &operation.tenant;
        if let Some(own) = self.database.tenant()
            && tenant.as_ref() != Some(own)
        {
            self.failed = true;
            let foreign = Error::ForeignOperation {
                tenant: own.clone(),
                operation: tenant.clone(),
            };
            return Err(RepositoryError::unavailable("record a change", foreign));
        }
        for envelope in &mut envelopes {
            self.database.stamp(envelope, operation);
        }
        let recorded = &mut self.recorded;
        recorded.envelopes.append(&mut envelopes);
        // A second aggregate in the same transaction answers the same delivery.
        if let Some(delivery) = &operation.delivery
            && !recorded
                .deliveries
                .iter()
                .any(|known| known.0 == *tenant && known.1 == *delivery)
        {
            recorded.deliveries.push((tenant.clone(), delivery.clone()));
        }
        if let Some(key) = &operation.idempotency
            && !recorded
                .keys
                .iter()
                .any(|known| known.0 == *tenant && known.1 == *key)
        {
            recorded.keys.push((tenant.clone(), key.clone(), outcome));
        }
        Ok(())
    }

    /// Makes the changes last, and hints that there may be events.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyHandled`] and [`RepositoryError::Replayed`] for what was recorded
    /// before, and whatever the database refuses. Nothing is changed then, unless the connection
    /// broke while the commit was under way: its fate is then unknown.
    pub async fn commit(mut self) -> Result<(), RepositoryError> {
        const ATTEMPTED: &str = "commit";
        if self.failed {
            return Err(RepositoryError::unavailable(ATTEMPTED, Error::Failed));
        }
        let recorded = std::mem::take(&mut self.recorded);
        if !self.begun && recorded.is_empty() {
            return Ok(());
        }
        self.busy = true;
        let (session, begin) = self
            .session()
            .map_err(|error| store_error(ATTEMPTED, error))?;
        let written = recorded.write(session, begin).await;
        self.busy = false;
        // After a failure the transaction may be open, if not even the commit was sent.
        self.begun = written.is_err();
        match written {
            Ok(()) => {
                if !recorded.envelopes.is_empty() {
                    self.database.committed();
                }
                Ok(())
            }
            Err(error) if error.violates("formwork_inbox_pkey") => {
                Err(RepositoryError::AlreadyHandled)
            }
            Err(error) if error.violates("formwork_idempotency_pkey") => {
                // The key was taken, and its transaction is committed: its outcome can be seen.
                for (tenant, key, _) in &recorded.keys {
                    if let Some(outcome) = self.database.outcome(tenant.as_ref(), key).await? {
                        return Err(RepositoryError::Replayed {
                            outcome: Some(outcome),
                        });
                    }
                }
                Err(store_error(ATTEMPTED, error))
            }
            Err(error) => {
                self.failed = true;
                Err(store_error(ATTEMPTED, error))
            }
        }
    }

    /// Runs statements and commits, all in one flight; returns the rows of each.
    pub(crate) async fn run(
        mut self,
        statements: &[(&str, &[Parameter<'_>])],
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.busy = true;
        let (session, begin) = self.session()?;
        let answers = async {
            let mut prepared = Vec::new();
            for (sql, _) in statements {
                prepared.push(session.prepare(sql).await?);
            }
            let queries = prepared
                .iter()
                .zip(statements)
                .map(|(statement, (_, parameters))| session.client.query(statement, parameters));
            // Each of them is sent when it is first polled, which happens in this order.
            let (begun, answers, committed) = join3(
                begin,
                join_all(queries),
                session.client.batch_execute("COMMIT"),
            )
            .await;
            begun.transpose()?;
            let answers = answers.into_iter().zip(statements);
            let answers = answers
                .map(|(rows, (sql, _))| rows.map_err(|error| session.forget_stale(sql, error)))
                .collect::<Result<Vec<_>, _>>()?;
            committed?;
            Ok(answers)
        };
        let answers = answers.await;
        self.begun = answers.is_err();
        self.done(answers)
    }

    /// The connection, and what has to be sent before the next statement.
    fn session(&mut self) -> Result<(&Session, OptionFuture<Begin<'_>>), Error> {
        let first = !std::mem::replace(&mut self.begun, true);
        let session: &Session = self.lent.as_deref().ok_or(Error::Closed)?;
        let begin = self.database.begin_sql();
        let begin = first.then(|| session.client.batch_execute(begin).boxed());
        Ok((session, begin.into()))
    }

    fn done<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        self.busy = false;
        self.failed |= result.is_err();
        result
    }
}

type Begin<'a> = futures_util::future::BoxFuture<'a, Result<(), tokio_postgres::Error>>;

impl Recorded {
    fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.keys.is_empty() && self.envelopes.is_empty()
    }

    /// Writes it all and commits, in one flight. When a statement fails, the server takes the
    /// commit for a rollback.
    async fn write(&self, session: &Session, begin: OptionFuture<Begin<'_>>) -> Result<(), Error> {
        // The first time on a connection these are trips of their own.
        let inbox = match self.deliveries.is_empty() {
            true => None,
            false => Some(session.prepare(INBOX).await?),
        };
        let idempotency = match self.keys.is_empty() {
            true => None,
            false => Some(session.prepare(IDEMPOTENCY).await?),
        };
        let outbox = match self.envelopes.is_empty() {
            true => None,
            false => Some(session.prepare(OUTBOX).await?),
        };

        let delivered_to = self.deliveries.iter().map(|it| column(it.0.as_ref()));
        let delivered_to: Vec<&str> = delivered_to.collect();
        let deliveries = Columns3::new(&self.deliveries, |(_, it)| {
            (&*it.consumer, &*it.message, it.part as i32)
        });
        let used_by = self.keys.iter().map(|it| column(it.0.as_ref()));
        let used_by: Vec<&str> = used_by.collect();
        let keys = Columns3::new(&self.keys, |(_, key, _)| {
            (&*key.scope, &*key.key, &*key.fingerprint)
        });
        let outcomes = self.keys.iter().map(|(_, _, outcome)| outcome);
        let ids: Vec<Uuid> = outcomes.clone().map(|it| Uuid::from_bytes(it.id)).collect();
        let versions: Vec<i64> = outcomes.map(|it| it.version as i64).collect();
        let events = Columns3::new(&self.envelopes, |it| {
            let partition = partition_of(&it.partition_key, PARTITIONS);
            (i32::from(partition), &*it.partition_key, it.to_json())
        });

        let parameters: [Parameter<'_>; 4] =
            [&delivered_to, &deliveries.0, &deliveries.1, &deliveries.2];
        let inbox = inbox
            .as_ref()
            .map(|it| session.client.execute(it, &parameters));
        let parameters: [Parameter<'_>; 6] = [&used_by, &keys.0, &keys.1, &keys.2, &ids, &versions];
        let idempotency = idempotency
            .as_ref()
            .map(|it| session.client.execute(it, &parameters));
        let parameters: [Parameter<'_>; 3] = [&events.0, &events.1, &events.2];
        let outbox = outbox
            .as_ref()
            .map(|it| session.client.execute(it, &parameters));

        // Each of them is sent when it is first polled, which happens in this order.
        let (begin, inbox, idempotency, outbox, commit) = join5(
            begin,
            OptionFuture::from(inbox),
            OptionFuture::from(idempotency),
            OptionFuture::from(outbox),
            session.client.batch_execute("COMMIT"),
        )
        .await;
        begin.transpose()?;
        inbox.transpose()?;
        idempotency.transpose()?;
        outbox.transpose()?;
        commit?;
        Ok(())
    }
}

/// Rows as columns, the way arrays are passed to a statement.
struct Columns3<A, B, C>(Vec<A>, Vec<B>, Vec<C>);

impl<A, B, C> Columns3<A, B, C> {
    fn new<'a, T>(rows: &'a [T], split: impl Fn(&'a T) -> (A, B, C)) -> Self {
        let mut columns = Self(Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let (a, b, c) = split(row);
            columns.0.push(a);
            columns.1.push(b);
            columns.2.push(c);
        }
        columns
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(lent) = self.lent.take() else {
            return;
        };
        if self.busy {
            // Something is on its way that nobody waits for. Closing the connection rolls back.
            return;
        }
        if self.begun {
            // Sent at once, so that locks are not kept until the connection is used again; the
            // answer is read by whoever uses it.
            let rollback = lent.client.batch_execute("ROLLBACK").now_or_never();
            if matches!(rollback, Some(Err(_))) {
                return;
            }
        }
        lent.give_back();
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("begun", &self.begun)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
