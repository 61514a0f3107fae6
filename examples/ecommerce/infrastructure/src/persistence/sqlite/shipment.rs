//! Shipments in SQLite.

use std::sync::Arc;

use application::shipment::{ShipmentFilter, ShipmentQueries, ShipmentSort};
use domain::order::OrderId;
use domain::shipment::{Shipment, ShipmentId, ShipmentRepository, ShipmentSnapshot};
use formwork_domain::{
    Aggregate, BoxFuture, Operation, Outcome, Page, PageRequest, RepositoryError, SortKey,
    Timestamp, Version, Violations,
};
use formwork_sqlite::{Database, store_error};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::RowError;
use crate::codec::shared::{AddressData, LineData};
use crate::codec::shipment::ParcelData;
use crate::codec::shipment::envelopes;

const SELECT: &str = "SELECT id, version, state, \"order\", deliver_to, lines, carrier, parcels, grams, delivered_at, created, updated FROM shipments";

const INSERT: &str = "INSERT INTO shipments (id, version, state, \"order\", deliver_to, lines, carrier, parcels, grams, delivered_at, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const UPDATE: &str = "UPDATE shipments SET version = ?2, state = ?3, \"order\" = ?4, deliver_to = ?5, lines = ?6, carrier = ?7, parcels = ?8, grams = ?9, delivered_at = ?10, created = ?11, updated = ?12 WHERE id = ?1 AND version = ?2 - 1";

/// Keeps shipments in SQLite.
pub struct SqliteShipments {
    database: Arc<Database>,
}

impl SqliteShipments {
    /// Those in this database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn row(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<ShipmentSnapshot>, RepositoryError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(format!(" WHERE {column} = ")).push_bind(value);
        let found = query
            .build()
            .fetch_optional(&*self.database.reader())
            .await
            .map_err(|error| store_error("read a shipment", error))?;
        found.as_ref().map(read).transpose()
    }

    async fn aggregate(
        &self,
        column: &str,
        value: String,
    ) -> Result<Option<Shipment>, RepositoryError> {
        let row = self.row(column, value).await?;
        row.map(Shipment::restore)
            .transpose()
            .map_err(|error| RepositoryError::corrupt("shipment", error))
    }

    async fn write(
        &self,
        shipment: &Shipment,
        operation: &Operation,
    ) -> Result<Version, RepositoryError> {
        let row = shipment.snapshot();
        let version = row.version.next();
        let events = envelopes(shipment).map_err(encoding)?;
        let outcome = Outcome {
            id: shipment.id_bytes(),
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
        let parcels_json: Vec<ParcelData> = row.parcels.iter().map(ParcelData::from).collect();
        let parcels_json = serde_json::to_string(&parcels_json).map_err(encoding)?;
        let query = sqlx::query(statement)
            .bind(row.id.to_string())
            .bind(version.get() as i64)
            .bind(row.state.as_str())
            .bind(row.order.to_string())
            .bind(deliver_to_json)
            .bind(lines_json)
            .bind(row.carrier.map(|value| value.as_str()))
            .bind(parcels_json)
            .bind(row.grams)
            .bind(row.delivered_at.map(|value| value.as_micros()))
            .bind(row.created.as_micros())
            .bind(row.updated.as_micros());

        let mut transaction = self.database.begin().await?;
        let done = query
            .execute(transaction.connection())
            .await
            .map_err(|error| store_error("save a shipment", error))?;
        if done.rows_affected() == 0 {
            return Err(RepositoryError::Conflict);
        }
        transaction.record(operation, events, outcome).await?;
        transaction.commit().await?;
        Ok(version)
    }

    async fn page(
        &self,
        filter: &ShipmentFilter,
        sort: ShipmentSort,
        page: &PageRequest,
    ) -> Result<Page<ShipmentSnapshot>, RepositoryError> {
        let column = match sort {
            ShipmentSort::Created => "created",
            ShipmentSort::Updated => "updated",
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
            let id = ShipmentId::from_bytes(after.id);
            query.push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(format!(" ORDER BY {column} {order}, id {order} LIMIT "));
        query.push_bind(i64::from(page.limit) + 1);

        let rows = query
            .build()
            .fetch_all(&*self.database.reader())
            .await
            .map_err(|error| store_error("list shipments", error))?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page::cut(items, page.limit, |row| sort.cursor(row)))
    }
}

impl ShipmentRepository for SqliteShipments {
    fn find(&self, id: ShipmentId) -> BoxFuture<'_, Result<Option<Shipment>, RepositoryError>> {
        Box::pin(self.aggregate("id", id.to_string()))
    }

    fn find_by_order<'a>(
        &'a self,
        order: &'a OrderId,
    ) -> BoxFuture<'a, Result<Option<Shipment>, RepositoryError>> {
        Box::pin(self.aggregate("\"order\"", order.to_string()))
    }

    fn save<'a>(
        &'a self,
        shipment: &'a Shipment,
        operation: &'a Operation,
    ) -> BoxFuture<'a, Result<Version, RepositoryError>> {
        Box::pin(self.write(shipment, operation))
    }
}

impl ShipmentQueries for SqliteShipments {
    fn get(
        &self,
        id: ShipmentId,
    ) -> BoxFuture<'_, Result<Option<ShipmentSnapshot>, RepositoryError>> {
        Box::pin(self.row("id", id.to_string()))
    }

    fn list<'a>(
        &'a self,
        filter: &'a ShipmentFilter,
        sort: ShipmentSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<ShipmentSnapshot>, RepositoryError>> {
        Box::pin(self.page(filter, sort, page))
    }
}

fn encoding(error: serde_json::Error) -> RepositoryError {
    RepositoryError::unavailable("encode a shipment", error)
}

fn read(row: &SqliteRow) -> Result<ShipmentSnapshot, RepositoryError> {
    decode(row).map_err(|error| RepositoryError::corrupt("shipment", error))
}

fn decode(row: &SqliteRow) -> Result<ShipmentSnapshot, RowError> {
    let id: String = row.try_get("id")?;
    let version: i64 = row.try_get("version")?;
    let state: String = row.try_get("state")?;
    let order: String = row.try_get("order")?;
    let deliver_to: String = row.try_get("deliver_to")?;
    let deliver_to: AddressData = serde_json::from_str(&deliver_to)?;
    let lines: String = row.try_get("lines")?;
    let lines: Vec<LineData> = serde_json::from_str(&lines)?;
    let carrier: Option<String> = row.try_get("carrier")?;
    let carrier = match carrier {
        Some(value) => Some(value.parse()?),
        None => None,
    };
    let parcels: String = row.try_get("parcels")?;
    let parcels: Vec<ParcelData> = serde_json::from_str(&parcels)?;
    let grams: i64 = row.try_get("grams")?;
    let delivered_at: Option<i64> = row.try_get("delivered_at")?;
    let delivered_at = delivered_at.map(Timestamp::from_micros);
    Ok(ShipmentSnapshot {
        id: id.parse()?,
        version: Version::new(version.try_into()?),
        state: state.parse()?,
        order: order.parse()?,
        deliver_to: deliver_to.parse()?,
        lines: Violations::collect(lines, LineData::parse)?,
        carrier,
        parcels: Violations::collect(parcels, ParcelData::parse)?,
        grams,
        delivered_at,
        created: Timestamp::from_micros(row.try_get("created")?),
        updated: Timestamp::from_micros(row.try_get("updated")?),
    })
}
