//! The row level security of a generated service, as its migrations and its roles make it: tenants are kept apart in every
//! table, and whoever looks notices when one thing of it is missing.
//!
//! The tables are filled by what the database says of them, so that no model is left out.

use std::fs;
use std::process;

use tokio::runtime;
use tokio_postgres::{Client, NoTls};

use crate::postgres::{Database, run};
use crate::project::Project;

/// A database as the owner of a new service makes it, with all tables of its aggregates.
struct Site {
    database: Database,
    /// The one that migrates, and the one that serves.
    roles: [String; 2],
    tables: Vec<String>,
}

impl Site {
    /// Whom the service works as.
    fn service(&self) -> String {
        self.database.url_of(&self.roles[1], &self.roles[0])
    }

    fn owner(&self) -> String {
        self.database.url_of(&self.roles[0], &self.roles[0])
    }

    /// Everything that `run` says in a session of this role.
    fn violations(&self, url: &str) -> Vec<String> {
        block(async {
            let client = connect(url).await;
            let mut found = Vec::new();
            for table in &self.tables {
                found.extend(violations(&client, table).await);
            }
            found
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // What they own and may do goes with the database.
        self.database.drop_now();
        for role in &self.roles {
            run(
                self.database.server(),
                &format!("DROP ROLE IF EXISTS {role}"),
            );
        }
    }
}

/// One thing that is wrong.
struct Mutation {
    name: &'static str,
    /// Run by the superuser for one table, `{table}`.
    sql: &'static str,
    as_owner: bool,
}

const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "a predicate of what is seen is removed",
        sql: "ALTER POLICY tenant_isolation ON {table} USING (true)",
        as_owner: false,
    },
    Mutation {
        name: "a predicate of what is written is removed",
        sql: "ALTER POLICY tenant_isolation ON {table} WITH CHECK (true)",
        as_owner: false,
    },
    Mutation {
        name: "a policy is dropped",
        sql: "DROP POLICY tenant_isolation ON {table}",
        as_owner: false,
    },
    Mutation {
        name: "row level security is off",
        sql: "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        as_owner: false,
    },
    Mutation {
        name: "the service is the owner, upon whom it is not forced",
        sql: "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        as_owner: true,
    },
];

/// Of every table in turn, and each of these in each of them is noticed.
pub(crate) fn prove(server: &str) {
    let site = site(server);
    assert!(site.tables.len() > 2, "{:?}", site.tables);
    assert_eq!(site.violations(&site.service()), [""; 0], "as it is made");
    // As long as it is forced, the owner is held to it.
    assert_eq!(site.violations(&site.owner()), [""; 0], "as the owner");
    for table in &site.tables {
        for mutation in MUTATIONS {
            let mutated = mutation.sql.replace("{table}", table);
            let before = policy(table);
            run(site.database.url(), &mutated);
            let url = match mutation.as_owner {
                true => site.owner(),
                false => site.service(),
            };
            let found = site.violations(&url);
            assert!(
                found
                    .iter()
                    .any(|violation| violation.starts_with(&format!("{table}: "))),
                "{table}: {}, and nobody notices: {found:?}",
                mutation.name
            );
            assert!(
                found
                    .iter()
                    .all(|violation| violation.starts_with(&format!("{table}: "))),
                "{table}: {}, and others leak: {found:?}",
                mutation.name
            );
            run(site.database.url(), &before);
        }
    }
    assert_eq!(site.violations(&site.service()), [""; 0], "put right again");
    let superuser = site.violations(site.database.url());
    for table in &site.tables {
        let seen = format!("{table}: umbrella sees a row of acme");
        assert!(superuser.contains(&seen), "a superuser: {superuser:?}");
    }
}

/// Generates the project, and does what its README says.
fn site(server: &str) -> Site {
    // Roles belong to the server: nobody else has these.
    let name = format!("bourse-{}", process::id());
    let choices = ["--answer", "database=postgres", "--with", "tenancy"];
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = scratch.path().join(&name);
    Project::write(&name, &folder, &choices);
    let database = Database::create(server);
    let owner = name.replace('-', "_");
    let mut site = Site {
        roles: [owner.clone(), format!("{owner}_service")],
        tables: Vec::new(),
        database,
    };
    let read = |path: &str| {
        let text = fs::read_to_string(folder.join(path));
        text.unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let roles = read("deploy/postgres/roles.sql");
    run(server, &roles);
    // It may be repeated, as when the database is made anew.
    run(server, &roles);
    run(
        server,
        &format!("ALTER DATABASE {} OWNER TO {owner}", site.database.name()),
    );
    let mut migrations: Vec<_> = fs::read_dir(folder.join("migrations"))
        .expect("there are migrations")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    migrations.sort();
    for migration in migrations {
        let sql = fs::read_to_string(migration).expect("it can be read");
        run(&site.owner(), &sql);
    }
    // As the runtime does after its migrations.
    run(
        &site.owner(),
        &format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            site.roles[1]
        ),
    );
    let url = site.owner();
    site.tables = block(async {
        let client = connect(&url).await;
        let rows = client
            .query(
                "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
                 AND relnamespace = 'public'::regnamespace ORDER BY 1",
                &[],
            )
            .await;
        let rows = rows.expect("the tables are listed");
        rows.iter().map(|row| row.get(0)).collect()
    });
    site
}

/// What a tenant notices of another in a table, or of whom it is nobody's.
async fn violations(client: &Client, table: &str) -> Vec<String> {
    let mut found = Vec::new();
    clear(client, table).await;
    for tenant in ["acme", "umbrella"] {
        let insert = insert(client, table, None).await;
        begin(client, tenant).await;
        if let Err(error) = client.batch_execute(&insert).await {
            found.push(format!("{table}: {tenant} cannot write: {error:?}"));
        }
        client.batch_execute("COMMIT").await.ok();
    }
    for (tenant, foreign) in [("umbrella", "acme"), ("acme", "umbrella"), ("", "acme")] {
        let who = if tenant.is_empty() { "nobody" } else { tenant };
        begin(client, tenant).await;
        let owners = format!("SELECT DISTINCT tenant FROM {table} ORDER BY 1");
        let owners = client.query(&owners, &[]).await.expect("it can be asked");
        let owners: Vec<String> = owners.iter().map(|row| row.get(0)).collect();
        if owners.iter().any(|owner| owner == foreign) {
            found.push(format!("{table}: {who} sees a row of {foreign}"));
        }
        if !tenant.is_empty() && !owners.iter().any(|owner| owner == tenant) {
            found.push(format!("{table}: {who} does not see its own"));
        }
        for (what, sql) in [
            (
                "changes",
                format!("UPDATE {table} SET version = 77 WHERE tenant = '{foreign}'"),
            ),
            (
                "deletes",
                format!("DELETE FROM {table} WHERE tenant = '{foreign}'"),
            ),
        ] {
            begin(client, tenant).await;
            if client.execute(&sql, &[]).await.is_ok_and(|rows| rows > 0) {
                found.push(format!("{table}: {who} {what} a row of {foreign}"));
            }
        }
        let forged = insert(client, table, Some(foreign)).await;
        begin(client, tenant).await;
        if client.batch_execute(&forged).await.is_ok() {
            found.push(format!("{table}: {who} writes a row for {foreign}"));
        }
        begin(client, tenant).await;
        let given = format!("UPDATE {table} SET tenant = 'initech' WHERE tenant = '{tenant}'");
        if client.execute(&given, &[]).await.is_ok_and(|rows| rows > 0) {
            found.push(format!("{table}: {who} gives its rows away"));
        }
        client.batch_execute("ROLLBACK").await.expect("an end");
    }
    found
}

/// Ends what was begun before, and begins for the tenant.
async fn begin(client: &Client, tenant: &str) {
    let begin = format!("ROLLBACK; BEGIN; SELECT set_config('formwork.tenant', '{tenant}', true)");
    client.batch_execute(&begin).await.expect("a transaction");
}

/// Without the rows that these tenants had.
async fn clear(client: &Client, table: &str) {
    for tenant in ["acme", "umbrella", "initech"] {
        begin(client, tenant).await;
        let delete = format!("DELETE FROM {table}");
        client.batch_execute(&delete).await.expect("rows may go");
        client.batch_execute("COMMIT").await.expect("an end");
    }
}

/// The statement that makes a row of a table, whatever its columns are.
async fn insert(client: &Client, table: &str, tenant: Option<&str>) -> String {
    let columns = client
        .query(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND attnotnull AND attname <> 'tenant' \
             ORDER BY attnum",
            &[&table],
        )
        .await
        .expect("the columns are listed");
    let mut names: Vec<String> = Vec::new();
    let mut values: Vec<String> = Vec::new();
    for row in columns {
        let (name, kind): (String, String) = (row.get(0), row.get(1));
        names.push(format!("\"{name}\""));
        values.push(match &*kind {
            "uuid" => "gen_random_uuid()".to_owned(),
            "bigint" => "1".to_owned(),
            "boolean" => "true".to_owned(),
            "jsonb" => "'{}'".to_owned(),
            "text" => "gen_random_uuid()::text".to_owned(),
            "timestamp with time zone" => "now()".to_owned(),
            other => panic!("{table}.{name} is of the type {other}"),
        });
    }
    if let Some(tenant) = tenant {
        names.push("tenant".to_owned());
        values.push(format!("'{tenant}'"));
    }
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}

/// What puts a table right, whatever was done to it.
fn policy(table: &str) -> String {
    let own = "tenant = NULLIF(current_setting('formwork.tenant', true), '')";
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY; \
         DROP POLICY IF EXISTS tenant_isolation ON {table}; \
         CREATE POLICY tenant_isolation ON {table} USING ({own}) WITH CHECK ({own})"
    )
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the server answers");
    // Ends with the client.
    tokio::spawn(connection);
    client
}

fn block<T>(work: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(work)
}
