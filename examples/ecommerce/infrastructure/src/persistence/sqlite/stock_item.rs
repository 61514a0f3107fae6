//! Stock items in SQLite.

use std::sync::Arc;

use application::stock_item::{StockItemFilter, StockItemQueries, StockItemSort};
use domain::shared::Sku;
use domain::stock_item::{StockItem, StockItemId, StockItemRepository, StockItemSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, SortKey,
    Timestamp, Version,
};
use formwork_sqlite::{Database, store_error};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::RowError;
use crate::codec::stock_item::envelopes;

const SELECT: &str = "SELECT id, version, sku, title, on_hand, reserved, reorder_level, created, updated FROM stock_items";

const INSERT: &str = "INSERT INTO stock_items (id, version, sku, title, on_hand, reserved, reorder_level, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const UPDATE: &str = "UPDATE stock_items SET version = ?2, sku = ?3, title = ?4, on_hand = ?5, reserved = ?6, reorder_level = ?7, created = ?8, updated = ?9 WHERE id = ?1 AND version = ?2 - 1";

/// Keeps stock items in SQLite.
pub struct SqliteStockItems {
    database: Arc<Database>,
}

impl SqliteStockItems {
    /// Those in this database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn row(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<StockItemSnapshot>, RepositoryError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(format!(" WHERE {column} = ")).push_bind(value);
        let found = query
            .build()
            .fetch_optional(&*self.database.reader())
            .await
            .map_err(|error| store_error("read a stock item", error))?;
        found.as_ref().map(read).transpose()
    }

    async fn aggregate(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<StockItem>, RepositoryError> {
        let row = self.row(column, value).await?;
        row.map(StockItem::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("stock-item", error))
    }

    async fn write(
        &self,
        stock_item: &StockItem,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let row = stock_item.snapshot();
        let version = row.version.next();
        let events = envelopes(stock_item).map_err(encoding)?;
        let outcome = Outcome {
            id: stock_item.id_bytes(),
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
            .bind(row.sku.as_str())
            .bind(&row.title)
            .bind(row.on_hand)
            .bind(row.reserved)
            .bind(row.reorder_level)
            .bind(row.created.as_micros())
            .bind(row.updated.as_micros());

        let mut transaction = self.database.begin().await?;
        let done = query
            .execute(transaction.connection())
            .await
            .map_err(|error| store_error("save a stock item", error))?;
        if done.rows_affected() == 0 {
            return Err(RepositoryError::Conflict);
        }
        transaction.record(operation, events, outcome).await?;
        transaction.commit().await?;
        Ok(version)
    }

    async fn page(
        &self,
        filter: &StockItemFilter,
        sort: StockItemSort,
        page: &PageRequest,
    ) -> Result<Page<StockItemSnapshot>, RepositoryError> {
        let column = match sort {
            StockItemSort::Created => "created",
            StockItemSort::Updated => "updated",
            StockItemSort::Sku => "sku",
            StockItemSort::OnHand => "on_hand",
        };
        let (order, beyond) = match page.descending {
            false => ("ASC", ">"),
            true => ("DESC", "<"),
        };
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(" WHERE TRUE");
        if let Some(wanted) = &filter.sku {
            query.push(" AND sku = ").push_bind(wanted.to_string());
        }
        if let Some(after) = &page.after {
            query.push(format!(" AND ({column}, id) {beyond} ("));
            match &after.key {
                SortKey::Integer(number) => query.push_bind(*number),
                SortKey::Text(text) => query.push_bind(text.clone()),
            };
            let id = StockItemId::from_bytes(after.id);
            query.push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(format!(" ORDER BY {column} {order}, id {order} LIMIT "));
        query.push_bind(i64::from(page.limit) + 1);

        let rows = query
            .build()
            .fetch_all(&*self.database.reader())
            .await
            .map_err(|error| store_error("list stock items", error))?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page::cut(items, page.limit, |row| sort.cursor(row)))
    }
}

impl StockItemRepository for SqliteStockItems {
    fn find(&self, id: StockItemId) -> BoxFuture<'_, Result<Option<StockItem>, RepositoryError>> {
        Box::pin(self.aggregate("id", id.to_string()))
    }

    fn find_by_sku<'a>(
        &'a self,
        sku: &'a Sku,
    ) -> BoxFuture<'a, Result<Option<StockItem>, RepositoryError>> {
        Box::pin(self.aggregate("sku", sku.to_string()))
    }

    fn save<'a>(
        &'a self,
        stock_item: &'a StockItem,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(self.write(stock_item, operation))
    }
}

impl StockItemQueries for SqliteStockItems {
    fn get(
        &self,
        id: StockItemId,
    ) -> BoxFuture<'_, Result<Option<StockItemSnapshot>, RepositoryError>> {
        Box::pin(self.row("id", id.to_string()))
    }

    fn list<'a>(
        &'a self,
        filter: &'a StockItemFilter,
        sort: StockItemSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<StockItemSnapshot>, RepositoryError>> {
        Box::pin(self.page(filter, sort, page))
    }
}

fn encoding(error: serde_json::Error) -> RepositoryError {
    RepositoryError::unavailable("encode a stock item", error)
}

fn read(row: &SqliteRow) -> Result<StockItemSnapshot, RepositoryError> {
    decode(row).map_err(|error| RepositoryError::corrupt("stock-item", error))
}

fn decode(row: &SqliteRow) -> Result<StockItemSnapshot, RowError> {
    let id: String = row.try_get("id")?;
    let version: i64 = row.try_get("version")?;
    let sku: String = row.try_get("sku")?;
    let title: String = row.try_get("title")?;
    let on_hand: i64 = row.try_get("on_hand")?;
    let reserved: i64 = row.try_get("reserved")?;
    let reorder_level: i64 = row.try_get("reorder_level")?;
    Ok(StockItemSnapshot {
        id: id.parse()?,
        version: Version::new(version.try_into()?),
        sku: Sku::new(sku)?,
        title,
        on_hand,
        reserved,
        reorder_level,
        created: Timestamp::from_micros(row.try_get("created")?),
        updated: Timestamp::from_micros(row.try_get("updated")?),
    })
}
