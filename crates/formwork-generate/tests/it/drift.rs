//! A project on disk and what was generated.

use std::fs;

use formwork_generate::{Drift, DriftKind, Lock, Recipe, drift, read_base, read_lock, write_new};
use formwork_resolve::Wishes;

use crate::toy::{Pack, project};

/// Shows a part of: C-30.
#[test]
fn what_was_changed_or_deleted_is_found_without_the_tool_that_made_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("shop");
    let composition = Pack::new()
        .feature("core", "")
        .file("core", "files/a.txt", "a\n")
        .file("core", "files/b/c.txt", "c\n")
        .file("core", "files/d.txt", "d\n")
        .file("core", "files/e.txt", "e\n")
        .composed();
    let recipe = Recipe::new(project(), &Wishes::new().want("core"));
    write_new(&composition, &recipe, &target).expect("it is written");
    assert_eq!(drift(&target).expect("it can be compared"), []);

    let lock = read_lock(&target).expect("the lock is there");
    assert_eq!(lock.tree, composition.tree.hash());
    assert_eq!(lock.features[0].id, "core");
    assert_eq!(Lock::parse(&lock.to_toml()), Ok(lock.clone()));
    let base = read_base(&target, &lock).expect("the base is there");
    assert_eq!(base.files.len(), composition.tree.len());
    let text = fs::read_to_string(target.join(Recipe::PATH)).expect("the recipe is there");
    assert_eq!(Recipe::parse(&text), Ok(recipe));

    fs::write(target.join("a.txt"), "A\n").expect("a file can be changed");
    fs::remove_dir_all(target.join("b")).expect("a folder can be deleted");
    fs::remove_file(target.join("d.txt")).expect("a file can be deleted");
    fs::create_dir(target.join("d.txt")).expect("a folder can be made");
    fs::write(target.join("new.txt"), "mine\n").expect("a file can be added");
    let found = |path: &str, kind| Drift {
        path: path.to_owned(),
        kind,
    };
    assert_eq!(
        drift(&target).expect("it can be compared"),
        [
            found("a.txt", DriftKind::Changed),
            found("b/c.txt", DriftKind::Deleted),
            found("d.txt", DriftKind::Replaced),
        ]
    );
}

#[test]
fn a_damaged_base_or_lock_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("shop");
    let composition = Pack::new()
        .feature("core", "")
        .file("core", "files/a.txt", "a\n")
        .composed();
    let recipe = Recipe::new(project(), &Wishes::new());
    write_new(&composition, &recipe, &target).expect("it is written");
    let lock = read_lock(&target).expect("the lock is there");
    let pack = target.join(format!(".formwork/base/{}.pack", lock.base));
    let mut bytes = fs::read(&pack).expect("the pack is there");
    bytes[20] ^= 1;
    fs::write(&pack, bytes).expect("it can be damaged");
    let error = drift(&target).expect_err("the pack is damaged");
    assert!(error.to_string().contains("cannot be used"), "{error}");
    fs::remove_file(&pack).expect("it can be removed");
    let error = drift(&target).expect_err("the pack is gone");
    assert!(error.to_string().contains("could not read"), "{error}");
    let evil = lock.to_toml().replace(&lock.base, "../../etc/passwd");
    fs::write(target.join(Lock::PATH), evil).expect("the lock can be changed");
    let error = drift(&target).expect_err("the lock is wrong");
    assert_eq!(
        error.to_string(),
        "`formwork.lock` names no valid pack: `../../etc/passwd`"
    );
    fs::remove_file(target.join(Lock::PATH)).expect("it can be removed");
    let error = drift(&target).expect_err("there is no lock");
    assert!(
        error.to_string().contains("is not a project of Formwork"),
        "{error}"
    );
}
