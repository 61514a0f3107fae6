//! `formwork check`: what changed in a project is found, with its rule and place.

use std::fs;

use crate::support::Place;

/// A file of the owner's that every service has.
const EDITED: &str = "domain/src/lib.rs";

#[test]
fn a_fresh_project_holds_every_rule() {
    let place = Place::new();
    place.shop(&[]).well();
    let run = place.run(&["check", "shop", "--json"]).well();
    let lines = run.json_lines();
    assert!(lines.len() >= 8);
    assert!(lines.iter().all(|line| line["ok"] == true), "{lines:#?}");
}

/// Shows a part of: C-34.
#[test]
fn a_file_edited_by_hand_is_found() {
    let place = Place::new();
    place.shop(&[]).well();
    let file = place.join("shop").join(EDITED);
    let text = fs::read_to_string(&file).expect("the file was generated");
    fs::write(&file, text + "\n// Mine.\n").expect("the file is ours");

    let run = place.run(&["check", "shop", "--deny", "drift", "--json"]);
    assert_eq!(run.code, 1);
    let lines = run.json_lines();
    for line in &lines {
        crate::json::check(&place, "check", line);
    }
    assert!(
        lines
            .iter()
            .any(|line| line["rule"] == "drift" && line["place"] == EDITED),
        "{lines:#?}"
    );
    let run = place.run(&["check", "shop"]).well();
    assert!(run.stdout.contains(&format!("drift {EDITED}: ")), "{run:?}");
    let run = place.run(&["check", "shop", "--deny", "drift"]);
    assert_eq!(run.code, 1);
}

/// Shows a part of: C-34.
#[test]
fn a_deleted_file_is_found() {
    let place = Place::new();
    place.shop(&[]).well();
    fs::remove_file(place.join("shop").join(EDITED)).expect("the file was generated");
    let run = place.run(&["check", "shop", "--deny", "drift"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("was deleted"), "{run:?}");
}

/// Shows a part of: C-34.
#[test]
fn a_forbidden_arrow_is_found_with_its_line() {
    let place = Place::new();
    place.shop(&[]).well();
    let manifest = place.join("shop/application/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("the layer has a manifest");
    let line = text
        .lines()
        .position(|line| line == "[dependencies]")
        .expect("the layer has dependencies")
        + 2;
    let text = text.replacen(
        "[dependencies]\n",
        "[dependencies]\nshop-infrastructure = { path = \"../infrastructure\" }\n",
        1,
    );
    fs::write(&manifest, text).expect("the file is ours");
    let run = place.run(&["check", "shop"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains(&format!("layer-arrow application/Cargo.toml:{line}: ")),
        "{run:?}"
    );
}

/// Shows a part of: C-34.
#[test]
fn a_recipe_that_moved_on_is_found() {
    let place = Place::new();
    place.shop(&[]).well();
    let recipe = place.join("shop/formwork.toml");
    let text = fs::read_to_string(&recipe).expect("the project has a recipe");
    fs::write(
        &recipe,
        text.replace("[answers]\n", "[answers]\nmetrics = \"prometheus\"\n"),
    )
    .expect("the file is ours");
    let run = place.run(&["check", "shop"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("lock formwork.lock: "), "{run:?}");
    assert!(run.stdout.contains("prometheus"), "{run:?}");
}

#[test]
fn a_damaged_base_is_found() {
    let place = Place::new();
    place.shop(&[]).well();
    for entry in fs::read_dir(place.join("shop/.formwork/base")).expect("the base is kept") {
        fs::write(entry.expect("the base is kept").path(), "not a pack").expect("the file is ours");
    }
    let run = place.run(&["check", "shop"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("base .formwork/base: "), "{run:?}");
}

#[test]
fn a_folder_that_is_no_project_is_named() {
    let place = Place::new();
    let run = place.run(&["check"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("formwork.toml"), "{run:?}");
    assert_eq!(place.run(&["check", "--allow", "drft"]).code, 2);
}
