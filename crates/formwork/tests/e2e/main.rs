//! Generated services from end to end: the real binary writes them, Cargo builds and tests them, they run against real
//! servers, and they are killed under load.
//!
//! The builds are kept in `generated` inside Cargo's target folder, or where `FORMWORK_GENERATED_TARGET_DIR` says, so that the
//! next run starts warm. PostgreSQL and NATS are those of `FORMWORK_TEST_POSTGRES_URL` and `FORMWORK_TEST_NATS_URL`.

mod build;
mod canary;
mod changed;
mod compose;
mod http;
mod isolation;
mod ledger;
mod listener;
mod load;
mod nats;
mod postgres;
mod project;
mod proof;
mod reload;
mod service;

use std::env;
use std::io::Write as _;

use crate::nats::Stream;
use crate::postgres::Database;
use crate::proof::{Composition, Surroundings};

/// What both compositions have beside their database, broker and notifier.
const WITH: &[&str] = &[
    "--with",
    "openapi",
    "--with",
    "prometheus",
    "--with",
    "docker",
    "--with",
    "documentation",
];

/// Shows a part of: C-35, C-60, R-001, R-013, R-045, R-049, S-04, S-11, S-23, S-30, S-33, S-53.
#[test]
fn the_embedded_default_loses_nothing() {
    proof::run(
        &Composition {
            name: "kiosk",
            choices: &["--with", "config-reload", "--with", "admin"],
            features: &[
                "sqlite",
                "in-process-broker",
                "polling",
                "memory-cache",
                "config-reload",
                "admin",
            ],
            modules: &["rate-card", "x"],
            canary: true,
            headers: &[],
        },
        |folder, prefix| Surroundings {
            settings: vec![
                (
                    format!("{prefix}__SQLITE__PATH"),
                    folder.join("service.db").display().to_string(),
                ),
                (
                    format!("{prefix}__ADMIN__TOKEN"),
                    "a-token-of-the-tests".to_owned(),
                ),
            ],
            stream: None,
            database: None,
        },
    );
}

/// Shows a part of: C-60, S-04, S-23, S-30, S-32, S-33, S-53.
#[test]
fn postgres_with_listen_notify_and_nats_loses_nothing() {
    let (Some(postgres), Some(nats)) = (
        server("FORMWORK_TEST_POSTGRES_URL"),
        server("FORMWORK_TEST_NATS_URL"),
    ) else {
        return;
    };
    proof::run(
        &Composition {
            name: "bazaar",
            choices: &[
                "--answer",
                "database=postgres",
                "--answer",
                "notifier=listen-notify",
                "--answer",
                "broker=nats",
                "--with",
                "lifecycle-events",
            ],
            features: &["postgres", "listen-notify", "nats", "lifecycle-events"],
            modules: &[],
            canary: false,
            headers: &[],
        },
        |_, prefix| {
            let database = Database::create(&postgres);
            let stream = Stream::new(&nats);
            let settings = [
                ("POSTGRES__URL", database.url().to_owned()),
                ("NATS__URL", nats.clone()),
                ("NATS__STREAM", stream.name().to_owned()),
                ("NATS__PREFIX", stream.name().to_owned()),
                // What a killed process held comes again soon, so that the test need not wait long for it.
                ("NATS__ACK_WAIT", "3s".to_owned()),
                ("CONSUMERS__WORKING", "1s".to_owned()),
            ];
            Surroundings {
                settings: settings
                    .into_iter()
                    .map(|(key, value)| (format!("{prefix}__{key}"), value))
                    .collect(),
                stream: Some(stream),
                database: Some(database),
            }
        },
    );
}

/// Proves: R-038.
/// Shows a part of: C-60, R-013, R-045, S-04.
#[test]
fn tenants_in_postgres_are_kept_apart_and_lose_nothing() {
    let Some(postgres) = server("FORMWORK_TEST_POSTGRES_URL") else {
        return;
    };
    proof::run(
        &Composition {
            name: "souk",
            choices: &[
                "--answer",
                "database=postgres",
                "--with",
                "tenancy",
                "--with",
                "config-reload",
                "--with",
                "admin",
            ],
            features: &["postgres", "tenancy", "config-reload", "memory-cache"],
            modules: &[],
            canary: false,
            // The probes make orders of `acme`, which this tenant must not find on its books.
            headers: &[("x-tenant-id", "umbrella")],
        },
        |_, prefix| {
            let database = Database::create(&postgres);
            let settings = [
                ("POSTGRES__URL", database.url_of_plain_role()),
                ("POSTGRES__MIGRATIONS_URL", database.url().to_owned()),
                ("ADMIN__TOKEN", "a-token-of-the-tests".to_owned()),
            ];
            Surroundings {
                settings: settings
                    .into_iter()
                    .map(|(key, value)| (format!("{prefix}__{key}"), value))
                    .collect(),
                stream: None,
                database: Some(database),
            }
        },
    );
}

/// What the suites of the runtime show of tables of their own holds of those that are generated: every table, each with one thing
/// wrong.
///
/// Proves: R-038.
#[test]
fn the_generated_row_level_security_is_whole_and_its_loss_is_noticed() {
    let Some(postgres) = server("FORMWORK_TEST_POSTGRES_URL") else {
        return;
    };
    isolation::prove(&postgres);
}

/// The address of a real server; says so when there is none.
fn server(variable: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        let test = std::thread::current();
        // Not `eprintln!`, which is only shown when the test fails.
        writeln!(
            std::io::stderr(),
            "skipped: {} needs {variable}",
            test.name().unwrap_or("a test")
        )
        .ok();
    }
    url
}
