//! Orders in SQLite.

use std::sync::Arc;

use application::order::{OrderFilter, OrderQueries, OrderSort};
use domain::order::{Order, OrderId, OrderRepository, OrderSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Money, Operation, Outcome, Page, PageRequest, RepositoryError, SortKey,
    Timestamp, Version, Violations,
};
use formwork_sqlite::{Database, store_error};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::RowError;
use crate::codec::order::envelopes;
use crate::codec::shared::{AddressData, LineData};

const SELECT: &str = "SELECT id, version, state, customer, deliver_to, lines, total_minor, total_currency, note, cancel_reason, created, updated FROM orders";

const INSERT: &str = "INSERT INTO orders (id, version, state, customer, deliver_to, lines, total_minor, total_currency, note, cancel_reason, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const UPDATE: &str = "UPDATE orders SET version = ?2, state = ?3, customer = ?4, deliver_to = ?5, lines = ?6, total_minor = ?7, total_currency = ?8, note = ?9, cancel_reason = ?10, created = ?11, updated = ?12 WHERE id = ?1 AND version = ?2 - 1";

/// Keeps orders in SQLite.
pub struct SqliteOrders {
    database: Arc<Database>,
}

impl SqliteOrders {
    /// Those in this database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn row(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<OrderSnapshot>, RepositoryError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(format!(" WHERE {column} = ")).push_bind(value);
        let found = query
            .build()
            .fetch_optional(&*self.database.reader())
            .await
            .map_err(|error| store_error("read an order", error))?;
        found.as_ref().map(read).transpose()
    }

    async fn aggregate(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<Order>, RepositoryError> {
        let row = self.row(column, value).await?;
        row.map(Order::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("order", error))
    }

    async fn write(
        &self,
        order: &Order,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let row = order.snapshot();
        let version = row.version.next();
        let events = envelopes(order).map_err(encoding)?;
        let outcome = Outcome {
            id: order.id_bytes(),
            version: version.get(),
        };
        let statement = if row.version == Version::NEW {
            INSERT
        } else {
            UPDATE
        };
        let deliver_to_json: AddressData = AddressData::from(&row.deliver_to);
        let deliver_to_json = serde_json::to_string(&deliver_to_json).map_err(encoding)?;
        let lines_json: Vec<LineData> = row.lines.iter().map(LineData::from).collect();
        let lines_json = serde_json::to_string(&lines_json).map_err(encoding)?;
        let query = sqlx::query(statement)
            .bind(row.id.to_string())
            .bind(version.get() as i64)
            .bind(row.state.as_str())
            .bind(&row.customer)
            .bind(deliver_to_json)
            .bind(lines_json)
            .bind(row.total.minor())
            .bind(row.total.currency().to_string())
            .bind(&row.note)
            .bind(&row.cancel_reason)
            .bind(row.created.as_micros())
            .bind(row.updated.as_micros());

        let mut transaction = self.database.begin().await?;
        let done = query
            .execute(transaction.connection())
            .await
            .map_err(|error| store_error("save an order", error))?;
        if done.rows_affected() == 0 {
            return Err(RepositoryError::Conflict);
        }
        transaction.record(operation, events, outcome).await?;
        transaction.commit().await?;
        Ok(version)
    }

    async fn page(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        page: &PageRequest,
    ) -> Result<Page<OrderSnapshot>, RepositoryError> {
        let column = match sort {
            OrderSort::Created => "created",
            OrderSort::Updated => "updated",
            OrderSort::Total => "total_minor",
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
        if let Some(wanted) = &filter.customer {
            query.push(" AND customer = ").push_bind(wanted.to_owned());
        }
        if let Some(after) = &page.after {
            query.push(format!(" AND ({column}, id) {beyond} ("));
            match &after.key {
                SortKey::Integer(number) => query.push_bind(*number),
                SortKey::Text(text) => query.push_bind(text.clone()),
            };
            let id = OrderId::from_bytes(after.id);
            query.push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(format!(" ORDER BY {column} {order}, id {order} LIMIT "));
        query.push_bind(i64::from(page.limit) + 1);

        let rows = query
            .build()
            .fetch_all(&*self.database.reader())
            .await
            .map_err(|error| store_error("list orders", error))?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page::cut(items, page.limit, |row| sort.cursor(row)))
    }
}

impl OrderRepository for SqliteOrders {
    fn find(&self, id: OrderId) -> BoxFuture<'_, Result<Option<Order>, RepositoryError>> {
        Box::pin(self.aggregate("id", id.to_string()))
    }

    fn save<'a>(
        &'a self,
        order: &'a Order,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(self.write(order, operation))
    }
}

impl OrderQueries for SqliteOrders {
    fn get(&self, id: OrderId) -> BoxFuture<'_, Result<Option<OrderSnapshot>, RepositoryError>> {
        Box::pin(self.row("id", id.to_string()))
    }

    fn list<'a>(
        &'a self,
        filter: &'a OrderFilter,
        sort: OrderSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<OrderSnapshot>, RepositoryError>> {
        Box::pin(self.page(filter, sort, page))
    }
}

fn encoding(error: serde_json::Error) -> RepositoryError {
    RepositoryError::unavailable("encode an order", error)
}

fn read(row: &SqliteRow) -> Result<OrderSnapshot, RepositoryError> {
    decode(row).map_err(|error| RepositoryError::corrupt("order", error))
}

fn decode(row: &SqliteRow) -> Result<OrderSnapshot, RowError> {
    let id: String = row.try_get("id")?;
    let version: i64 = row.try_get("version")?;
    let state: String = row.try_get("state")?;
    let customer: String = row.try_get("customer")?;
    let deliver_to: String = row.try_get("deliver_to")?;
    let deliver_to: AddressData = serde_json::from_str(&deliver_to)?;
    let lines: String = row.try_get("lines")?;
    let lines: Vec<LineData> = serde_json::from_str(&lines)?;
    let total_currency: String = row.try_get("total_currency")?;
    let total = Money::new(row.try_get("total_minor")?, total_currency.parse()?);
    let note: Option<String> = row.try_get("note")?;
    let cancel_reason: Option<String> = row.try_get("cancel_reason")?;
    Ok(OrderSnapshot {
        id: id.parse()?,
        version: Version::new(version.try_into()?),
        state: state.parse()?,
        customer,
        deliver_to: deliver_to.parse()?,
        lines: Violations::collect(lines, LineData::parse)?,
        total,
        note,
        cancel_reason,
        created: Timestamp::from_micros(row.try_get("created")?),
        updated: Timestamp::from_micros(row.try_get("updated")?),
    })
}
