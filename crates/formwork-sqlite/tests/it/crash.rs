//! A process that is killed while it writes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use formwork_domain::{Delivery, Operation, RepositoryError};
use formwork_outbox::{Claim, OutboxStore, Settlement, Verdict};
use formwork_sqlite::{Database, Migrations, SqliteConfig};

use crate::support::{event, operation, outcome};

/// Set in the child: the database it writes to.
const CHILD: &str = "FORMWORK_SQLITE_TEST_CHILD";

const EFFECTS: &[(&str, &str)] = &[(
    "0001_effects.sql",
    "CREATE TABLE effects (message INTEGER PRIMARY KEY, times INTEGER NOT NULL) STRICT;",
)];

/// The child applies messages 0, 1, 2, … for ever, each twice, as a broker would deliver it, and
/// says so once it is committed. It starts over from 0, as after a lost acknowledgement.
#[tokio::test]
async fn child() {
    let Some(path) = child_database(CHILD) else {
        return;
    };
    let database = Database::new("shop", SqliteConfig::at(path));
    database
        .migrate(&Migrations::new(EFFECTS))
        .await
        .expect("migrate");
    for message in 0_u64.. {
        for _ in 0..2 {
            match apply(&database, message).await {
                Ok(()) => println!("applied {message}"),
                Err(RepositoryError::AlreadyHandled) => println!("known {message}"),
                Err(error) => panic!("{error}: {error:?}"),
            }
        }
    }
}

async fn apply(database: &Database, message: u64) -> Result<(), RepositoryError> {
    let aggregate = [(message % 5) as u8; 16];
    let operation = Operation {
        delivery: Some(Delivery {
            consumer: "effects".to_owned(),
            message: message.to_string(),
            part: 0,
        }),
        ..operation()
    };
    let mut transaction = database.begin().await?;
    sqlx::query(
        "INSERT INTO effects VALUES (?, 1) ON CONFLICT (message) DO UPDATE SET times = times + 1",
    )
    .bind(message.cast_signed())
    .execute(transaction.connection())
    .await
    .map_err(|error| formwork_sqlite::store_error("apply the effect", error))?;
    let envelopes = vec![event(aggregate, message)];
    transaction
        .record(&operation, envelopes, outcome(aggregate))
        .await?;
    transaction.commit().await
}

/// The database a child is to write to; `None` when this process is no child.
pub(crate) fn child_database(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn spawn(path: &Path, variable: &str, test: &str) -> Child {
    Command::new(std::env::current_exe().expect("this test binary"))
        .args([test, "--exact", "--nocapture"])
        .env(variable, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

/// Lets a child, which is a test of this binary, run until it has said so many lines, then kills it. Returns the highest message
/// it said was applied.
pub(crate) fn run_and_kill(path: &Path, variable: &str, test: &str, lines: usize) -> Option<u64> {
    let mut child = spawn(path, variable, test);
    let mut highest = None;
    let stdout = child.stdout.take().expect("the child's output");
    let mut seen = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("a line");
        let Some((what, message)) = line.split_once(' ') else {
            continue;
        };
        if matches!(what, "applied" | "known") {
            let message: u64 = message.parse().expect("a number");
            highest = highest.max(Some(message));
            seen += 1;
        }
        if seen == lines {
            // SIGKILL: no destructor runs, nothing is flushed.
            child.kill().expect("kill");
        }
    }
    child.wait().expect("wait");
    assert!(seen >= lines, "the child ran until it was killed");
    highest
}

/// Shows a part of: S-30.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_no_committed_row_and_repeats_no_effect() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("app.db");
    let mut promised = 0;
    for lines in [1, 7, 40, 133, 260] {
        let child = path.clone();
        let highest =
            tokio::task::spawn_blocking(move || run_and_kill(&child, CHILD, "crash::child", lines))
                .await
                .expect("the child is watched");
        promised = promised.max(highest.expect("the child applied something"));
    }

    let database = Database::new("shop", SqliteConfig::at(&path));
    database
        .migrate(&Migrations::new(EFFECTS))
        .await
        .expect("migrate");
    let effects: Vec<(i64, i64)> =
        sqlx::query_as("SELECT message, times FROM effects ORDER BY message")
            .fetch_all(&*database.reader())
            .await
            .expect("effects");
    assert!(
        effects.len() as u64 > promised,
        "every committed effect is there"
    );
    for (index, (message, times)) in effects.iter().enumerate() {
        assert_eq!(
            (index as i64, 1),
            (*message, *times),
            "each effect happened once"
        );
    }
    events_are_complete_and_in_order(&database, effects.len()).await;
}

async fn events_are_complete_and_in_order(database: &Database, count: usize) {
    let claim = Claim {
        worker: "after".to_owned(),
        lease: Duration::from_secs(60),
    };
    let leases = database.claim(&claim).await.expect("claim").leases;
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen = 0;
    loop {
        let rows = database.fetch(&leases, 100).await.expect("fetch");
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let before = last.insert(row.envelope.subject.clone(), row.envelope.sequence);
            assert!(
                before < Some(row.envelope.sequence),
                "in order per aggregate"
            );
        }
        seen += rows.len();
        let sent: Vec<_> = rows
            .iter()
            .map(|row| Settlement {
                position: row.position,
                lease: row.lease,
                verdict: Verdict::Sent,
            })
            .collect();
        assert!(database.settle(&sent).await.expect("settle").is_empty());
    }
    assert_eq!(seen, count, "one event per effect");
}
