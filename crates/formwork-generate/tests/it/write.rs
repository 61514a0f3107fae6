//! Writing: the target is absent or complete, whatever happens.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use formwork_generate::{Composition, Recipe, drift, write_new};
use formwork_resolve::Wishes;

use crate::toy::{Pack, project};

fn composition(files: usize, bytes: usize) -> Composition {
    let text = "x".repeat(bytes);
    let mut pack = Pack::new().feature("core", "");
    for index in 0..files {
        pack = pack.file(
            "core",
            &format!("files/f{}/{index}.txt", index % 7),
            &format!("{index} {text}"),
        );
    }
    pack.composed()
}

fn recipe() -> Recipe {
    Recipe::new(project(), &Wishes::new().want("core"))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_project_is_written_where_nothing_or_an_empty_folder_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let composition = Pack::new()
        .feature("core", "")
        .file("core", "files/run.sh", "#!/bin/sh\n")
        .composed();
    let target = folder.path().join("shop");
    for path in [target.clone(), folder.path().join("empty")] {
        if path != target {
            fs::create_dir(&path).expect("a folder can be made");
        }
        write_new(&composition, &recipe(), &path).expect("it is written");
        assert_eq!(
            names(&path),
            [".formwork", "formwork.lock", "formwork.toml", "run.sh"]
        );
        let mode = fs::metadata(path.join("run.sh"))
            .expect("the file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o100, 0o100);
    }
    assert_eq!(names(folder.path()), ["empty", "shop"]);
}

/// Proves: C-25.
#[test]
fn nothing_is_written_over_or_through_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let composition = composition(3, 10);
    let full = folder.path().join("full");
    fs::create_dir(&full).expect("a folder can be made");
    fs::write(full.join("mine.txt"), "mine").expect("a file can be written");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link");
    symlink(elsewhere.path(), &link).expect("a link can be made");
    for (target, message) in [
        (full.clone(), "is not empty: it has `mine.txt`"),
        (full.join("mine.txt"), "is a file, not a folder"),
        (link, "is a symbolic link, not a folder"),
        (folder.path().join(".."), "has no name"),
        (
            folder.path().join("absent/shop"),
            "in which the project is to be, cannot be read",
        ),
    ] {
        let error = write_new(&composition, &recipe(), &target).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
    assert_eq!(names(folder.path()), ["full", "link"]);
    assert_eq!(names(&full), ["mine.txt"]);
    assert!(names(elsewhere.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    // No permission stops the superuser, and no file system lets a folder be made in this one.
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("a folder can be made");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555))
        .expect("permissions can be set");
    let superuser = fs::write(locked.join("probe"), "").is_ok();
    let parent = if superuser {
        Path::new("/proc/self")
    } else {
        &locked
    };
    let error =
        write_new(&composition(3, 10), &recipe(), &parent.join("shop")).expect_err("it cannot");
    assert!(
        error.to_string().starts_with("could not create the folder"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(!parent.join("shop").exists());
}

/// Runs this test binary again for one of the helpers below.
fn child(helper: &str, target: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("trap '' XFSZ; if [ -n \"$LIMIT\" ]; then ulimit -f \"$LIMIT\"; fi; exec \"$0\" --exact \"$1\" --nocapture")
        .arg(std::env::current_exe().expect("the test binary has a path"))
        .arg(format!("write::{helper}"))
        .env("FORMWORK_TEST_TARGET", target)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Not a test by itself: what the children of other tests do.
#[test]
fn helper_writes_when_told_to() {
    let Some(target) = std::env::var_os("FORMWORK_TEST_TARGET") else {
        return;
    };
    match write_new(&composition(120, 2_000), &recipe(), Path::new(&target)) {
        Ok(()) => println!("outcome: written"),
        Err(error) => println!(
            "outcome: {error}: {} (hint: {})",
            std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default(),
            error.hint().unwrap_or_default()
        ),
    }
}

/// Shows a part of: C-21.
#[test]
fn a_disk_that_fills_up_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("shop");
    // Files may have two blocks of 512 or 1024 bytes: the pack has more.
    let output = child("helper_writes_when_told_to", &target)
        .env("LIMIT", "1")
        .output()
        .expect("the child runs");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("outcome: could not write"), "{output}");
    assert!(output.contains("free some space"), "{output}");
    assert!(
        names(folder.path()).is_empty(),
        "{:?}",
        names(folder.path())
    );
}

/// Shows a part of: C-21.
#[test]
fn a_run_killed_at_any_moment_leaves_the_whole_or_nothing_and_the_next_one_cleans_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let complete = {
        let target = folder.path().join("shop");
        let started = Instant::now();
        let status = child("helper_writes_when_told_to", &target)
            .status()
            .expect("the child runs");
        assert!(status.success());
        fs::remove_dir_all(&target).expect("it can be removed");
        started.elapsed()
    };
    let (mut absent, mut whole, mut leftovers) = (0, 0, 0);
    for round in 0..80_u32 {
        let target = folder.path().join("shop");
        let mut process = child("helper_writes_when_told_to", &target)
            .spawn()
            .expect("the child runs");
        // Half the rounds spread over the whole run, half begin when writing has begun.
        let moment = complete.mul_f64(f64::from(round % 40) / 40.0);
        let started = Instant::now();
        while started.elapsed() < moment.min(Duration::from_secs(5)) {
            let writing = round >= 40
                && names(folder.path())
                    .iter()
                    .any(|name| name.contains("staging"));
            if writing {
                for _ in 0..(round % 40) * 50 {
                    std::hint::spin_loop();
                }
                break;
            }
            std::thread::yield_now();
        }
        process.kill().expect("it can be killed");
        process.wait().expect("it ends");
        leftovers += usize::from(
            names(folder.path())
                .iter()
                .any(|name| name.contains("staging")),
        );
        if target.exists() {
            whole += 1;
            assert_eq!(drift(&target).expect("it is complete"), [], "round {round}");
            fs::remove_dir_all(&target).expect("it can be removed");
        } else {
            absent += 1;
        }
    }
    assert!(
        absent > 0 && leftovers > 0,
        "{absent} absent, {whole} whole, {leftovers} leftovers"
    );
    write_new(&composition(3, 10), &recipe(), &folder.path().join("shop")).expect("it is written");
    assert_eq!(names(folder.path()), ["shop"]);
}

/// Shows a part of: C-21.
#[test]
fn two_runs_at_once_do_not_clean_up_after_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("shop");
    let composition = composition(60, 500);
    let outcomes: Vec<bool> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| write_new(&composition, &recipe(), &target).is_ok()))
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("no run panics"))
            .collect()
    });
    assert_eq!(outcomes.iter().filter(|written| **written).count(), 1);
    assert_eq!(drift(&target).expect("it is complete"), []);
    assert_eq!(names(folder.path()), ["shop"]);
}
