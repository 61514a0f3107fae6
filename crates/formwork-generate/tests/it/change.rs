//! Changing a project: one three-way merge, made as one step that can be killed anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use formwork_generate::{
    Base, Change, Composition, ProjectChange, Recipe, Target, TransactionError, abort, drift,
    read_base, read_lock, recover, resume, waiting, write_new,
};
use formwork_resolve::Wishes;

use crate::toy::{Pack, project};

fn recipe() -> Recipe {
    Recipe::new(project(), &Wishes::new().want("core"))
}

fn pack(files: &[(&str, &str)]) -> Composition {
    let mut pack = Pack::new().feature("core", "");
    for (path, text) in files {
        pack = pack.file("core", path, text);
    }
    pack.composed()
}

/// What the project in a folder has to become.
fn plan(folder: &Path, to: &Composition) -> Result<ProjectChange, String> {
    let lock = read_lock(folder).expect("the lock is there");
    let base = read_base(folder, &lock).expect("the base is there");
    let recipe = recipe();
    let text = fs::read_to_string(folder.join(Recipe::PATH)).expect("the recipe is there");
    ProjectChange::plan(&Target {
        folder,
        lock: &lock,
        base: &base,
        composition: to,
        recipe: &recipe,
        text: &text,
        remove: &[],
    })
    .map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// The plan, one line for each file.
fn shown(change: &ProjectChange) -> Vec<String> {
    let line = |file: &formwork_generate::ChangedFile| format!("{:?} {}", file.change, file.path);
    change.files.iter().map(line).collect()
}

/// Everything in a folder: bytes and permissions of files, permissions of folders, targets of links.
fn everything(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("it is below");
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            let bytes = if metadata.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                target.to_string_lossy().into_owned().into_bytes()
            } else {
                fs::read(&path).expect("the file can be read")
            };
            let mode = metadata.permissions().mode();
            found.insert(name.display().to_string(), (mode, bytes));
        }
    }
    found
}

/// Shows a part of: C-20, C-31.
#[test]
fn untouched_files_follow_deleted_ones_stay_deleted_and_edited_ones_are_merged() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    let lines = |first: &str, last: &str| format!("{first}\na\nb\nc\nd\n{last}\n");
    let before = pack(&[
        ("files/follows.txt", "1\n"),
        ("files/same.txt", "1\n"),
        ("files/merged.txt", &lines("1", "1")),
        ("files/conflict.txt", "1\n"),
        ("files/deleted-by-owner.txt", "1\n"),
        ("files/old/goes.txt", "1\n"),
        ("files/edited-and-goes.txt", "1\n"),
        ("files/run.sh", "echo 1\n"),
        ("seeds/seed.txt", "1\n"),
        ("seeds/gone-seed.txt", "1\n"),
        ("seeds/gone-edited-seed.txt", "1\n"),
    ]);
    write_new(&before, &recipe(), &shop).expect("it is written");
    let write = |path: &str, text: &str| fs::write(shop.join(path), text).expect("it is written");
    write("merged.txt", &lines("mine", "1"));
    write("conflict.txt", "mine\n");
    write("edited-and-goes.txt", "mine\n");
    write("gone-edited-seed.txt", "mine\n");
    write("seed.txt", "mine\n");
    write("own.txt", "mine\n");
    fs::remove_file(shop.join("deleted-by-owner.txt")).expect("it is removed");
    let old = everything(&shop);

    let after = pack(&[
        ("files/follows.txt", "2\n"),
        ("files/same.txt", "1\n"),
        ("files/merged.txt", &lines("1", "2")),
        ("files/conflict.txt", "2\n"),
        ("files/deleted-by-owner.txt", "2\n"),
        ("files/new/born.txt", "2\n"),
        ("files/run.sh", "#!/bin/sh\necho 1\n"),
        ("seeds/seed.txt", "2\n"),
        ("seeds/new-seed.txt", "2\n"),
    ]);
    let change = plan(&shop, &after).expect("it can be changed");
    assert_eq!(
        shown(&change),
        [
            "Conflict conflict.txt",
            "KeptDeleted deleted-by-owner.txt",
            "Conflict edited-and-goes.txt",
            "Follow follows.txt",
            "Kept gone-edited-seed.txt",
            "Delete gone-seed.txt",
            "CleanMerge merged.txt",
            "Create new-seed.txt",
            "Create new/born.txt",
            "Delete old/goes.txt",
            "Follow run.sh",
        ]
    );
    assert_eq!(everything(&shop), old, "a plan touches nothing");
    assert!(change.has_conflicts());

    change.apply("test").expect("it is changed");
    let text = |path: &str| fs::read_to_string(shop.join(path)).expect("the file is there");
    assert_eq!(text("follows.txt"), "2\n");
    assert_eq!(text("merged.txt"), lines("mine", "2"));
    assert_eq!(text("edited-and-goes.txt"), "mine\n");
    assert_eq!(text("seed.txt"), "mine\n");
    assert_eq!(text("own.txt"), "mine\n");
    assert_eq!(text("new/born.txt"), "2\n");
    assert!(
        !shop.join("old").exists(),
        "an empty folder goes with its file"
    );
    assert!(!shop.join("deleted-by-owner.txt").exists());
    let mode = |path: &str| {
        let metadata = fs::metadata(shop.join(path)).expect("the file is there");
        metadata.permissions().mode() & 0o100
    };
    assert_eq!((mode("run.sh"), mode("follows.txt")), (0o100, 0));
    assert!(
        text("conflict.txt").contains("<<<<<<< "),
        "{}",
        text("conflict.txt")
    );
    assert!(text("conflict.txt").contains("mine\n"));
    assert_eq!(
        waiting(&shop)
            .expect("it can be asked")
            .map(|waiting| waiting.conflicts),
        Some(vec![
            "conflict.txt".to_owned(),
            "edited-and-goes.txt".to_owned()
        ])
    );

    let error = resume(&shop).expect_err("the markers stand");
    let TransactionError::Unsettled { places } = error else {
        panic!("{error}");
    };
    assert_eq!(places[0], ("conflict.txt".to_owned(), 1));
    fs::write(shop.join("conflict.txt"), "settled\n").expect("it is written");
    resume(&shop).expect("it is settled");
    assert_eq!(waiting(&shop).expect("it can be asked"), None);
    assert!(!shop.join(".formwork/change").exists());
    let again = plan(&shop, &after).expect("it can be changed");
    assert!(again.is_empty(), "{:?}", shown(&again));
}

/// Shows a part of: C-32.
#[test]
fn aborting_puts_back_every_byte_and_every_permission() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    let before = pack(&[
        ("files/a.txt", "1\n"),
        ("files/deep/er/goes.txt", "1\n"),
        ("files/read-only.txt", "1\n"),
        ("files/conflict.txt", "1\n"),
    ]);
    write_new(&before, &recipe(), &shop).expect("it is written");
    let set = |path: &str, mode| {
        fs::set_permissions(shop.join(path), fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    set("a.txt", 0o640);
    set("read-only.txt", 0o444);
    set("deep/er/goes.txt", 0o755);
    set("deep/er", 0o700);
    fs::write(shop.join("conflict.txt"), "mine\n").expect("it is written");
    let old = everything(&shop);
    let after = pack(&[
        ("files/a.txt", "2\n"),
        ("files/new/born.txt", "2\n"),
        ("files/read-only.txt", "2\n"),
        ("files/conflict.txt", "2\n"),
    ]);
    let change = plan(&shop, &after).expect("it can be changed");
    change.apply("test").expect("it is changed");
    let mode = |path: &str| {
        fs::metadata(shop.join(path))
            .expect("it is there")
            .permissions()
            .mode()
    };
    assert_eq!(mode("a.txt") & 0o777, 0o640);
    assert_eq!(mode("read-only.txt") & 0o777, 0o444);
    assert!(!shop.join("deep").exists());

    // What its owner did in the meantime is put aside, not lost.
    fs::write(shop.join("a.txt"), "later\n").expect("it is written");
    let outcome = abort(&shop).expect("it is taken back");
    let aside = ("a.txt".to_owned(), ".formwork/set-aside/a.txt".to_owned());
    assert_eq!(outcome.set_aside, [aside]);
    let kept = fs::read_to_string(shop.join(".formwork/set-aside/a.txt"));
    assert_eq!(kept.expect("it is there"), "later\n");
    fs::remove_dir_all(shop.join(".formwork/set-aside")).expect("it is removed");
    assert_eq!(everything(&shop), old);
    assert!(matches!(abort(&shop), Err(TransactionError::Nothing)));
}

/// Shows a part of: C-25, C-33.
#[test]
fn what_is_in_the_way_is_named_and_nothing_is_lost() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    let files = |number: &str| {
        pack(&[
            ("files/became-a-folder.txt", number),
            ("files/became-a-link.txt", number),
            ("files/dir/below-a-link.txt", number),
            ("files/folder/below-a-file.txt", number),
            ("files/unchanged-folder.txt", "same\n"),
            ("files/plain.txt", number),
        ])
    };
    write_new(&files("1\n"), &recipe(), &shop).expect("it is written");
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    fs::write(elsewhere.join("below-a-link.txt"), "mine\n").expect("a file");
    for path in [
        "became-a-folder.txt",
        "unchanged-folder.txt",
        "became-a-link.txt",
    ] {
        fs::remove_file(shop.join(path)).expect("it is removed");
    }
    for path in ["became-a-folder.txt", "unchanged-folder.txt"] {
        fs::create_dir(shop.join(path)).expect("a folder");
    }
    symlink(
        elsewhere.join("below-a-link.txt"),
        shop.join("became-a-link.txt"),
    )
    .expect("a link");
    for path in ["dir", "folder"] {
        fs::remove_dir_all(shop.join(path)).expect("it is removed");
    }
    symlink(&elsewhere, shop.join("dir")).expect("a link");
    fs::write(shop.join("folder"), "mine\n").expect("a file");
    let old = (everything(&shop), everything(&elsewhere));

    let refused = plan(&shop, &files("2\n")).expect_err("four things are in the way");
    assert_eq!(
        refused,
        "`became-a-folder.txt` cannot be changed: a folder is in the way at `became-a-folder.txt`\n\
         `became-a-link.txt` cannot be changed: a symbolic link is in the way at `became-a-link.txt`\n\
         `dir/below-a-link.txt` cannot be changed: a symbolic link is in the way at `dir`\n\
         `folder/below-a-file.txt` cannot be changed: a file is in the way at `folder`"
    );
    assert_eq!((everything(&shop), everything(&elsewhere)), old);
    // Where nothing is to be done about them, they are their owner's.
    assert!(
        plan(&shop, &files("1\n"))
            .expect("nothing changes")
            .is_empty()
    );
    for path in ["became-a-folder.txt", "became-a-link.txt", "dir", "folder"] {
        fs::rename(shop.join(path), place.path().join(format!("moved-{path}"))).expect("it moves");
    }
    let change = plan(&shop, &files("2\n")).expect("the way is free");
    assert_eq!(
        change
            .files
            .iter()
            .filter(|file| file.change == Change::KeptDeleted)
            .count(),
        4
    );
    change.apply("test").expect("it is changed");
    assert!(shop.join("unchanged-folder.txt").is_dir());
}

/// Shows a part of: C-30.
#[test]
fn without_a_base_whatever_differs_is_a_conflict_and_whatever_is_the_same_is_taken_over() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    let composition = pack(&[("files/a.txt", "1\n"), ("files/b.txt", "1\n")]);
    write_new(&composition, &recipe(), &shop).expect("it is written");
    fs::write(shop.join("b.txt"), "mine\n").expect("it is written");
    let lock = read_lock(&shop).expect("the lock is there");
    let recipe = recipe();
    let change = ProjectChange::plan(&Target {
        folder: &shop,
        lock: &lock,
        base: &Base::default(),
        composition: &composition,
        recipe: &recipe,
        text: &recipe.to_toml(),
        remove: &[],
    })
    .expect("it can be changed");
    assert_eq!(shown(&change), ["Conflict b.txt"]);
    let text = change.files[0].after.clone().expect("it is there");
    assert!(String::from_utf8_lossy(&text).contains("mine\n"));
}

fn generation(number: usize) -> Composition {
    let mut pack = Pack::new().feature("core", "");
    for index in 0..60 {
        // Some files come, some go, some stay, most change.
        if index % 7 == number % 7 {
            continue;
        }
        let text = format!(
            "{} {}\n",
            "x".repeat(700),
            number * usize::from(index % 5 != 0)
        );
        pack = pack.file("core", &format!("files/f{}/{index}.txt", index % 9), &text);
    }
    pack.composed()
}

/// Not a test by itself: what the children of other tests do.
#[test]
fn helper_changes_when_told_to() {
    let Some(target) = std::env::var_os("FORMWORK_TEST_CHANGE") else {
        return;
    };
    let target = Path::new(&target);
    match std::env::var("FORMWORK_TEST_NUMBER")
        .expect("a number")
        .parse()
    {
        Ok(number) => {
            let change = plan(target, &generation(number)).expect("it can be changed");
            println!("ready");
            change.apply("test").expect("it is changed");
        }
        Err(_) => {
            println!("ready");
            abort(target).expect("it is taken back");
        }
    }
}

/// When a child is killed: so long after it is ready, or after a file is there.
struct Moment<'a> {
    mark: Option<&'a str>,
    after: Duration,
}

impl<'a> Moment<'a> {
    /// Half of the rounds begin where everything is prepared; the waits grow and start over.
    fn of(round: u32, mark: &'a str) -> Self {
        let step = u64::from(round / 2 % 24);
        Self {
            mark: (round % 2 == 1).then_some(mark),
            after: Duration::from_micros(if round % 2 == 1 {
                step * 20
            } else {
                step * step * 100
            }),
        }
    }
}

/// Starts a child and kills it at a moment, unless it is through by then.
fn killed(target: &Path, what: &str, moment: &Moment<'_>) {
    let mut child = Command::new(std::env::current_exe().expect("the test binary has a path"))
        .args([
            "--exact",
            "change::helper_changes_when_told_to",
            "--nocapture",
        ])
        .env("FORMWORK_TEST_CHANGE", target)
        .env("FORMWORK_TEST_NUMBER", what)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child runs");
    let stdout = child.stdout.take().expect("its output is ours");
    let ready = std::io::BufRead::lines(std::io::BufReader::new(stdout))
        .any(|line| line.is_ok_and(|line| line.contains("ready")));
    assert!(ready, "the child did not come that far");
    if let Some(mark) = moment.mark {
        let mark = target.join(".formwork/change").join(mark);
        while !mark.exists() && child.try_wait().expect("it can be asked").is_none() {
            std::hint::spin_loop();
        }
    }
    let started = Instant::now();
    while started.elapsed() < moment.after {
        std::hint::spin_loop();
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// After so many rounds it is no accident any more that something was never seen.
const ROUNDS: u32 = 2_000;

/// Shows a part of: C-21, C-33.
#[test]
fn a_change_killed_at_any_moment_leaves_the_old_project_or_the_new_one() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    write_new(&generation(0), &recipe(), &shop).expect("it is written");
    let at = |number: usize| {
        let copy = place.path().join(format!("at-{number}"));
        write_new(&generation(number), &recipe(), &copy).expect("it is written");
        everything(&copy)
    };
    let states = [at(0), at(1)];
    let (mut begun, mut finished) = (0, 0);
    for round in 0..ROUNDS {
        let from = usize::from(everything(&shop) != states[0]);
        let to = 1 - from;
        killed(&shop, &to.to_string(), &Moment::of(round, "journal.json"));
        let interrupted = shop.join(".formwork/change").exists();
        let resumed = recover(&shop).expect("it is finished").is_some();
        let now = everything(&shop);
        assert!(
            states.contains(&now),
            "round {round}: neither the old nor the new project"
        );
        if resumed {
            assert!(now == states[to], "round {round}: begun and not finished");
        }
        assert_eq!(drift(&shop).expect("it is complete"), [], "round {round}");
        begun += u32::from(interrupted && now == states[from]);
        finished += u32::from(resumed);
        if round >= 48 && begun >= 10 && finished >= 10 {
            return;
        }
    }
    panic!("{begun} were interrupted before they began, {finished} were finished later");
}

/// Shows a part of: C-32.
#[test]
fn an_abort_killed_at_any_moment_is_finished_by_the_next_run() {
    let place = tempfile::tempdir().expect("a folder");
    let shop = place.path().join("shop");
    write_new(&generation(0), &recipe(), &shop).expect("it is written");
    let conflict = shop.join("f1/1.txt");
    fs::write(&conflict, "mine\n").expect("it is written");
    let old = everything(&shop);
    let mut later = 0;
    for round in 0..ROUNDS {
        let change = plan(&shop, &generation(1)).expect("it can be changed");
        assert!(change.has_conflicts());
        change.apply("test").expect("it is changed");
        killed(&shop, "abort", &Moment::of(round, "undo"));
        later += u32::from(recover(&shop).expect("it is finished").is_some());
        if waiting(&shop).expect("it can be asked").is_some() {
            abort(&shop).expect("it is taken back");
        }
        assert_eq!(everything(&shop), old, "round {round}");
        if round >= 24 && later >= 5 {
            return;
        }
    }
    panic!("{later} were finished later");
}
