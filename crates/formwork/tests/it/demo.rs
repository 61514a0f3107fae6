//! `formwork demo` as far as it goes without building a service.

use std::fs;

use crate::support::{Place, Run, files};

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.join("mine")).expect("the folder can be made");
    fs::write(place.join("mine/note"), "mine").expect("the file can be written");
    let run = place.run(&["demo", "--check", "--dir", "mine"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("not empty"), "{run:?}");
    assert_eq!(files(place.path()).len(), 1);
}

#[test]
fn a_machine_without_rust_is_told_so() {
    let place = Place::new();
    let mut command = place.command();
    command.env("CARGO", "/nonexistent/cargo");
    command.args(["demo", "--check", "--dir", "demo", "--json"]);
    let run = Run::from(command.output().expect("the binary runs"));
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("rustup.rs"), "{run:?}");
    for line in run.json_lines() {
        crate::json::check(&place, "demo", &line);
    }
    assert!(place.join("demo/ecommerce/Cargo.toml").is_file());
}
