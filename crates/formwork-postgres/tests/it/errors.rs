//! A marker in every row, statement and password: no error shows it, however it is printed.

use std::error::Error as StdError;

use formwork_domain::RepositoryError;
use formwork_postgres::{Database, Error, Migrations, PostgresConfig, store_error};
use tokio_postgres::types::ToSql;

use crate::support::{Counting, Schema, run, server};

const MARKER: &str = "kanarie5f1d9c2b";

/// All there is to print of an error and its causes.
fn printed(error: &dyn StdError) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        text.push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        next = error.source();
    }
    text
}

#[track_caller]
fn clean(error: &dyn StdError) -> String {
    let text = printed(error);
    assert!(!text.contains(MARKER), "{text}");
    text
}

const TABLES: &str = "
    CREATE TABLE people (
        id int PRIMARY KEY,
        email text UNIQUE,
        name varchar(40) NOT NULL CHECK (name <> 'kanarie5f1d9c2b'),
        boss text REFERENCES people (email),
        birth date,
        nick text,
        EXCLUDE USING hash (nick WITH =)
    );
    CREATE TYPE mood AS ENUM ('fine');
    CREATE FUNCTION tell(words text) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not with %', words USING DETAIL = words, HINT = words; END $$;
    CREATE FUNCTION find(wanted text) RETURNS int LANGUAGE plpgsql AS $$
        DECLARE found int;
        BEGIN EXECUTE 'SELECT no FROM people WHERE email = ' || quote_literal(wanted) INTO found;
        RETURN found; END $$;
    INSERT INTO people VALUES (1, 'kanarie5f1d9c2b', 'a', NULL, NULL, 'kanarie5f1d9c2b');
";

/// What the server refuses, its code and what is told beside it, with the marker as `$1`.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "INSERT INTO people (id, email, name) VALUES (2, $1::text, 'b')",
        "23505",
        "constraint `people_email_key`",
    ),
    (
        "INSERT INTO people (id, name) VALUES (2, $1::text)",
        "23514",
        "constraint `people_name_check`",
    ),
    (
        "INSERT INTO people (id, email) VALUES (2, $1::text || 'x')",
        "23502",
        "column `name`",
    ),
    (
        "INSERT INTO people (id, name, boss) VALUES (2, 'b', $1::text || 'x')",
        "23503",
        "constraint `people_boss_fkey`",
    ),
    (
        "INSERT INTO people (id, name, nick) VALUES (2, 'b', $1::text)",
        "23P01",
        "constraint `people_nick_excl`",
    ),
    ("SELECT $1::text::int", "22P02", ""),
    ("SELECT $1::text::date", "22007", ""),
    ("SELECT $1::text::json", "22P02", ""),
    ("SELECT $1::text::mood", "22P02", ""),
    ("SELECT tell($1::text)", "P0001", ""),
    (
        "SELECT find($1::text)",
        "42703",
        "column \"no\" does not exist",
    ),
];

/// The server's answers to statements, as they are and as what repositories answer.
///
/// Proves: R-049.
#[tokio::test]
async fn no_error_of_a_statement_shows_a_row() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    run(&schema.url, TABLES).await;
    for (sql, code, told) in REFUSED {
        let refused = async || {
            let mut transaction = database.begin().await.expect("a transaction");
            let marker: &(dyn ToSql + Sync) = &MARKER;
            transaction.execute(sql, &[marker]).await.expect_err(sql)
        };
        let error = refused().await;
        // The client's own error does quote it: otherwise this test would show nothing.
        let Error::Statement(inner) = &error else {
            panic!("{sql}: {error:?}");
        };
        let quoted = printed(inner.expose());
        assert!(quoted.contains(MARKER), "{sql}: {quoted}");
        assert_eq!(inner.code().map(|code| code.code()), Some(*code), "{sql}");
        let text = clean(&error);
        assert!(text.contains(&format!("SQLSTATE {code}")), "{text}");
        assert!(text.contains(told), "{text}");

        let error = store_error("do it", refused().await);
        clean(&error);
        assert_eq!(
            matches!(error, RepositoryError::Duplicate { field: "email" }),
            *code == "23505",
            "{error:?}"
        );
    }
    schema.drop().await;
}

/// What the client itself says of a value that is of another type.
///
/// Proves: R-049.
#[tokio::test]
async fn no_error_of_the_client_shows_a_row() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let rows = database.reader().query("SELECT $1::text", &[&MARKER]).await;
    let error = rows.expect("a row")[0].try_get::<_, i32>(0);
    let error = Error::from(error.expect_err("it is no number"));
    let text = clean(&error);
    assert!(text.contains("cannot convert between"), "{text}");

    let rows = database.reader().query("SELECT $1::int", &[&MARKER]).await;
    let text = clean(&rows.expect_err("it is no number"));
    assert!(text.contains("error serializing parameter 0"), "{text}");
    schema.drop().await;
}

/// Addresses that are wrong, and logins that are refused.
///
/// Proves: R-049.
#[tokio::test]
async fn no_error_of_a_connection_shows_a_password() {
    let refused = async |url: String| {
        let Ok(url) = url.parse() else { return None };
        let config = PostgresConfig::new(url);
        let database = Database::new(&config, "shop", std::sync::Arc::new(Counting::default()));
        assert!(!format!("{config:?} {database:?}").contains(MARKER));
        database.open();
        let error = database.check().await.expect_err("it is refused");
        clean(&error);
        Some(error)
    };
    for wrong in [
        format!("postgres://shop:{MARKER}@127.0.0.1:9/db?sslmode=x"),
        format!("postgres://shop@127.0.0.1:9/db?password={MARKER}&unknown=x"),
        format!("postgres://shop:{MARKER}@127.0.0.1:9/db?connect_timeout=x"),
        format!("postgres://shop:a?{MARKER}=1@127.0.0.1:9/db"),
        format!("postgres://shop:{MARKER}%ff@127.0.0.1:9/db"),
        format!("postgres://shop:{MARKER}@127.0.0.1:port/db"),
    ] {
        if let Some(error) = refused(wrong).await {
            let wrong = matches!(error, Error::Url(_) | Error::Connect(_));
            assert!(wrong, "{error:?}");
        }
    }
    let nobody = refused(format!("postgres://shop:{MARKER}@127.0.0.1:9/db")).await;
    assert!(matches!(nobody, Some(Error::Connect(_))), "{nobody:?}");

    let Some(server) = server() else { return };
    let place = server.rsplit('@').next().expect("a place");
    let stranger = refused(format!("postgres://nobody:{MARKER}@{place}")).await;
    let text = printed(&stranger.expect("it is an address"));
    assert!(text.contains("SQLSTATE 28"), "{text}");
}

/// A migration that meets rows it cannot have.
///
/// Proves: R-049.
#[tokio::test]
async fn no_error_of_a_migration_shows_a_row() {
    let Some(server) = server() else { return };
    let schema = Schema::create(&server).await;
    let database = schema.migrated().await;
    let insert = format!("INSERT INTO twice VALUES ('{MARKER}'), ('{MARKER}')");
    run(
        &schema.url,
        &format!("CREATE TABLE twice (name text); {insert}"),
    )
    .await;
    let migrations = Migrations::new(&[(
        "0001_twice.sql",
        "CREATE UNIQUE INDEX twice_name_key ON twice (name)",
    )]);
    let error = database.migrate(&migrations).await;
    let text = clean(&error.expect_err("there are two"));
    assert!(text.contains("migration `0001_twice.sql` failed"), "{text}");
    assert!(text.contains("SQLSTATE 23505"), "{text}");
    schema.drop().await;
}
