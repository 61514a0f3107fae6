//! Bringing the schema up to date.

use std::collections::BTreeMap;

use crate::Error;
use crate::session::Session;

/// The tables of this crate.
const OWN: [(&str, &str); 2] = [
    (
        "formwork/0001_outbox.sql",
        include_str!("sql/0001_outbox.sql"),
    ),
    (
        "formwork/0002_tenants.sql",
        include_str!("sql/0002_tenants.sql"),
    ),
];

/// Processes that migrate take turns. The number is arbitrary but must never change.
const LOCK: &str = "SELECT pg_advisory_lock(5072348751224173)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(5072348751224173)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS formwork_migrations (\
     name text PRIMARY KEY, checksum text NOT NULL, \
     applied_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// Who is asking, and who migrated before.
const OWNER: &str = "SELECT current_user::text AS role, ( \
         SELECT pg_get_userbyid(relowner)::text FROM pg_class \
         WHERE relname = 'formwork_migrations' \
             AND relnamespace = ANY (current_schemas(false)::regnamespace[]) \
             AND relowner <> current_user::regrole \
         LIMIT 1 \
     ) AS owner";

/// What lets a role use the tables of the one that migrates. Nothing when they are the same role.
const GRANTS: &str = "SELECT format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), $1::text) \
     WHERE current_user <> $1 AND NOT has_schema_privilege($1, current_schema(), 'USAGE') \
     UNION ALL \
     SELECT format( \
         'GRANT %s ON %s %s TO %I', \
         CASE c.relkind WHEN 'S' THEN 'USAGE' ELSE 'SELECT, INSERT, UPDATE, DELETE' END, \
         CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, \
         c.oid::regclass, $1::text \
     ) \
     FROM pg_class c \
     WHERE current_user <> $1 AND c.relkind IN ('r', 'p', 'S') AND NOT c.relispartition \
         AND c.relnamespace = current_schema()::regnamespace \
         AND pg_get_userbyid(c.relowner) = current_user \
         AND c.relname <> 'formwork_migrations' \
     UNION ALL \
     SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, $1::text) \
     FROM pg_proc p \
     WHERE current_user <> $1 AND p.prokind = 'f' \
         AND p.pronamespace = current_schema()::regnamespace \
         AND pg_get_userbyid(p.proowner) = current_user";

/// A service's migrations, in the order they are applied. Each runs once, in a transaction of its
/// own.
///
/// ```
/// use formwork_postgres::Migrations;
///
/// let migrations = Migrations::new(&[(
///     "0001_orders.sql",
///     "CREATE TABLE orders (id uuid PRIMARY KEY, version bigint NOT NULL)",
/// )]);
/// ```
#[derive(Debug, Clone)]
pub struct Migrations {
    files: Vec<(String, String)>,
}

/// What migrating did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The migrations that were applied now, in order.
    pub names: Vec<String>,
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The database could not be used.
    #[error("could not read which migrations were applied")]
    Database(#[from] Error),
    /// Migrations were changed after they had been applied.
    #[error(
        "migrations were changed after they had been applied: {}; undo the change and add a new migration",
        names(.0)
    )]
    Changed(Vec<String>),
    /// A migration failed, and was rolled back.
    #[error("migration `{name}` failed")]
    Failed {
        /// The migration.
        name: String,
        /// What the database says.
        source: Error,
    },
    /// The role lacks rights.
    #[error("role `{role}` lacks the rights to migrate; {}", remedy(owner))]
    Denied {
        /// The role migrations ran as.
        role: String,
        /// The role that migrated before, when that is another.
        owner: Option<String>,
        /// What was denied.
        source: Box<MigrateError>,
    },
}

fn remedy(owner: &Option<String>) -> String {
    match owner {
        Some(owner) => format!(
            "the tables belong to role `{owner}`, who migrated before: let `postgres.migrations-url` \
             name that role, or make the role it names their owner"
        ),
        None => "let `postgres.migrations-url` name a role that may create tables in the schema, \
                 whose they will be"
            .to_owned(),
    }
}

impl Migrations {
    /// Migrations as pairs of name and SQL.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let own = |(name, sql): (&str, &str)| (name.to_owned(), sql.to_owned());
        Self {
            files: OWN
                .into_iter()
                .chain(files.iter().copied())
                .map(own)
                .collect(),
        }
    }

    /// Whether a migration of the service has this word in it.
    pub(crate) fn mention(&self, word: &str) -> bool {
        let mut files = self.files.iter().skip(OWN.len());
        files.any(|(_, sql)| sql.to_lowercase().contains(word))
    }

    /// Applies what is missing, and lets the role `user` use what is there. Dropping the session
    /// gives the lock up.
    pub(crate) async fn apply(
        &self,
        session: &Session,
        user: Option<&str>,
    ) -> Result<Applied, MigrateError> {
        session
            .client
            .batch_execute(LOCK)
            .await
            .map_err(Error::from)?;
        let applied = match self.apply_locked(session, user).await {
            Err(error) if error.is_denied() => Err(error.explained(session).await),
            applied => applied,
        };
        // The session may serve others afterwards.
        session
            .client
            .batch_execute(UNLOCK)
            .await
            .map_err(Error::from)?;
        applied
    }

    async fn apply_locked(
        &self,
        session: &Session,
        user: Option<&str>,
    ) -> Result<Applied, MigrateError> {
        session
            .client
            .batch_execute(TABLE)
            .await
            .map_err(Error::from)?;
        let rows = session
            .query("SELECT name, checksum FROM formwork_migrations", &[])
            .await?;
        let known: BTreeMap<String, String> = rows
            .iter()
            .map(|row| (row.get("name"), row.get("checksum")))
            .collect();

        let mut changed = Vec::new();
        let mut missing = Vec::new();
        for (name, sql) in &self.files {
            let checksum = checksum(sql);
            match known.get(name) {
                Some(known) if *known == checksum => {}
                Some(_) => changed.push(name.clone()),
                None => missing.push((name, sql, checksum)),
            }
        }
        if !changed.is_empty() {
            return Err(MigrateError::Changed(changed));
        }
        let mut names = Vec::new();
        for (name, sql, checksum) in missing {
            if let Err(source) = apply_one(session, name, sql, &checksum).await {
                session.client.batch_execute("ROLLBACK").await.ok();
                return Err(MigrateError::Failed {
                    name: name.clone(),
                    source,
                });
            }
            tracing::info!(migration = name, "applied a migration");
            names.push(name.clone());
        }
        if let Some(user) = user {
            for row in session.query(GRANTS, &[&user]).await? {
                let grant: &str = row.get(0);
                session
                    .client
                    .batch_execute(grant)
                    .await
                    .map_err(Error::from)?;
            }
        }
        Ok(Applied { names })
    }
}

impl MigrateError {
    fn is_denied(&self) -> bool {
        match self {
            Self::Database(error) | Self::Failed { source: error, .. } => error.is_denied(),
            Self::Changed(_) | Self::Denied { .. } => false,
        }
    }

    /// With what to do about it, when the database can still say who is who.
    async fn explained(self, session: &Session) -> Self {
        let rows = session.query(OWNER, &[]).await.unwrap_or_default();
        match rows.first() {
            Some(row) => Self::Denied {
                role: row.get("role"),
                owner: row.get("owner"),
                source: Box::new(self),
            },
            None => self,
        }
    }
}

async fn apply_one(session: &Session, name: &str, sql: &str, checksum: &str) -> Result<(), Error> {
    const RECORD: &str = "INSERT INTO formwork_migrations (name, checksum) VALUES ($1, $2)";
    session.client.batch_execute("BEGIN").await?;
    session.client.batch_execute(sql).await?;
    session.execute(RECORD, &[&name, &checksum]).await?;
    session.client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Tells texts apart (FNV-1a, 64 bits); no defence against malice. Ends of lines do not count:
/// they depend on how the sources were checked out.
fn checksum(sql: &str) -> String {
    let bytes = sql.bytes().filter(|&byte| byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
