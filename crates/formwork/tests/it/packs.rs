//! Packs of third parties from the command line: one written by a stranger, and some that mean harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use minisign::KeyPair;

use crate::json::check;
use crate::support::{Place, Run, files};

/// The pack of a stranger, copied to where a test may change it.
fn tide(place: &Place) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formwork-pack/tests/packs/tide");
    let to = place.join("tide");
    for (path, bytes) in files(&from) {
        let path = to.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
    to
}

fn hash(place: &Place, pack: &str) -> String {
    let document = place.run(&["pack", "verify", pack, "--json"]).well().json();
    document["packs"][0]["hash"]
        .as_str()
        .expect("the hash is a text")
        .to_owned()
}

/// A project, and the stranger's pack in it.
fn shop_with_tide(place: &Place) -> String {
    tide(place);
    place.shop(&[]).well();
    let hash = hash(place, "tide");
    add(place, &["tide", "--allow", &hash]).well();
    hash
}

fn add(place: &Place, arguments: &[&str]) -> Run {
    let mut all = vec!["pack", "add"];
    all.extend(arguments);
    all.extend(["--project", "shop"]);
    place.run(&all)
}

fn read(place: &Place, path: &str) -> String {
    fs::read_to_string(place.join(path)).expect("the file can be read")
}

/// Shows a part of: C-05.
#[test]
fn the_pack_of_a_stranger_becomes_part_of_a_service() {
    let place = Place::new();
    tide(&place);
    let hash = hash(&place, "tide");
    fs::create_dir(place.join("answers")).expect("a folder can be made");
    let answers = format!(
        "[wishes]\nfeatures = [\"tide-almanac\"]\n\n[answers]\ntide-clock.harbour = \"Büsum\"\n\n\
         [packs.tide]\nfolder = \"../tide\"\nallow = \"{hash}\"\n"
    );
    fs::write(place.join("answers/sea.toml"), answers).expect("a file can be written");
    let run = place.shop(&["--answers", "answers/sea.toml"]).well();
    let module = read(&place, "shop/service/src/modules/tide.rs");
    assert!(module.contains("\"high water at Büsum\""), "{module}");
    assert!(read(&place, "shop/service/src/app.rs").contains("modules::Tide"));
    assert!(read(&place, "shop/compose.yaml").contains("period: 44714"));
    assert!(read(&place, "shop/docs/tides.md").contains("# Tides"));
    // The path is seen from the project now, and the lock has the content.
    let recipe = read(&place, "shop/formwork.toml");
    assert!(
        recipe.contains("[packs.tide]\nfolder = \"../tide\""),
        "{recipe}"
    );
    let lock = read(&place, "shop/formwork.lock");
    let pin = format!("[[pack]]\nid = \"tide\"\nversion = \"1.2.0\"\nhash = \"{hash}\"\n");
    assert!(lock.contains(&pin), "{lock}");
    // What the stranger wants to run was said, and not run.
    assert!(
        run.stderr
            .contains("left out tide-tables: `touch tide-tables.txt`"),
        "{}",
        run.stderr
    );
    assert!(!place.join("shop/tide-tables.txt").exists());
    place.run(&["check", "shop"]).well();
    let why = place
        .run(&["why", "tide-clock", "--project", "shop"])
        .well();
    assert!(why.stdout.contains("`tide-almanac`"), "{}", why.stdout);
}

/// Shows a part of: C-05, C-23.
#[test]
fn what_a_pack_wants_to_run_is_shown_and_off_unless_it_is_allowed() {
    let place = Place::new();
    tide(&place);
    let hash = hash(&place, "tide");
    let answers = format!(
        "[wishes]\nfeatures = [\"tide-clock\"]\n\n[packs.tide]\nfolder = \"tide\"\nallow = \"{hash}\"\n"
    );
    fs::write(place.join("sea.toml"), answers).expect("a file can be written");
    let plan = place
        .run(&["plan", "--preset", "ecommerce", "--answers", "sea.toml"])
        .well();
    let line = "tide-tables: `touch tide-tables.txt` (Fetch the tables of the year.), of the pack `tide`: only with --allow-actions tide";
    assert!(plan.stdout.contains(line), "{}", plan.stdout);
    let other = place.run(&[
        "new",
        "other",
        "--yes",
        "--no-git",
        "--preset",
        "ecommerce",
        "--answers",
        "sea.toml",
        "--allow-actions",
        "ebb",
        "--json",
    ]);
    let document = other.well().json();
    check(&place, "new", &document);
    let done = document["actions"].as_array().expect("it is a list");
    assert!(
        done.iter()
            .any(|done| done["id"] == "tide-tables" && done["skipped"] == true),
        "{done:?}"
    );
    assert!(!place.join("other/tide-tables.txt").exists());
    place
        .shop(&["--answers", "sea.toml", "--allow-actions", "tide"])
        .well();
    assert!(place.join("shop/tide-tables.txt").exists());
}

/// Shows a part of: C-05.
#[test]
fn a_pack_is_added_seen_and_taken_out_again() {
    let place = Place::new();
    place.shop(&[]).well();
    let before = files(&place.join("shop"));
    tide(&place);
    let hash = hash(&place, "tide");

    let dry = add(&place, &["tide", "--allow", &hash, "--dry-run", "--json"])
        .well()
        .json();
    check(&place, "pack-change", &dry);
    assert_eq!(files(&place.join("shop")), before);

    check(
        &place,
        "pack-change",
        &add(&place, &["tide", "--allow", &hash, "--json"])
            .well()
            .json(),
    );
    assert_eq!(
        read(&place, "shop/formwork.toml"),
        dry["files"][0]["text"].as_str().expect("a text")
    );
    assert_eq!(
        read(&place, "shop/formwork.lock"),
        dry["files"][1]["text"].as_str().expect("a text")
    );
    let list = place
        .run(&["pack", "list", "--project", "shop", "--json"])
        .well()
        .json();
    check(&place, "pack-list", &list);
    assert_eq!(list["packs"][0]["pinned"]["hash"], hash.as_str());
    assert_eq!(list["packs"][0]["pack"]["trusted"], "allowed by its hash");
    check(
        &place,
        "pack-verify",
        &place
            .run(&["pack", "verify", "--project", "shop", "--json"])
            .well()
            .json(),
    );
    let features = place.run(&["features", "list", "--project", "shop"]).well();
    assert!(
        features.stdout.contains("tide-clock"),
        "{}",
        features.stdout
    );
    place
        .run(&["features", "show", "tide-clock", "--project", "shop"])
        .well();
    let plan = place
        .run(&[
            "plan",
            "--project",
            "shop",
            "--with",
            "tide-clock",
            "--json",
        ])
        .well()
        .json();
    check(&place, "plan", &plan);
    assert_eq!(plan["plan"]["packs"][0]["hash"], hash.as_str());
    let not = place
        .run(&["why-not", "tide-almanac", "--project", "shop"])
        .well();
    assert!(not.stdout.contains("`tide-clock`"), "{}", not.stdout);
    place.run(&["check", "shop"]).well();

    let removed = place
        .run(&["pack", "remove", "tide", "--project", "shop", "--json"])
        .well()
        .json();
    check(&place, "pack-change", &removed);
    assert_eq!(
        read(&place, "shop/formwork.lock").as_bytes(),
        before["formwork.lock"]
    );
    let recipe = read(&place, "shop/formwork.toml");
    assert!(!recipe.contains("[packs"), "{recipe}");
    let again = place.run(&["pack", "remove", "tide", "--project", "shop"]);
    assert_eq!(again.code, 3);
}

/// Shows a part of: C-05.
#[test]
fn a_pack_that_is_in_use_stays() {
    let place = Place::new();
    tide(&place);
    let hash = hash(&place, "tide");
    let answers = format!(
        "[wishes]\nfeatures = [\"tide-clock\"]\n\n[packs.tide]\nfolder = \"tide\"\nallow = \"{hash}\"\n"
    );
    fs::write(place.join("sea.toml"), answers).expect("a file can be written");
    place.shop(&["--answers", "sea.toml"]).well();
    let run = place.run(&["pack", "remove", "tide", "--project", "shop"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("made with `tide-clock` of the pack `tide`"),
        "{}",
        run.stderr
    );
}

/// Shows a part of: C-05.
#[test]
fn content_that_is_not_the_pinned_one_is_an_error_that_names_both() {
    let place = Place::new();
    let pinned = shop_with_tide(&place);
    fs::write(
        place.join("tide/features/tide-almanac/files/docs/tides.md"),
        "# Other\n",
    )
    .expect("a file can be written");
    let found = hash(&place, "tide");
    for arguments in [
        &["plan", "--project", "shop"][..],
        &["check", "shop"],
        &["features", "list", "--project", "shop"],
        &["pack", "verify", "--project", "shop"],
    ] {
        let run = place.run(arguments);
        assert_eq!(run.code, 3, "{arguments:?}");
        let both = format!("is not what is pinned: expected {pinned}, found {found}");
        assert!(run.stderr.contains(&both), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
    // Taken in anew, it is what is pinned.
    let refused = add(&place, &["tide"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    add(&place, &["tide", "--allow", &found]).well();
    place.run(&["check", "shop"]).well();
}

/// Shows a part of: C-05.
#[test]
fn a_signed_pack_is_taken_from_a_repository_at_a_commit() {
    let place = Place::new();
    let tide = tide(&place);
    place.shop(&[]).well();
    let keys = KeyPair::generate_unencrypted_keypair().expect("keys can be made");
    let statement = place
        .run(&["pack", "verify", "tide", "--statement"])
        .well()
        .stdout;
    let signature = minisign::sign(Some(&keys.pk), &keys.sk, statement.as_bytes(), None, None);
    let signature = signature.expect("it can be signed").to_string();
    fs::write(tide.join("pack.minisig"), signature).expect("a file can be written");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main", "."][..],
        &["add", "--all", "."],
        &["commit", "--quiet", "--message", "A pack"],
    ] {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=A Stranger",
                "-c",
                "user.email=stranger@example.org",
            ])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(arguments)
            .current_dir(&tide)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{output:?}");
    }
    let url = format!("file://{}", tide.display());
    let unknown = add(&place, &[&url, "--rev", "main"]);
    assert_eq!(unknown.code, 3);
    assert!(
        unknown
            .stderr
            .contains("signed with a key that is not declared"),
        "{}",
        unknown.stderr
    );
    let key = format!("stranger={}", keys.pk.to_base64());
    add(&place, &[&url, "--rev", "main", "--trust", &key]).well();
    let recipe = read(&place, "shop/formwork.toml");
    let rev = recipe
        .lines()
        .find_map(|line| line.strip_prefix("rev = \"")?.strip_suffix('"'));
    assert_eq!(rev.map(str::len), Some(40), "{recipe}");
    assert!(
        recipe.contains(&format!("[trust]\nstranger = \"{}\"", keys.pk.to_base64())),
        "{recipe}"
    );
    // The repository may be gone: the content is known by its hash.
    fs::remove_dir_all(&tide).expect("the folder is there");
    let list = place.run(&["pack", "list", "--project", "shop"]).well();
    assert!(
        list.stdout.contains("signed with the key `stranger`"),
        "{}",
        list.stdout
    );
    // Whoever takes the key back takes the pack back.
    let recipe = recipe
        .split("\n# Whose packs")
        .next()
        .expect("there is a beginning");
    fs::write(place.join("shop/formwork.toml"), recipe).expect("a file can be written");
    let run = place.run(&["plan", "--project", "shop"]);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("key that is not declared"),
        "{}",
        run.stderr
    );
}

/// Shows a part of: C-05.
#[test]
fn a_pack_begins_with_one_that_works() {
    let place = Place::new();
    let dry = place
        .run(&["pack", "new", "river-level", "--dry-run", "--json"])
        .well()
        .json();
    check(&place, "pack-new", &dry);
    assert!(!place.join("river-level").exists());
    place.run(&["pack", "new", "river-level"]).well();
    let run = place.run(&["pack", "verify", "river-level"]).well();
    assert!(
        run.stderr.contains("every feature of it can be generated"),
        "{}",
        run.stderr
    );
    assert_eq!(place.run(&["pack", "new", "river-level"]).code, 3);
    for id in ["River", "core", "sqlite", "database"] {
        assert_eq!(place.run(&["pack", "new", id]).code, 3, "{id}");
    }
}

/// Shows a part of: C-05.
#[test]
fn a_pack_with_mistakes_is_told_all_of_them() {
    let place = Place::new();
    place.run(&["pack", "new", "river"]).well();
    let manifest = place.join("river/features/river/feature.toml");
    let text = fs::read_to_string(&manifest).expect("the file can be read");
    let text = text.replace("any = [\"http\"]", "any = [\"htpp\"]")
        + "\n[[wiring]]\nslot = \"app.module\"\ncode = \"x\"\n";
    fs::write(manifest, text).expect("a file can be written");
    let run = place.run(&["pack", "verify", "river", "--json"]);
    assert_eq!(run.code, 3);
    check(&place, "error", &run.json());
    for part in [
        "packs/river/features/river/feature.toml:8:8",
        "unknown feature or capability `htpp`",
        "did you mean `http`?",
        "no template has a slot `app.module`",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

/// A pack whose only template is this one.
fn bomb(place: &Place, template: &str) -> Run {
    let id = "boom";
    if !place.join(id).exists() {
        place.run(&["pack", "new", id]).well();
    }
    let path = place.join("boom/features/boom/files/boom.txt.j2");
    fs::write(path, template).expect("a file can be written");
    place.run(&["pack", "verify", id])
}

/// Shows a part of: C-05.
#[test]
fn a_template_that_would_never_end_or_fill_the_disk_is_stopped() {
    let place = Place::new();
    for (template, said) in [
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = 1 %}{% endfor %}{% endfor %}",
            "the template did not end after 20000000 steps",
        ),
        (
            "{% for a in range(9999) %}{{ \"xxxxxxxxxx\" * 100 }}{% endfor %}",
            "writes more than 4194304 bytes",
        ),
        (
            "{% macro twice(a) %}{{ a }}{{ a }}{% endmacro %}{% set ns = namespace(x=\"xxxxxxxx\") %}\
             {% for a in range(60) %}{% set ns.x = twice(ns.x) %}{% endfor %}",
            "writes more than 16777216 bytes",
        ),
        (
            "{% set ns = namespace(x=\"xxxxxxxx\" * 999) %}{{ [[ns.x] * 9999] * 9999 }}",
            "writes more than 16777216 bytes",
        ),
        (
            "{% macro deeper(a) %}{{ deeper(a + 1) }}{% endmacro %}{{ deeper(1) }}",
            "recursion",
        ),
    ] {
        let run = bomb(&place, template);
        assert_eq!(run.code, 3, "{template}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{template}: {}", run.stderr);
        let place = "packs/boom/features/boom/files/boom.txt.j2";
        assert!(run.stderr.contains(place), "{template}: {}", run.stderr);
    }
}

/// Shows a part of: C-05.
#[cfg(target_os = "linux")]
#[test]
fn a_template_that_takes_all_memory_ends_the_process_before_it_is_gone() {
    let place = Place::new();
    let template = "{% set ns = namespace(x=\"xxxxxxxx\") %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
    let run = bomb(&place, template);
    assert_ne!(run.code, 0);
    assert!(
        run.stderr.contains("memory allocation of"),
        "{}",
        run.stderr
    );
}

/// Shows a part of: C-05.
#[test]
fn the_guide_for_authors_of_packs_holds() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/writing-a-pack.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let place = Place::new();
    let listing = place.run(&["pack", "new", "river-level"]).well().stdout;
    assert!(
        guide.contains(&format!("$ formwork pack new river-level\n{listing}")),
        "{listing}"
    );
    // A block whose first line is a comment with a path is that file.
    let mut written = 0;
    for block in guide.split("```").skip(1).step_by(2) {
        let (_, text) = block.split_once('\n').expect("a block has a first line");
        let (first, rest) = text.split_once('\n').expect("a block has a second line");
        let path = first
            .trim_start_matches("# ")
            .trim_start_matches("<!-- ")
            .trim_end_matches(" -->");
        if path.starts_with("river-level/") {
            // Templates and texts begin behind the path.
            let text = if path.ends_with(".toml") { text } else { rest };
            let path = place.join(path);
            fs::create_dir_all(path.parent().expect("it has a folder"))
                .expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
            written += 1;
        }
    }
    assert_eq!(written, 4);
    let verified = place
        .run(&["pack", "verify", "river-level", "--json"])
        .well()
        .json();
    let features = &verified["packs"][0]["features"];
    assert_eq!(features[0]["id"], "river-level");
    assert_eq!(features[1]["id"], "river-level-note");
    let index = guide
        .split("# index.toml\n")
        .nth(1)
        .expect("the guide has an index");
    let index = index.split("```").next().expect("the block ends");
    let hash = verified["packs"][0]["hash"]
        .as_str()
        .expect("the hash is a text");
    let index = index.replace("hash = \"…\"", &format!("hash = \"{hash}\""));
    fs::write(place.join("index.toml"), index).expect("a file can be written");
    let output = Command::new("tar")
        .args(["-czf", "river-level-0.1.0.tar.gz", "river-level"])
        .current_dir(place.path())
        .output()
        .expect("tar runs");
    assert!(output.status.success(), "{output:?}");
    place.shop(&[]).well();
    add(&place, &["index.toml", "--allow", hash]).well();
    let recipe = read(&place, "shop/formwork.toml");
    assert!(recipe.contains("index = \"../index.toml\""), "{recipe}");
    place
        .run(&["plan", "--project", "shop", "--with", "river-level-note"])
        .well();
}
