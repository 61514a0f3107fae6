//! Tenants do what they like, at the same time, over few connections; nobody may notice anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use formwork_domain::{Outcome, TenantId};
use formwork_outbox::Envelope;
use formwork_postgres::{Database, Transaction};
use futures_util::FutureExt;
use tokio_postgres::Row;

use super::tenant;
use crate::support::operation;

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) tenants: usize,
    pub(crate) workers: usize,
    /// For each tenant.
    pub(crate) operations: usize,
    pub(crate) seed: u64,
}

/// Nobody needs to know of more.
const ENOUGH: usize = 20;

/// Everything a tenant noticed of another, or missed of its own. None when they are kept apart.
pub(crate) async fn violations(database: &Database, load: Load) -> Vec<String> {
    let violations: Arc<Mutex<Vec<String>>> = Arc::default();
    let workers = (0..load.workers).map(|worker| {
        let mut random = Random(load.seed ^ (worker as u64 + 1).wrapping_mul(0x9e37_79b9));
        let database = database.clone();
        let violations = Arc::clone(&violations);
        // A tenant belongs to one worker, which knows what there must be.
        let mut clients: Vec<Client> = (worker..load.tenants)
            .step_by(load.workers)
            .map(|number| Client::new(&database, number, load.tenants))
            .collect();
        tokio::spawn(async move {
            for _ in 0..load.operations * clients.len() {
                let client =
                    &mut clients[random.below(load.tenants) % (load.tenants / load.workers)];
                let outcome = client.act(&mut random, &database).await;
                if let Err(violation) = outcome {
                    let mut violations = violations.lock().expect("not poisoned");
                    violations.push(format!("{}: {violation}", client.tenant));
                }
                if violations.lock().expect("not poisoned").len() >= ENOUGH {
                    return;
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("a worker");
    }
    let mut violations = std::mem::take(&mut *violations.lock().expect("not poisoned"));
    violations.extend(foreign_events(database).await);
    violations
}

/// Events whose row says another tenant than whoever recorded them.
async fn foreign_events(database: &Database) -> Vec<String> {
    let rows = database
        .reader()
        .query("SELECT envelope FROM formwork_outbox", &[]);
    let rows = rows.await.expect("the outbox");
    assert!(!rows.is_empty(), "something was recorded");
    let envelopes = rows
        .iter()
        .map(|row| Envelope::from_json(row.get::<_, &str>(0).as_bytes()).expect("an envelope"));
    envelopes
        .filter_map(|envelope| {
            let owner: String = envelope.read().expect("an owner");
            let found = envelope.tenant.as_ref().map(TenantId::as_str);
            (found != Some(&*owner)).then(|| format!("{owner}: its event is of {found:?}"))
        })
        .collect()
}

struct Client {
    tenant: TenantId,
    foreign: TenantId,
    database: Database,
    /// By table, what must be there: amounts by identifier.
    rows: [BTreeMap<i64, i64>; 2],
}

const TABLES: [&str; 2] = ["orders", "notes"];

impl Client {
    fn new(database: &Database, number: usize, tenants: usize) -> Self {
        let tenant_ = tenant(number);
        Self {
            database: database.for_tenant(&tenant_),
            tenant: tenant_,
            foreign: tenant((number + 1) % tenants),
            rows: Default::default(),
        }
    }

    /// One thing or another. All tenants use the same few identifiers.
    async fn act(&mut self, random: &mut Random, whole: &Database) -> Result<(), String> {
        let which = random.below(2);
        let table = TABLES[which];
        let id = random.below(6) as i64;
        let amount = random.below(1_000) as i64;
        match random.below(13) {
            0 | 1 => {
                let mut transaction = self.begin().await?;
                self.put(&mut transaction, table, id, amount).await?;
                self.record(&mut transaction).await?;
                transaction.commit().await.map_err(|error| chain(&error))?;
                self.rows[which].insert(id, amount);
            }
            2 => {
                let mut transaction = self.begin().await?;
                self.put(&mut transaction, table, id, amount).await?;
                self.record(&mut transaction).await?;
                // Undone.
            }
            3 => {
                let sql = format!("SELECT id, owner, amount FROM {table} WHERE id = $1");
                let rows = self.database.reader().query(&sql, &[&id]).await;
                let expected = self.rows[which].range(id..=id);
                self.compare(table, &rows.map_err(|error| chain(&error))?, expected)?;
            }
            4 | 5 => {
                let sql = format!("SELECT id, owner, amount FROM {table} ORDER BY id");
                let rows = self.database.reader().query(&sql, &[]).await;
                let rows = rows.map_err(|error| chain(&error))?;
                self.compare(table, &rows, self.rows[which].iter())?;
            }
            6 => {
                let sql = format!("SELECT id, owner, amount FROM {table} ORDER BY id");
                let mut transaction = self.begin().await?;
                let rows = transaction.query(&sql, &[]).await;
                let rows = rows.map_err(|error| chain(&error))?;
                self.compare(table, &rows, self.rows[which].iter())?;
            }
            7 => {
                let sql = format!("UPDATE {table} SET amount = amount + 1");
                let mut transaction = self.begin().await?;
                let changed = transaction.execute(&sql, &[]).await;
                let changed = changed.map_err(|error| chain(&error))?;
                transaction.commit().await.map_err(|error| chain(&error))?;
                self.count(table, "changed", changed, self.rows[which].len())?;
                self.rows[which]
                    .values_mut()
                    .for_each(|amount| *amount += 1);
            }
            8 => {
                let sql = format!("DELETE FROM {table} WHERE id = $1");
                let mut transaction = self.begin().await?;
                let gone = transaction.execute(&sql, &[&id]).await;
                let gone = gone.map_err(|error| chain(&error))?;
                transaction.commit().await.map_err(|error| chain(&error))?;
                let known = self.rows[which].remove(&id);
                self.count(table, "deleted", gone, known.iter().len())?;
            }
            9 => {
                let sql = format!(
                    "INSERT INTO {table} (tenant, id, owner, amount) VALUES ($1, $2, $3, 0)"
                );
                let (foreign, own) = (self.foreign.as_str(), self.tenant.as_str());
                let mut transaction = self.begin().await?;
                let forged = transaction
                    .execute(&sql, &[&foreign, &(100 + id), &own])
                    .await;
                if forged.is_ok() {
                    return Err(format!("{table}: wrote a row for {foreign}"));
                }
            }
            10 => {
                let sql = format!("UPDATE {table} SET tenant = $1 WHERE id = $2");
                let foreign = self.foreign.as_str();
                let mut transaction = self.begin().await?;
                let given = transaction.execute(&sql, &[&foreign, &id]).await;
                if self.rows[which].contains_key(&id) && given.is_ok() {
                    return Err(format!("{table}: gave a row to {foreign}"));
                }
            }
            11 => {
                let sql = format!("SELECT id, owner, amount FROM {table}");
                let rows = whole.reader().query(&sql, &[]).await;
                let rows = rows.map_err(|error| chain(&error))?;
                if !rows.is_empty() {
                    return Err(format!("{table}: {} rows are seen by nobody", rows.len()));
                }
            }
            _ => self.give_up(random, table, id).await,
        }
        Ok(())
    }

    /// Stops waiting half-way, or makes a statement fail.
    async fn give_up(&self, random: &mut Random, table: &str, id: i64) {
        let list = format!("SELECT id, owner, amount FROM {table} ORDER BY id");
        let slow = format!("SELECT pg_sleep(0.001), amount FROM {table}");
        let wrong = format!("SELECT 1 / (id - $1) FROM {table}");
        match random.below(4) {
            0 => drop(self.database.reader().query(&list, &[]).now_or_never()),
            1 => drop(self.database.reader().query(&slow, &[]).now_or_never()),
            // Whether it fails depends on what there is.
            2 => drop(self.database.reader().query(&wrong, &[&id]).await),
            _ => {
                if let Ok(mut transaction) = self.database.begin().await {
                    drop(transaction.query(&slow, &[]).now_or_never());
                }
            }
        }
    }

    async fn begin(&self) -> Result<Transaction, String> {
        self.database.begin().await.map_err(|error| chain(&error))
    }

    async fn put(
        &self,
        transaction: &mut Transaction,
        table: &str,
        id: i64,
        amount: i64,
    ) -> Result<(), String> {
        let sql = format!(
            "INSERT INTO {table} (id, owner, amount) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, id) DO UPDATE SET amount = excluded.amount"
        );
        let own = self.tenant.as_str();
        let put = transaction.execute(&sql, &[&id, &own, &amount]).await;
        put.map(drop).map_err(|error| chain(&error))
    }

    async fn record(&self, transaction: &mut Transaction) -> Result<(), String> {
        let data = serde_json::json!(self.tenant.as_str());
        let event = Envelope::new("order.placed", 1, "order", [1; 16], 1, data);
        let outcome = Outcome {
            id: [1; 16],
            version: 1,
        };
        let operation = operation().for_tenant(self.tenant.clone());
        let recorded = transaction.record(&operation, vec![event], outcome).await;
        recorded.map_err(|error| chain(&error))
    }

    fn count(&self, table: &str, what: &str, found: u64, expected: usize) -> Result<(), String> {
        if found == expected as u64 {
            return Ok(());
        }
        Err(format!("{table}: {what} {found} rows, has {expected}"))
    }

    fn compare<'a>(
        &self,
        table: &str,
        rows: &[Row],
        expected: impl Iterator<Item = (&'a i64, &'a i64)>,
    ) -> Result<(), String> {
        for row in rows {
            let owner: &str = row.get("owner");
            if owner != self.tenant.as_str() {
                return Err(format!("{table}: sees a row of {owner}"));
            }
        }
        let found: Vec<(i64, i64)> = rows
            .iter()
            .map(|row| (row.get("id"), row.get("amount")))
            .collect();
        let expected: Vec<(i64, i64)> = expected.map(|(id, amount)| (*id, *amount)).collect();
        if found == expected {
            return Ok(());
        }
        Err(format!("{table}: finds {found:?}, wrote {expected:?}"))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The same numbers for the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}
