//! Payments in SQLite.

use std::sync::Arc;

use application::payment::{PaymentFilter, PaymentQueries, PaymentSort};
use domain::order::OrderId;
use domain::payment::{Payment, PaymentId, PaymentRepository, PaymentSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Money, Operation, Outcome, Page, PageRequest, RepositoryError, SortKey,
    Timestamp, Version,
};
use formwork_sqlite::{Database, store_error};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::RowError;
use crate::codec::payment::envelopes;

const SELECT: &str = "SELECT id, version, state, \"order\", amount_minor, amount_currency, captured_at, created, updated FROM payments";

const INSERT: &str = "INSERT INTO payments (id, version, state, \"order\", amount_minor, amount_currency, captured_at, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const UPDATE: &str = "UPDATE payments SET version = ?2, state = ?3, \"order\" = ?4, amount_minor = ?5, amount_currency = ?6, captured_at = ?7, created = ?8, updated = ?9 WHERE id = ?1 AND version = ?2 - 1";

/// Keeps payments in SQLite.
pub struct SqlitePayments {
    database: Arc<Database>,
}

impl SqlitePayments {
    /// Those in this database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn row(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<PaymentSnapshot>, RepositoryError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(format!(" WHERE {column} = ")).push_bind(value);
        let found = query
            .build()
            .fetch_optional(&*self.database.reader())
            .await
            .map_err(|error| store_error("read a payment", error))?;
        found.as_ref().map(read).transpose()
    }

    async fn aggregate(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<Payment>, RepositoryError> {
        let row = self.row(column, value).await?;
        row.map(Payment::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("payment", error))
    }

    async fn write(
        &self,
        payment: &Payment,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let row = payment.snapshot();
        let version = row.version.next();
        let events = envelopes(payment).map_err(encoding)?;
        let outcome = Outcome {
            id: payment.id_bytes(),
            version: version.get(),
        };
        let statement = if row.version == Version::NEW {
            INSERT
        } else {
            UPDATE
        };
        let query = sqlx::query(statement)
            .bind(row.id.to_string())
            .bind(version.get() as i64)
            .bind(row.state.as_str())
            .bind(row.order.to_string())
            .bind(row.amount.minor())
            .bind(row.amount.currency().to_string())
            .bind(row.captured_at.map(|value| value.as_micros()))
            .bind(row.created.as_micros())
            .bind(row.updated.as_micros());

        let mut transaction = self.database.begin().await?;
        let done = query
            .execute(transaction.connection())
            .await
            .map_err(|error| store_error("save a payment", error))?;
        if done.rows_affected() == 0 {
            return Err(RepositoryError::Conflict);
        }
        transaction.record(operation, events, outcome).await?;
        transaction.commit().await?;
        Ok(version)
    }

    async fn page(
        &self,
        filter: &PaymentFilter,
        sort: PaymentSort,
        page: &PageRequest,
    ) -> Result<Page<PaymentSnapshot>, RepositoryError> {
        let column = match sort {
            PaymentSort::Created => "created",
            PaymentSort::Updated => "updated",
            PaymentSort::Amount => "amount_minor",
        };
        let (order, beyond) = match page.descending {
            false => ("ASC", ">"),
            true => ("DESC", "<"),
        };
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(" WHERE TRUE");
        if let Some(wanted) = &filter.state {
            query.push(" AND state = ").push_bind(wanted.as_str());
        }
        if let Some(wanted) = &filter.order {
            query
                .push(" AND \"order\" = ")
                .push_bind(wanted.to_string());
        }
        if let Some(after) = &page.after {
            query.push(format!(" AND ({column}, id) {beyond} ("));
            match &after.key {
                SortKey::Integer(number) => query.push_bind(*number),
                SortKey::Text(text) => query.push_bind(text.clone()),
            };
            let id = PaymentId::from_bytes(after.id);
            query.push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(format!(" ORDER BY {column} {order}, id {order} LIMIT "));
        query.push_bind(i64::from(page.limit) + 1);

        let rows = query
            .build()
            .fetch_all(&*self.database.reader())
            .await
            .map_err(|error| store_error("list payments", error))?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page::cut(items, page.limit, |row| sort.cursor(row)))
    }
}

impl PaymentRepository for SqlitePayments {
    fn find(&self, id: PaymentId) -> BoxFuture<'_, Result<Option<Payment>, RepositoryError>> {
        Box::pin(self.aggregate("id", id.to_string()))
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Payment>, RepositoryError>> {
        Box::pin(self.aggregate("\"order\"", order.to_string()))
    }

    fn save<'a>(
        &'a self,
        payment: &'a Payment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(self.write(payment, operation))
    }
}

impl PaymentQueries for SqlitePayments {
    fn get(
        &self,
        id: PaymentId,
    ) -> BoxFuture<'_, Result<Option<PaymentSnapshot>, RepositoryError>> {
        Box::pin(self.row("id", id.to_string()))
    }

    fn list<'a>(
        &'a self,
        filter: &'a PaymentFilter,
        sort: PaymentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<PaymentSnapshot>, RepositoryError>> {
        Box::pin(self.page(filter, sort, page))
    }
}

fn encoding(error: serde_json::Error) -> RepositoryError {
    RepositoryError::unavailable("encode a payment", error)
}

fn read(row: &SqliteRow) -> Result<PaymentSnapshot, RepositoryError> {
    decode(row).map_err(|error| RepositoryError::corrupt("payment", error))
}

fn decode(row: &SqliteRow) -> Result<PaymentSnapshot, RowError> {
    let id: String = row.try_get("id")?;
    let version: i64 = row.try_get("version")?;
    let state: String = row.try_get("state")?;
    let order: String = row.try_get("order")?;
    let amount_currency: String = row.try_get("amount_currency")?;
    let amount = Money::new(row.try_get("amount_minor")?, amount_currency.parse()?);
    let captured_at: Option<i64> = row.try_get("captured_at")?;
    let captured_at = captured_at.map(Timestamp::from_micros);
    Ok(PaymentSnapshot {
        id: id.parse()?,
        version: Version::new(version.try_into()?),
        state: state.parse()?,
        order: order.parse()?,
        amount,
        captured_at,
        created: Timestamp::from_micros(row.try_get("created")?),
        updated: Timestamp::from_micros(row.try_get("updated")?),
    })
}
