//! Whether the database keeps tenants apart.

use std::fmt;

use super::PREDICATE;
use crate::{Database, Error, Migrations};

/// Something that would let one tenant see or touch what belongs to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Row level security does not hold for the service's role.
    Role {
        /// The role the service connects as.
        role: String,
        /// What is wrong with it, such as `is a superuser`.
        reason: String,
    },
    /// A table of tenants is not protected as it should be.
    Table {
        /// The table.
        table: String,
        /// What is wrong with it, such as `row level security is off`.
        reason: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { role, reason } => write!(f, "role `{role}` {reason}"),
            Self::Table { table, reason } => write!(f, "table `{table}`: {reason}"),
        }
    }
}

const ROLE: &str = "SELECT current_user::text AS role, m.rolname::text AS member, \
         m.rolsuper AS super, m.rolbypassrls AS bypass \
     FROM pg_roles m \
     WHERE (m.rolsuper OR m.rolbypassrls) AND pg_has_role(current_user, m.oid, 'MEMBER') \
     ORDER BY m.rolname <> current_user, m.rolname";

// Whoever migrates will own the tables. To a superuser membership says nothing.
const OWNER: &str = "SELECT current_user::text AS role, m.rolname::text AS owner \
     FROM pg_roles m \
     WHERE m.rolname = coalesce($1, current_user) AND pg_has_role(current_user, m.oid, 'MEMBER') \
         AND (m.rolname = current_user OR NOT EXISTS ( \
             SELECT 1 FROM pg_roles r WHERE r.rolname = current_user AND r.rolsuper \
         ))";

// Tables of tenants: those with the column. The runtime's own hold what is for all tenants.
const TABLES: &str = "SELECT c.oid, c.oid::regclass::text AS name, current_user::text AS role, \
         c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, \
         pg_has_role(current_user, c.relowner, 'MEMBER') AS owned, \
         has_table_privilege(current_user, c.oid, 'TRUNCATE') AS truncates, \
         a.attnotnull AS required \
     FROM pg_class c \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped \
     WHERE c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'formwork\\_%' \
         AND c.relnamespace = ANY (current_schemas(false)::regnamespace[]) \
     ORDER BY name";

// Restrictive ones only ever take rows away.
const POLICIES: &str = "SELECT polname::text AS name, polcmd::text AS command, \
         pg_get_expr(polqual, polrelid) AS seen, pg_get_expr(polwithcheck, polrelid) AS written \
     FROM pg_policy \
     WHERE polrelid = $1 AND polpermissive \
         AND (polroles = '{0}' OR EXISTS ( \
             SELECT 1 FROM unnest(polroles) AS r (oid) \
             WHERE pg_has_role(current_user, r.oid, 'USAGE') \
         )) \
     ORDER BY polname";

const UNIQUE: &str = "SELECT i.indexrelid::regclass::text AS name FROM pg_index i \
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant' \
     WHERE i.indrelid = $1 AND i.indisunique AND NOT a.attnum = ANY (i.indkey::int2[]) \
     ORDER BY name";

// What a view reads, it reads as its owner, unless it says otherwise.
const VIEWS: &str = "SELECT DISTINCT v.oid::regclass::text AS name \
     FROM pg_depend d \
     JOIN pg_rewrite r ON r.oid = d.objid \
     JOIN pg_class v ON v.oid = r.ev_class \
     WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass \
         AND d.refobjid = $1 AND v.relkind IN ('v', 'm') \
         AND has_table_privilege(current_user, v.oid, 'SELECT') \
         AND NOT EXISTS ( \
             SELECT 1 FROM pg_options_to_table(v.reloptions) \
             WHERE option_name = 'security_invoker' AND option_value::boolean \
         ) \
     ORDER BY name";

/// Whether row level security keeps tenants apart for the role this database is used as: all that
/// is wrong, nothing when all is well.
///
/// Looked at are the tables with a column `tenant` in the schemas of the search path, but those of
/// the runtime. Of each: who owns it, whether row level security is on and forced, whether its
/// policies are the one of [`policy`](super::policy), for reading and for writing, whether what is
/// unique in it is so within a tenant, and what views show of it.
///
/// # Errors
/// When the database cannot be asked.
pub async fn check(database: &Database) -> Result<Vec<Finding>, Error> {
    let mut findings = role(database).await?;
    findings.extend(tables(database).await?);
    Ok(findings)
}

/// What would be wrong once `migrations` have run, as far as it can be known before: what
/// [`check`] says of the service's role, and whether it would own the tables.
pub(crate) async fn foresee(
    database: &Database,
    migrations: &Migrations,
) -> Result<Vec<Finding>, Error> {
    let mut findings = role(database).await?;
    if !migrations.mention("tenant") {
        return Ok(findings);
    }
    let migrator = database.migrator()?;
    for row in database.reader().query(OWNER, &[&migrator]).await? {
        let (role, owner): (String, String) = (row.get("role"), row.get("owner"));
        let reason = if role == owner {
            "would own the tables of tenants and could switch row level security off; run migrations \
             as another role, see `postgres.migrations-url`"
                .to_owned()
        } else {
            format!(
                "may become `{owner}`, who would own the tables of tenants and could switch row level \
                 security off; revoke the membership"
            )
        };
        findings.push(Finding::Role { role, reason });
    }
    Ok(findings)
}

/// What is wrong with the role itself, whatever tables there are.
async fn role(database: &Database) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for row in database.reader().query(ROLE, &[]).await? {
        let (role, member): (String, String) = (row.get("role"), row.get("member"));
        let trait_ = match row.get("super") {
            true => "superuser, for whom row level security does not hold",
            false => "role with `BYPASSRLS`, for which row level security does not hold",
        };
        let reason = if role == member {
            format!("is a {trait_}; connect as a plain role")
        } else {
            format!("may become `{member}`, a {trait_}; revoke the membership")
        };
        findings.push(Finding::Role { role, reason });
    }
    Ok(findings)
}

/// What is wrong with the tables there are.
async fn tables(database: &Database) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let reader = database.reader();
    for row in reader.query(TABLES, &[]).await? {
        let table: String = row.get("name");
        let oid: u32 = row.get("oid");
        let mut found = |reason: String| {
            findings.push(Finding::Table {
                table: table.clone(),
                reason,
            });
        };
        let role: String = row.get("role");
        if row.get("owned") {
            found(format!(
                "role `{role}` owns it and could switch row level security off; \
                 run migrations as another role, see `postgres.migrations-url`"
            ));
        } else if row.get("truncates") {
            found(format!(
                "role `{role}` may truncate it, whosever the rows are; revoke that"
            ));
        }
        if !row.get::<_, bool>("enabled") {
            found("row level security is off; enable it".to_owned());
        }
        if !row.get::<_, bool>("forced") {
            found("row level security is not forced upon its owner; force it".to_owned());
        }
        if !row.get::<_, bool>("required") {
            found("the column `tenant` may be null; make it `NOT NULL`".to_owned());
        }
        let policies = reader.query(POLICIES, &[&oid]).await?;
        let policies: Vec<Policy> = policies.iter().map(Policy::read).collect();
        judge(&policies, &mut found);
        for row in reader.query(UNIQUE, &[&oid]).await? {
            found(format!(
                "`{}` is unique over all tenants; add the column `tenant`",
                row.get::<_, &str>("name")
            ));
        }
        for row in reader.query(VIEWS, &[&oid]).await? {
            found(format!(
                "the view `{}` shows it with its owner's rights; give it `security_invoker`, or \
                 revoke that it may be read",
                row.get::<_, &str>("name")
            ));
        }
    }
    Ok(findings)
}

/// A permissive policy: what any of them allows is allowed.
struct Policy {
    name: String,
    command: String,
    seen: Option<String>,
    written: Option<String>,
}

impl Policy {
    fn read(row: &tokio_postgres::Row) -> Self {
        Self {
            name: row.get("name"),
            command: row.get("command"),
            seen: row.get("seen"),
            written: row.get("written"),
        }
    }

    /// Whether it is for this command: `r`ead, `a`ppend, `w`rite, `d`elete.
    fn covers(&self, command: &str) -> bool {
        self.command == "*" || self.command == command
    }
}

fn judge(policies: &[Policy], found: &mut impl FnMut(String)) {
    let commands = [
        ("r", "SELECT"),
        ("a", "INSERT"),
        ("w", "UPDATE"),
        ("d", "DELETE"),
    ];
    let missing: Vec<_> = commands
        .iter()
        .filter(|(command, _)| !policies.iter().any(|policy| policy.covers(command)))
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        found(format!("no policy is for {}; add one", missing.join(", ")));
    }
    for policy in policies {
        let name = &policy.name;
        let reads = policy.command != "a";
        if reads && !policy.seen.as_deref().is_some_and(is_predicate) {
            found(format!(
                "policy `{name}` does not show each tenant exactly its own rows; \
                 expected `USING ({PREDICATE})`"
            ));
        }
        // Without `WITH CHECK`, what is written is checked like what is seen.
        let writes = matches!(&*policy.command, "*" | "a" | "w");
        let wrong = match &policy.written {
            Some(written) => !is_predicate(written),
            None => policy.command == "a",
        };
        if writes && wrong {
            found(format!(
                "policy `{name}` lets a tenant write what is not its own; \
                 expected `WITH CHECK ({PREDICATE})`"
            ));
        }
    }
}

/// Whether an expression, as the server writes it, is the predicate and nothing more.
fn is_predicate(expression: &str) -> bool {
    bare(expression) == bare(PREDICATE)
}

/// Without blanks, parentheses and casts to text. The predicate has no operator that would bind
/// differently without its parentheses.
fn bare(expression: &str) -> String {
    let cast = expression.replace("::text", "");
    cast.chars()
        .filter(|symbol| !symbol.is_whitespace() && !matches!(symbol, '(' | ')'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_predicate_is_the_predicate() {
        let written = "(tenant = NULLIF(current_setting('formwork.tenant'::text, true), ''::text))";
        assert!(is_predicate(written));
        assert!(is_predicate(
            &written.replace("tenant =", "(tenant)::text =")
        ));
        for wrong in [
            "true",
            "(tenant = 'acme'::text)",
            "(tenant = current_setting('app.tenant'::text, true))",
            &format!("({written} OR (id = 1))"),
            &written.replace("tenant =", "owner ="),
        ] {
            assert!(!is_predicate(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_command_needs_a_policy_that_holds() {
        let policy = |command: &str, seen: Option<&str>, written: Option<&str>| Policy {
            name: "p".to_owned(),
            command: command.to_owned(),
            seen: seen.map(str::to_owned),
            written: written.map(str::to_owned),
        };
        let complaints = |policies: &[Policy]| {
            let mut complaints = Vec::new();
            judge(policies, &mut |reason| complaints.push(reason));
            complaints.len()
        };
        let right = Some(PREDICATE);
        assert_eq!(complaints(&[policy("*", right, right)]), 0);
        assert_eq!(complaints(&[policy("*", right, None)]), 0);
        assert_eq!(complaints(&[]), 1);
        assert_eq!(complaints(&[policy("r", right, None)]), 1);
        assert_eq!(complaints(&[policy("*", Some("true"), None)]), 1);
        assert_eq!(complaints(&[policy("*", right, Some("true"))]), 1);
        let mut each = vec![
            policy("r", right, None),
            policy("a", None, right),
            policy("w", right, None),
            policy("d", right, None),
        ];
        assert_eq!(complaints(&each), 0);
        each.push(policy("r", Some("true"), None));
        assert_eq!(complaints(&each), 1);
    }
}
