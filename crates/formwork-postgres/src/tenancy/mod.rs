//! Many tenants in one database: row level security, and what must be so that it holds.
//!
//! Each table of tenants has a column `tenant` ([`COLUMN`]) and a policy ([`policy`]). A
//! transaction says whose it is when it begins, by [`Database::for_tenant`](crate::Database), and
//! that is forgotten when it ends. Whoever does not say it sees no row and can write none.
//!
//! ```
//! use formwork_postgres::{Migrations, tenancy};
//!
//! let orders = format!(
//!     "CREATE TABLE orders (
//!          {},
//!          id uuid NOT NULL,
//!          number text NOT NULL,
//!          PRIMARY KEY (tenant, id),
//!          UNIQUE (tenant, number)
//!      );
//!      {}",
//!     tenancy::COLUMN,
//!     tenancy::policy("orders"),
//! );
//! let migrations = Migrations::new(&[("0001_orders.sql", &orders)]);
//! ```
//!
//! # What must be so
//! Row level security is not for superusers, for roles with `BYPASSRLS`, and can be switched off by
//! the owner of a table. So migrations run as one role (`postgres.migrations-url`) and the service
//! as another, and [`check`] says at start what is not as it should be. What is wrong with the roles
//! is said before anything is migrated.
//!
//! What belongs to a tenant is unique within the tenant: a constraint without the column would tell
//! one tenant what another has.

mod check;

use formwork_domain::TenantId;

pub(crate) use check::foresee;
pub use check::{Finding, check};

/// The column that says whose a row is, as it stands in `CREATE TABLE`. It fills itself in.
pub const COLUMN: &str =
    "tenant text NOT NULL DEFAULT NULLIF(current_setting('formwork.tenant', true), '')";

/// What a row must fulfil to be seen or written.
pub const PREDICATE: &str = "tenant = NULLIF(current_setting('formwork.tenant', true), '')";

/// The SQL that leaves each tenant with its own rows of a table. For migrations.
///
/// The name is put into the text as it is: it comes from the author of the migration.
pub fn policy(table: &str) -> String {
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n\
         ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n\
         CREATE POLICY tenant_isolation ON {table}\n    \
             USING ({PREDICATE})\n    \
             WITH CHECK ({PREDICATE});\n"
    )
}

/// How the transactions of a tenant begin.
pub(crate) struct Scope {
    tenant: TenantId,
    begin: String,
}

impl Scope {
    pub(crate) fn new(tenant: &TenantId) -> Self {
        Self {
            // One message. The text of a tenant holds letters, digits and hyphens only.
            begin: format!("BEGIN; SELECT set_config('formwork.tenant', '{tenant}', true)"),
            tenant: tenant.clone(),
        }
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) fn begin(&self) -> &str {
        &self.begin
    }
}
