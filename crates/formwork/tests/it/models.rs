//! Models at the edges of what a model may say: what is generated from them is laid out as rustfmt would.

use std::path::Path;
use std::process::Command;

use crate::support::{Place, files};

/// Generates a service from a model beside this test, and compares every file of Rust with what rustfmt makes of it.
fn check(model: &str, choices: &[&str]) {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/models")
        .join(model);
    let folder = folder.display().to_string();
    let mut arguments = vec!["new", "worst", "--yes", "--no-git", "--model", &folder];
    arguments.extend(choices);
    place.run(&arguments).well();
    let project = place.join("worst");
    for path in files(&project).keys() {
        if !path.ends_with(".rs") || path.starts_with("vendor/") {
            continue;
        }
        let formatted = Command::new("rustfmt")
            .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
            .stdin(std::fs::File::open(project.join(path)).expect("a generated file"))
            .output()
            .expect("rustfmt comes with the toolchain");
        let written = std::fs::read_to_string(project.join(path)).expect("a generated file");
        let wanted = String::from_utf8_lossy(&formatted.stdout);
        assert_eq!(written, wanted, "{model}: {path}");
    }
}

#[test]
fn every_kind_of_field_and_list_is_laid_out() {
    check("worst", &["--with", "sqlite"]);
    check(
        "worst",
        &["--answer", "database=postgres", "--with", "nats"],
    );
}

#[test]
fn an_aggregate_may_have_nearly_nothing() {
    check("small", &["--with", "sqlite"]);
    check("small", &["--answer", "database=postgres"]);
}
