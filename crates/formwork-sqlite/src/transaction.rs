//! A change that happens as a whole or not at all.

use std::fmt;

use formwork_domain::{IdempotencyKey, Operation, Outcome, RepositoryError, TenantId};
use formwork_outbox::{Envelope, partition_of};
use sqlx::SqlSafeStr;
use sqlx::sqlite::{SqliteConnection, SqliteTransactionManager};
// The driver's own commands keep their meaning when the caller stops waiting half-way, which
// statements sent by hand would not.
use sqlx_core::transaction::TransactionManager;
use tokio::sync::OwnedMutexGuard;

use crate::database::{Promise, Writers};
use crate::{Database, idempotency, inbox};

/// A change that happens as a whole or not at all. Dropped before [`commit`](Self::commit), it has
/// not happened, and the next one can begin.
pub struct Transaction {
    database: Database,
    writers: OwnedMutexGuard<Writers>,
    promise: Promise,
    open: bool,
    recorded: bool,
}

impl Transaction {
    pub(crate) async fn begin(
        database: Database,
        writers: OwnedMutexGuard<Writers>,
        promise: Promise,
    ) -> Result<Self, sqlx::Error> {
        // Open from the start: when beginning is abandoned half-way, dropping this undoes it.
        let mut transaction = Self {
            database,
            writers,
            promise,
            open: true,
            recorded: false,
        };
        let statement = "BEGIN IMMEDIATE".into_sql_str();
        let begun = SqliteTransactionManager::begin(transaction.connection(), Some(statement));
        if let Err(error) = begun.await {
            transaction.open = false;
            if !matches!(error, sqlx::Error::Database(_)) {
                transaction.writers.forget(promise);
            }
            return Err(error);
        }
        Ok(transaction)
    }

    /// The connection to write with, and to read what was written.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        self.writers
            .get(self.promise)
            .expect("a transaction is begun on an open connection")
    }

    /// Adds what comes with the change: marks the delivery it answers as handled, keeps the
    /// outcome under its idempotency key, appends its events to the outbox.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyHandled`] and [`RepositoryError::Replayed`]: drop the transaction
    /// then, the change has been made before. [`RepositoryError::Unavailable`].
    pub async fn record(
        &mut self,
        operation: &Operation,
        mut envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> Result<(), RepositoryError> {
        let now = self.database.now();
        let tenant = operation.tenant.as_ref();
        if let Some(delivery) = &operation.delivery
            && !inbox::insert(self.connection(), now, tenant, delivery).await?
        {
            return Err(RepositoryError::AlreadyHandled);
        }
        if let Some(key) = &operation.idempotency {
            self.keep(tenant, key, &outcome).await?;
        }
        for envelope in &mut envelopes {
            let shared = self.database.shared();
            envelope.stamp(&shared.service, shared.identifiers.next(), operation);
            self.append(envelope, None)
                .await
                .map_err(|error| RepositoryError::unavailable("append to the outbox", error))?;
        }
        Ok(())
    }

    /// Makes the change happen, then hints that there are events.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`]: the change has not happened.
    pub async fn commit(self) -> Result<(), RepositoryError> {
        self.finish()
            .await
            .map_err(|error| RepositoryError::unavailable("commit", error))
    }

    pub(crate) async fn finish(mut self) -> Result<(), sqlx::Error> {
        SqliteTransactionManager::commit(self.connection()).await?;
        self.open = false;
        if self.recorded
            && let Some(notifier) = &self.database.shared().notifier
        {
            notifier.notify();
        }
        Ok(())
    }

    /// Appends a pending row at the end.
    pub(crate) async fn append(
        &mut self,
        envelope: &Envelope,
        consumer: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        let partitions = self.database.shared().partitions;
        let now = self.database.now();
        sqlx::query(
            "INSERT INTO outbox (partition, key, event, consumer, created) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(partition_of(&envelope.partition_key, partitions))
        .bind(&envelope.partition_key)
        .bind(envelope.to_json())
        .bind(consumer)
        .bind(now.as_micros())
        .execute(self.connection())
        .await?;
        self.recorded = true;
        Ok(())
    }

    async fn keep(
        &mut self,
        tenant: Option<&TenantId>,
        key: &IdempotencyKey,
        outcome: &Outcome,
    ) -> Result<(), RepositoryError> {
        let now = self.database.now();
        if let Some(outcome) = idempotency::find(self.connection(), tenant, key).await? {
            return Err(RepositoryError::Replayed {
                outcome: Some(outcome),
            });
        }
        idempotency::insert(self.connection(), now, tenant, key, outcome).await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open {
            SqliteTransactionManager::start_rollback(self.connection());
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("database", &self.database)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
