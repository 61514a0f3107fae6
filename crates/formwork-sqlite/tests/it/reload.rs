//! The database while its configuration changes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use formwork_app::{App, Outcome, Reloads, Running, ServiceInfo, Trigger};
use formwork_config::{Environment, Loader};
use formwork_sqlite::{Database, Migrations, SqliteModule};
use formwork_test::eventually;
use tempfile::TempDir;
use tokio::time::{Duration, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

const NUMBERS: Migrations = Migrations::new(&[(
    "0001_numbers.sql",
    "CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT; INSERT INTO numbers VALUES (1);",
)]);

struct Service {
    directory: TempDir,
    running: Running,
    database: Arc<Database>,
}

impl Service {
    /// With these values besides the path.
    async fn start(values: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("default.toml");
        std::fs::write(file, text(directory.path(), values)).unwrap();
        let loader = Loader::new("shop")
            .with_environment(Environment::default())
            .with_location(directory.path());
        let app = App::new(ServiceInfo::new("shop", "1.0.0"))
            .config(loader)
            .module(SqliteModule::new(NUMBERS));
        let running = app.start().await.unwrap();
        let database = running.get::<Database>().unwrap();
        Self {
            directory,
            running,
            database,
        }
    }

    async fn reload(&self, values: &str) -> Outcome {
        let file = self.directory.path().join("default.toml");
        std::fs::write(file, text(self.directory.path(), values)).unwrap();
        let reloads = self.running.get::<Reloads>().unwrap();
        reloads.reload(Trigger::Program).await
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("app.db")
    }

    async fn sum(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT sum(number) FROM numbers")
            .fetch_one(&*self.database.reader())
            .await
    }

    /// What a reading connection has been set to.
    async fn read_setting(&self, pragma: &'static str) -> i64 {
        let readers = self.database.reader();
        let setting = sqlx::query_scalar(pragma).fetch_one(&*readers);
        setting.await.unwrap()
    }

    /// What the next transaction's connection has been set to.
    async fn write_setting(&self, pragma: &'static str) -> i64 {
        let mut transaction = self.database.begin().await.unwrap();
        let setting = sqlx::query_scalar(pragma).fetch_one(transaction.connection());
        setting.await.unwrap()
    }
}

fn text(directory: &Path, values: &str) -> String {
    let path = directory.join("app.db");
    format!("app.drain-timeout = \"1s\"\n[sqlite]\npath = {path:?}\n{values}")
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it happens")
}

/// More readers, or fewer, while there is always somebody who reads: no read fails, and all see
/// what was committed.
/// Shows a part of: R-045.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_resized_under_load() {
    let service = Arc::new(Service::start("readers = 1\n").await);
    let done = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (service, done) = (Arc::clone(&service), Arc::clone(&done));
            let reads = Arc::clone(&reads);
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(service.sum().await.expect("a read never fails"), 1);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..40_u32 {
        let readers = [4, 1, 7, 2][round as usize % 4];
        let values = format!("readers = {readers}\n");
        let applied = within(service.reload(&values)).await.applied().unwrap();
        assert_eq!(applied.paths, ["sqlite.readers"]);
        assert_eq!(
            service.database.reader().options().get_max_connections(),
            readers
        );
        // Each of the pools is read with.
        let before = reads.load(Ordering::Relaxed);
        within(async {
            while reads.load(Ordering::Relaxed) < before + 16 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in load {
        reader.await.expect("no read failed");
    }
    let service = Arc::into_inner(service).expect("nobody else holds it");
    service.running.stop().await.unwrap();
}

/// Each of the values reaches what it is about; an open transaction goes on as it was begun.
/// Shows a part of: R-045.
#[tokio::test]
async fn every_dynamic_value_is_taken_over() {
    let service = Service::start("").await;
    assert_eq!(service.read_setting("PRAGMA busy_timeout").await, 5_000);
    assert_eq!(service.write_setting("PRAGMA synchronous").await, 2);
    let readers = service.database.reader();
    let mut open = service.database.begin().await.unwrap();
    sqlx::query("INSERT INTO numbers VALUES (10)")
        .execute(open.connection())
        .await
        .unwrap();

    let changed = "synchronous = \"normal\"\n";
    service.reload(changed).await.applied().unwrap();
    assert!(
        Arc::ptr_eq(&readers, &service.database.reader()),
        "it is no matter of reading"
    );
    open.commit().await.unwrap();
    assert_eq!(service.sum().await.unwrap(), 11);
    assert_eq!(service.write_setting("PRAGMA synchronous").await, 1);

    let changed = "synchronous = \"normal\"\nbusy-timeout = \"70ms\"\ncache = \"2MiB\"\n";
    service.reload(changed).await.applied().unwrap();
    assert_eq!(service.read_setting("PRAGMA busy_timeout").await, 70);
    assert_eq!(service.read_setting("PRAGMA cache_size").await, -2_048);
    assert_eq!(service.write_setting("PRAGMA busy_timeout").await, 70);
    assert_eq!(service.write_setting("PRAGMA cache_size").await, -2_048);
    let held = service.database.begin().await.unwrap();
    let refused = service.database.begin().await;
    refused.expect_err("there is one writer at a time");
    drop(held);
    service.running.stop().await.unwrap();
}

/// Shows a part of: R-045.
#[tokio::test]
async fn path_and_partitions_take_a_restart() {
    let service = Service::start("").await;
    let outcome = service.reload("partitions = 8\nreaders = 2\n").await;
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(error.paths(), ["sqlite.partitions"]);
    assert_eq!(service.database.reader().options().get_max_connections(), 4);
    service.running.stop().await.unwrap();
}

/// A file that is gone, and something else in its place: the old readers go on.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_failed_preparation_leaves_everything() {
    let service = Service::start("").await;
    assert_eq!(service.sum().await.unwrap(), 1);
    let readers = service.database.reader();
    let aside = service.file().with_extension("aside");
    std::fs::rename(service.file(), &aside).unwrap();
    for gone in [true, false] {
        if !gone {
            std::fs::create_dir(service.file()).unwrap();
        }
        let outcome = service.reload("readers = 2\n").await;
        let Outcome::Failed(error) = outcome else {
            panic!("{outcome:?}");
        };
        let text = error.to_string();
        assert!(
            text.starts_with("module `sqlite` could not prepare: could not read the database"),
            "{text}"
        );
        assert_eq!(service.running.snapshot().generation(), 1);
        assert!(Arc::ptr_eq(&readers, &service.database.reader()));
        assert_eq!(service.sum().await.unwrap(), 1, "{gone}");
    }
    std::fs::remove_dir(service.file()).unwrap();
    std::fs::rename(&aside, service.file()).unwrap();

    let applied = service.reload("readers = 2\n").await.applied().unwrap();
    assert_eq!(applied.generation, 2);
    assert_eq!(service.sum().await.unwrap(), 1);
    service.running.stop().await.unwrap();
}

/// Old readers serve whoever holds them until the time to drain is over, then they are closed.
/// Shows a part of: R-045.
#[tokio::test]
async fn who_keeps_old_readers_loses_them_after_the_time_to_drain() {
    let service = Service::start("").await;
    let kept = service.database.reader();
    service.reload("readers = 2\n").await.applied().unwrap();
    let read = sqlx::query("SELECT 1").execute(&*kept).await;
    read.expect("there is a second left");
    within(kept.close_event()).await;
    let refused = sqlx::query("SELECT 1").execute(&*kept).await;
    assert!(
        matches!(refused, Err(sqlx::Error::PoolClosed)),
        "{refused:?}"
    );
    assert_eq!(service.sum().await.unwrap(), 1);
    service.running.stop().await.unwrap();
}

/// Set for a process that a test has to itself.
const ALONE: &str = "FORMWORK_SQLITE_TEST_ALONE";

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// However often it is reloaded, what was opened is closed.
/// Shows a part of: R-045.
#[test]
fn descriptors_stay_flat_over_200_reloads() {
    const TEST: &str = "reload::descriptors_stay_flat_over_200_reloads";
    if std::env::var_os(ALONE).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([TEST, "--exact", "--nocapture"]).env(ALONE, "1");
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        return;
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start("").await;
        let round = async |round: u32| {
            let values = format!(
                "readers = {}\nbusy-timeout = \"{}ms\"\n",
                2 + round % 3,
                900 + round
            );
            service.reload(&values).await.applied().unwrap();
            assert_eq!(service.sum().await.unwrap(), 1);
            assert_eq!(service.write_setting("PRAGMA foreign_keys").await, 1);
        };
        // The first ones make what stays: threads of the runtime, and what they hold.
        for number in 0..10 {
            round(number).await;
        }
        let before = descriptors();
        for number in 10..210 {
            round(number).await;
        }
        // The driver closes them in threads of its own. A pool opens two for each of its readers,
        // of which there are four at most, and SQLite keeps some of them to use them again.
        let flat = async || descriptors() <= before + 16;
        eventually("what was opened is closed", PATIENCE, flat).await;
        service.running.stop().await.unwrap();
    });
}
