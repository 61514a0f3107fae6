//! `formwork module new`: what it writes, and what it refuses.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use crate::json::check;
use crate::support::{Place, files};

const LIST: &str = "shop/service/src/own/mod.rs";

/// Shows a part of: C-35, R-001.
#[test]
fn a_module_is_one_file_and_two_lines() {
    let place = Place::new();
    place.shop(&[]).well();
    let before = files(place.path());
    let new = ["module", "new", "rate-card", "--project", "shop"];

    let planned = place.run(&[&new[..], &["--dry-run", "--json"]].concat());
    let planned = planned.well().json();
    check(&place, "module-new", &planned);
    assert_eq!(files(place.path()), before, "a dry run writes nothing");
    let shown = place.run(&[&new[..], &["--dry-run"]].concat()).well();
    assert!(shown.stdout.contains("pub struct RateCardModule;"));

    let run = place.run(&new).well();
    assert!(run.stderr.contains("/health/rate-card"), "{}", run.stderr);
    let after = files(place.path());
    for file in planned["files"].as_array().expect("files are listed") {
        let path = format!("shop/{}", file["path"].as_str().expect("a path"));
        assert_eq!(
            after[&path],
            file["text"].as_str().expect("a text").as_bytes()
        );
    }
    let changed: BTreeSet<&str> = after
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(bytes))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        changed,
        BTreeSet::from([LIST, "shop/service/src/own/rate_card.rs"])
    );
    let list = String::from_utf8_lossy(&after[LIST]);
    assert!(list.contains("mod rate_card;\n"), "{list}");
    assert!(
        list.contains("    app = app.module(rate_card::RateCardModule);\n"),
        "{list}"
    );
    let module = String::from_utf8_lossy(&after["shop/service/src/own/rate_card.rs"]);
    assert!(module.lines().count() <= 75);

    // The project is still what its records say.
    place.run(&["check", "shop", "--deny", "drift"]).well();
}

/// Shows a part of: C-54.
#[test]
fn names_that_are_wrong_or_taken_are_refused_with_a_hint() {
    let place = Place::new();
    place.shop(&[]).well();
    let new = |name: &str| place.run(&["module", "new", name, "--project", "shop", "--json"]);
    new("rate-card").well();
    let before = files(place.path());
    for (name, message, hint) in [
        (
            "RateCard",
            "must start with a lower-case",
            "try `rate-card`",
        ),
        ("rate_card", "only lower-case", "try `rate-card`"),
        ("match", "a keyword", "as in `rate-card`"),
        ("con", "reserved name", "as in `rate-card`"),
        ("rate-card", "already has a module", "own/mod.rs"),
        // A module and a section of the runtime, one of the project, a component of `/health`.
        ("sqlite", "already has a module", "vendor/formwork-sqlite"),
        (
            "cache",
            "already has a module",
            "service/src/modules/cache.rs",
        ),
        ("outbox", "already has a module", "vendor/formwork-outbox"),
    ] {
        let run = new(name);
        assert_eq!(run.code, 3, "{name}: {run:?}");
        let document = run.json();
        check(&place, "module-new", &document);
        let problem = &document["problems"][0];
        let said = problem["message"].as_str().expect("a message");
        assert!(said.contains(message), "{name}: {said}");
        let advice = problem["hints"][0].as_str().expect("a hint");
        assert!(advice.contains(hint), "{name}: {advice}");
    }
    assert_eq!(files(place.path()), before);
}

/// Shows a part of: C-25, C-33.
#[test]
fn what_is_there_already_is_left_alone() {
    let place = Place::new();
    place.shop(&[]).well();
    let own = place.join("shop/service/src/own");
    let new = || place.run(&["module", "new", "rate-card", "--project", "shop"]);
    let refused = |words: &str| {
        let before = files(place.path());
        let run = new();
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
        assert_eq!(files(place.path()), before);
    };

    let file = own.join("rate_card.rs");
    fs::write(&file, "mine").expect("the file can be written");
    refused("exists already");
    fs::remove_file(&file).expect("the file can be removed");

    let list = own.join("mod.rs");
    let seed = fs::read_to_string(&list).expect("the list can be read");
    fs::write(&list, seed.replace("    app\n", "    app.module(Mine)\n"))
        .expect("it can be written");
    refused("cannot be extended");

    let elsewhere = place.join("elsewhere.rs");
    fs::write(&elsewhere, &seed).expect("the file can be written");
    fs::remove_file(&list).expect("the file can be removed");
    refused("has no `service/src/own/mod.rs`");
    symlink(&elsewhere, &list).expect("a link can be made");
    refused("is no file of the project itself");
    fs::remove_file(&list).expect("the link can be removed");

    // What an interrupted run left is completed, and the owner's lines stay.
    let mine = seed.replace("    app\n", "    // Mine.\n    app\n");
    fs::write(&list, &mine).expect("the file can be written");
    let planned = place.run(&[
        "module",
        "new",
        "rate-card",
        "--project",
        "shop",
        "--dry-run",
        "--json",
    ]);
    let planned = planned.well().json();
    let text = planned["files"][0]["text"].as_str().expect("a text");
    fs::write(&file, text).expect("the file can be written");
    new().well();
    let list = fs::read_to_string(&list).expect("the list can be read");
    assert!(
        list.contains("    // Mine.\n    app = app.module(rate_card::RateCardModule);\n    app\n"),
        "{list}"
    );
}
