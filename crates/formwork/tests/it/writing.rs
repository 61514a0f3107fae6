//! What is written, and what is left when it cannot be.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, Run, files};

/// Shows a part of: C-20.
#[test]
fn a_dry_run_shows_every_file_and_writes_none() {
    let place = Place::new();
    let run = place.shop(&["--dry-run"]).well();
    assert!(run.stdout.contains("domain/src/order/"), "{}", run.stdout);
    assert_eq!(files(place.path()).len(), 0);

    let planned = place.shop(&["--dry-run", "--json"]).well().json();
    let plan = planned["plan"]["files"]
        .as_array()
        .expect("files are listed")
        .iter();
    let records = planned["records"]
        .as_array()
        .expect("records are listed")
        .iter();
    let planned: BTreeSet<String> = plan
        .map(|file| &file["path"])
        .chain(records)
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect();
    place.shop(&[]).well();
    let written: BTreeSet<String> = files(&place.join("shop")).into_keys().collect();
    assert_eq!(planned, written);
}

/// Shows a part of: C-24.
#[test]
fn the_same_choices_give_the_same_bytes() {
    let (one, other) = (Place::new(), Place::new());
    let first = one.shop(&["--json"]).well().json();
    let second = other.shop(&["--json"]).well().json();
    assert_eq!(first["plan"]["tree-hash"], second["plan"]["tree-hash"]);
    assert_eq!(files(&one.join("shop")), files(&other.join("shop")));
}

/// Shows a part of: C-24.
#[test]
fn no_path_of_the_machine_is_in_the_project() {
    let place = Place::new();
    place.shop(&[]).well();
    let here = place.path().to_string_lossy().into_owned();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository is there");
    for (path, bytes) in files(&place.join("shop")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(&here),
            "{path} names the folder it was written in"
        );
        assert!(
            !text.contains(&*repository.to_string_lossy()),
            "{path} names the folder formwork was built in"
        );
    }
}

/// Proves: C-25.
#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.join("shop")).expect("the folder can be made");
    fs::write(place.join("shop/mine.txt"), "mine").expect("the file can be written");
    let run = place.shop(&[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("not empty"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    assert_eq!(files(place.path()).len(), 1);
}

/// Proves: C-25.
#[test]
fn a_link_is_not_followed() {
    let place = Place::new();
    fs::create_dir(place.join("elsewhere")).expect("the folder can be made");
    std::os::unix::fs::symlink("elsewhere", place.join("shop")).expect("the link can be made");
    let run = place.shop(&[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(files(&place.join("elsewhere")).len(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = Place::new();
    let locked = place.join("locked");
    fs::create_dir(&locked).expect("the folder can be made");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("the folder is ours");
    // A superuser may write anywhere but into the kernel's own folders.
    let target = if fs::write(locked.join("probe"), "").is_ok() {
        "/proc/shop".into()
    } else {
        locked.join("shop")
    };
    let run = place.shop(&[&target.to_string_lossy()]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("shop"), "{}", run.stderr);
    assert!(!target.exists());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
}

#[test]
fn a_folder_whose_parent_is_missing_is_named() {
    let place = Place::new();
    let run = place.shop(&["missing/shop"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("missing"), "{}", run.stderr);
    assert_eq!(files(place.path()).len(), 0);
}

/// A disk that is full in the middle, as far as this machine lets us make one: a small file system where we may mount one,
/// otherwise a limit on the size of every file.
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::new();
    let disk = place.join("disk");
    fs::create_dir(&disk).expect("the folder can be made");
    let mounted = Mount::small(&disk);
    let run: Run = if mounted.is_some() {
        place
            .command()
            .args([
                "new",
                "shop",
                "disk/shop",
                "--yes",
                "--no-git",
                "--preset",
                "ecommerce",
            ])
            .output()
            .expect("the binary runs")
            .into()
    } else {
        Command::new("sh")
            .current_dir(place.path())
            .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" new shop disk/shop --yes --no-git --preset ecommerce"])
            .arg(env!("CARGO_BIN_EXE_formwork"))
            .output()
            .expect("the binary runs")
            .into()
    };
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(
        run.stderr.contains("no space left on device") || run.stderr.contains("file too large"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    assert_eq!(
        fs::read_dir(&disk).expect("the folder can be read").count(),
        0
    );
}

/// A mounted file system that goes away with the test.
struct Mount<'a> {
    folder: &'a Path,
}

impl<'a> Mount<'a> {
    fn small(folder: &'a Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", "size=64k,nr_inodes=10k", "tmpfs"])
            .arg(folder);
        command
            .output()
            .is_ok_and(|output| output.status.success())
            .then_some(Self { folder })
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder).status();
    }
}

#[test]
fn an_answers_file_says_where_the_runtime_comes_from() {
    let place = Place::new();
    fs::write(
        place.join("answers.toml"),
        "[wishes]\nfeatures = [\"core\"]\n\n[runtime]\nfrom = \"path\"\npath = \"../crates\"\n",
    )
    .expect("the file can be written");
    let run = place.shop(&["--answers", "answers.toml"]).well();
    assert!(
        run.stderr.contains("--answers answers.toml"),
        "{}",
        run.stderr
    );
    let manifest = fs::read_to_string(place.join("shop/Cargo.toml")).expect("it is written");
    assert!(
        manifest.contains("formwork-app = { path = \"../crates/formwork-app\" }"),
        "{manifest}"
    );
    assert!(!place.join("shop/vendor").exists());
}

#[test]
fn an_answers_file_is_taken_and_flags_go_first() {
    let place = Place::new();
    fs::write(
        place.join("answers.toml"),
        "[wishes]\nfeatures = [\"prometheus\"]\n\n[answers]\ndatabase = \"sqlite\"\n",
    )
    .expect("the file can be written");
    let plan = place
        .shop(&["--answers", "answers.toml", "--dry-run", "--json"])
        .well()
        .json();
    let ids = |document: &serde_json::Value| -> Vec<String> {
        let features = document["plan"]["features"]
            .as_array()
            .expect("features are listed");
        features
            .iter()
            .map(|feature| feature["id"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert!(ids(&plan).contains(&"sqlite".to_owned()));
    assert!(ids(&plan).contains(&"prometheus".to_owned()));

    let plan = place
        .shop(&[
            "--answers",
            "answers.toml",
            "--answer",
            "database=postgres",
            "--dry-run",
            "--json",
        ])
        .well()
        .json();
    assert!(ids(&plan).contains(&"postgres".to_owned()));

    fs::write(
        place.join("answers.toml"),
        "[wishes]\nfeaturs = [\"prometheus\"]\n",
    )
    .expect("the file can be written");
    let run = place.shop(&["--answers", "answers.toml"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("answers.toml:2:1"), "{}", run.stderr);
    assert_eq!(place.shop(&["--answers", "missing.toml"]).code, 4);
}

/// Shows a part of: C-23.
#[test]
fn git_is_started_shown_and_skipped_on_request() {
    let place = Place::new();
    let run = place
        .run(&["new", "shop", "--yes", "--preset", "ecommerce"])
        .well();
    assert!(run.stderr.contains("git"), "{}", run.stderr);
    assert!(place.join("shop/.git").is_dir());

    place
        .run(&[
            "new",
            "shop",
            "shop/inner",
            "--yes",
            "--preset",
            "ecommerce",
        ])
        .well();
    assert!(
        !place.join("shop/inner/.git").exists(),
        "a repository inside a repository"
    );

    place
        .run(&[
            "new",
            "shop",
            "other",
            "--yes",
            "--preset",
            "ecommerce",
            "--no-git",
        ])
        .well();
    assert!(!place.join("other/.git").exists());
}

/// Shows a part of: C-23.
#[test]
fn an_action_that_fails_says_so_and_leaves_the_tree() {
    let place = Place::new();
    let output = place
        .command()
        .env("PATH", "/nonexistent")
        .args(["new", "shop", "--yes", "--preset", "ecommerce"])
        .output()
        .expect("the binary runs");
    let run = Run::from(output);
    assert!(run.stderr.contains("git"), "{}", run.stderr);
    assert!(place.join("shop/Cargo.toml").is_file());
}

/// Shows a part of: C-26.
#[test]
fn timings_name_every_phase() {
    let place = Place::new();
    let document = place.shop(&["--timings", "--json"]).well().json();
    let phases: Vec<_> = document["timings"]
        .as_array()
        .expect("timings are listed")
        .iter()
        .map(|phase| phase["phase"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(phases, ["catalog", "model", "resolve", "render", "write"]);
}

#[test]
fn the_command_shown_gives_the_same_project_again() {
    let (one, other) = (Place::new(), Place::new());
    let choices = [
        "--title",
        "Ada's shop",
        "--summary",
        "Sells mugs & more.",
        "--answer",
        "metrics=prometheus",
        "--with",
        "openapi@^1",
        "--without",
        "docker",
        "--set",
        "memory-cache.capacity=5000",
        "--json",
    ];
    let first = one.shop(&choices).well().json();
    let command = first["command"].as_str().expect("the command is shown");
    let arguments = command
        .strip_prefix("formwork ")
        .expect("it is a command of ours");
    let again = Command::new("sh")
        .current_dir(other.path())
        .args(["-c", &format!("\"$0\" {arguments} --no-git")])
        .arg(env!("CARGO_BIN_EXE_formwork"))
        .output()
        .expect("the shell runs");
    Run::from(again).well();
    assert_eq!(files(&one.join("shop")), files(&other.join("shop")));
}

#[test]
fn a_copied_binary_needs_nothing_around_it() {
    let place = Place::new();
    let copy = place.join("formwork");
    // A hard link is a copy as far as the program can tell; across file systems the bytes are copied.
    let binary = env!("CARGO_BIN_EXE_formwork");
    if fs::hard_link(binary, &copy).is_err() {
        fs::copy(binary, &copy).expect("the binary can be copied");
    }
    let run = Command::new(&copy)
        .current_dir(place.path())
        .env_clear()
        .args(["new", "shop", "--yes", "--no-git", "--preset", "ecommerce"])
        .output()
        .expect("the copy runs");
    Run::from(run).well();
    let written = files(&place.join("shop"));
    assert!(written.contains_key("vendor/formwork-app/src/lib.rs"));
    assert!(written.contains_key("vendor/formwork-sqlite/Cargo.toml"));
}
