//! Files that change while the application runs.

use std::fs::{self, File};
use std::future::Future;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use formwork_app::{App, ConfigReloadModule, Running, ServiceInfo};
use formwork_config::{Environment, Loader};
use tempfile::TempDir;

use super::support::{Files, Handle, Witness, tuned};
use crate::support::{Journal, set};

/// Far more than any of it takes, so that a test that would never end fails.
async fn within<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(60), work).await;
    done.expect("it happens")
}

/// With the watch by the system's events alone: nobody looks for an hour.
async fn watched(app: App, journal: &Journal) -> (Running, Handle) {
    let app = set(app, "config-reload.poll", "1h");
    let app = set(app, "app.reload-debounce", "20ms");
    let (a, handle) = tuned("a", None, journal);
    let app = app.module(a).module(ConfigReloadModule::new());
    let app = app.observe(Arc::new(Witness(journal.clone())));
    (app.start().await.expect("a start"), handle)
}

/// Waits until the size is taken over, whatever came before.
async fn committed(journal: &Journal, size: u32) {
    let end = format!("→{size}");
    within(journal.until(|lines| {
        let count = |verb: &str| lines.iter().filter(|it| it.starts_with(verb)).count();
        lines
            .iter()
            .any(|it| it.starts_with("prepare a") && it.ends_with(&end))
            && count("commit a") == count("prepare a")
    }))
    .await;
}

/// The framework this design descends from watches its files too, and reloads nothing.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_file_that_changes_is_taken_over_by_the_modules() {
    let (files, journal) = (Files::new("a.size = 1\n"), Journal::default());
    let (running, handle) = watched(files.app(), &journal).await;
    for size in 2..6 {
        files.write(&format!("a.size = {size}\n"));
        committed(&journal, size).await;
        assert_eq!(handle.live().size, size);
    }
    running.stop().await.unwrap();
}

/// Where the system tells nothing, looking does.
/// Shows a part of: R-045.
#[tokio::test]
async fn what_nobody_tells_is_found_by_looking() {
    let (files, journal) = (Files::new("a.size = 1\n"), Journal::default());
    let (a, handle) = tuned("a", None, &journal);
    let app = set(files.app(), "config-reload.watch", "poll");
    let app = set(app, "config-reload.poll", "10ms");
    let app = app.module(a).module(ConfigReloadModule::new());
    let running = app.start().await.unwrap();

    files.write("a.size = 23\n");
    committed(&journal, 23).await;
    assert_eq!(handle.live().size, 23);
    running.stop().await.unwrap();
}

/// A directory above the file is replaced: nothing in the watched one changes, looking finds it.
/// What is there then is watched.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_renamed_directory_is_found_by_looking() {
    let (directory, journal) = (TempDir::new().unwrap(), Journal::default());
    let make = |name: &str, size: u32| {
        let inner = directory.path().join(name).join("config");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("default.toml"), format!("a.size = {size}\n")).unwrap();
    };
    let rename = |from: &str, to: &str| {
        fs::rename(directory.path().join(from), directory.path().join(to)).unwrap();
    };
    make("present", 1);
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_location(directory.path().join("present/config"));
    let app = App::new(ServiceInfo::new("shop", "1.0.0")).config(loader);
    let app = set(app, "config-reload.poll", "10ms");
    let (a, handle) = tuned("a", None, &journal);
    let app = app.module(a).module(ConfigReloadModule::new());
    let running = app.start().await.unwrap();

    // The one the file lies in, then the one above.
    make("next", 2);
    rename("present/config", "present/past");
    rename("next/config", "present/config");
    committed(&journal, 2).await;
    assert_eq!(handle.live().size, 2);
    make("later", 3);
    rename("present", "past");
    rename("later", "present");
    committed(&journal, 3).await;
    assert_eq!(handle.live().size, 3);

    let file = directory.path().join("present/config/default.toml");
    fs::write(file, "a.size = 4\n").unwrap();
    committed(&journal, 4).await;
    assert_eq!(handle.live().size, 4);
    running.stop().await.unwrap();
}

/// A Kubernetes config map: `default.toml` → `..data/default.toml`, and `..data` → a directory
/// with a date, of which only the last link is replaced.
fn mount(directory: &Path, version: u32, text: &str) {
    let name = format!("..2026_{version}");
    fs::create_dir(directory.join(&name)).unwrap();
    fs::write(directory.join(&name).join("default.toml"), text).unwrap();
    symlink(&name, directory.join("..data_tmp")).unwrap();
    fs::rename(directory.join("..data_tmp"), directory.join("..data")).unwrap();
    let link = directory.join("default.toml");
    if !link.is_symlink() {
        symlink("..data/default.toml", link).unwrap();
    }
    if version > 1 {
        let before = format!("..2026_{}", version - 1);
        fs::remove_dir_all(directory.join(before)).unwrap();
    }
}

/// Shows a part of: R-045.
#[tokio::test]
async fn a_config_map_is_swapped() {
    let (directory, journal) = (TempDir::new().unwrap(), Journal::default());
    mount(directory.path(), 1, "a.size = 1\n");
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_location(directory.path());
    let app = App::new(ServiceInfo::new("shop", "1.0.0")).config(loader);
    let (running, handle) = watched(app, &journal).await;
    // More than once: the second time, the links are other ones than those watched at first.
    for version in 2..5 {
        mount(directory.path(), version, &format!("a.size = {version}\n"));
        committed(&journal, version).await;
        assert_eq!(handle.live().size, version);
    }
    running.stop().await.unwrap();
}

/// How editors save, and what else replaces files.
/// Shows a part of: R-045.
#[tokio::test]
async fn editors_save_in_their_ways() {
    fn vim(path: &Path, text: &str) {
        let backup = path.with_extension("toml~");
        fs::rename(path, &backup).unwrap();
        fs::write(path, text).unwrap();
        fs::remove_file(backup).unwrap();
    }
    fn vs_code(path: &Path, text: &str) {
        let mut file = File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_all().unwrap();
    }
    fn rename_over(path: &Path, text: &str) {
        let temporary = path.with_file_name(".default.toml.swp1");
        fs::write(&temporary, text).unwrap();
        fs::rename(temporary, path).unwrap();
    }
    fn remove_and_create(path: &Path, text: &str) {
        fs::remove_file(path).unwrap();
        fs::write(path, text).unwrap();
    }
    let (files, journal) = (Files::new("a.size = 1\n"), Journal::default());
    let (running, handle) = watched(files.app(), &journal).await;
    let ways = [vim, vs_code, rename_over, remove_and_create];
    // Twice, as the file watched first is another one afterwards.
    for (size, save) in (2..).zip(ways.iter().chain(&ways)) {
        save(&files.path(), &format!("a.size = {size}\n"));
        committed(&journal, size).await;
        assert_eq!(handle.live().size, size);
    }
    running.stop().await.unwrap();
}

/// Half a file is refused; the whole one is taken over without anybody asking for it.
/// Shows a part of: R-045.
#[tokio::test]
async fn half_a_file_is_refused_and_the_whole_taken_over() {
    let (files, journal) = (Files::new("a.size = 1\n"), Journal::default());
    let (running, handle) = watched(files.app(), &journal).await;

    let mut file = File::create(files.path()).unwrap();
    file.write_all(b"a.size = 4\na.twin = ").unwrap();
    within(journal.written("reload failed")).await;
    assert_eq!((handle.live().size, handle.live().twin), (1, 1));
    assert!(running.health().ready());
    file.write_all(b"4\n").unwrap();
    drop(file);

    committed(&journal, 4).await;
    assert_eq!((handle.live().size, handle.live().twin), (4, 4));
    running.stop().await.unwrap();
}

/// A mounted secret: a file of one value that appears, changes, and goes.
/// Shows a part of: R-045.
#[tokio::test]
async fn files_that_appear_and_go_are_noticed() {
    let (files, secrets, journal) = (Files::new(""), TempDir::new().unwrap(), Journal::default());
    let app = files
        .app()
        .map_config(|loader| loader.with_secrets(secrets.path()));
    let (running, handle) = watched(app, &journal).await;
    let file = secrets.path().join("a.size");

    fs::write(&file, "7").unwrap();
    committed(&journal, 7).await;
    fs::write(&file, "8").unwrap();
    committed(&journal, 8).await;
    fs::remove_file(file).unwrap();
    committed(&journal, 1).await;
    assert_eq!(handle.live().size, 1);
    running.stop().await.unwrap();
}

/// Other files beside those of the configuration are none of its business, nor is reading it.
/// Shows a part of: R-045.
#[tokio::test]
async fn other_files_reload_nothing() {
    let (files, journal) = (Files::new("a.size = 1\n"), Journal::default());
    let (running, _) = watched(files.app(), &journal).await;

    fs::write(files.0.path().join("other.txt"), "a").unwrap();
    fs::read(files.path()).unwrap();
    files.write("a.size = 2\n");
    committed(&journal, 2).await;
    within(journal.written("reload completed")).await;
    // Time for whatever is wrongly on its way; a slow machine makes the test see less, not fail.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let noops = journal
        .of("reload")
        .iter()
        .filter(|it| *it == "noop")
        .count();
    // The write is told more than once, perhaps to either side of the debounce.
    assert!(noops <= 1, "{:?}", journal.lines());
    running.stop().await.unwrap();
}
