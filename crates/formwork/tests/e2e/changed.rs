//! A project that was changed after its owner worked on it compiles and passes all tests, the owner's among them.

use std::fs;
use std::path::Path;

use crate::build;
use crate::project::{Project, formwork};

/// What an owner adds to the domain, with its test.
const RULE: &str = "
/// The owner's own rule.
pub fn is_large(articles: usize) -> bool {
    articles > 99
}

#[cfg(test)]
mod owner {
    #[test]
    fn the_rule_of_the_owner_holds() {
        assert!(super::is_large(100) && !super::is_large(99));
    }
}
";

/// Shows a part of: C-31, C-33.
#[test]
fn a_project_that_was_edited_and_changed_compiles_and_passes_its_tests() {
    let project = Project::generate_with("arcade", &["--with", "config-reload"], &[], |folder| {
        let path = folder.join("domain/src/lib.rs");
        let library = fs::read_to_string(&path).expect("the domain has a library");
        fs::write(&path, library + RULE).expect("it can be written");
        let path = folder.join("README.md");
        let readme = fs::read_to_string(&path).expect("there is a README");
        fs::write(&path, readme + "\nCall Ada at night.\n").expect("it can be written");

        change(folder, &["add", "openapi", "lifecycle-events"]);
        change(folder, &["tier", "advanced"]);
        change(folder, &["remove", "memory-cache"]);
        change(folder, &["set", "broker=nats"]);
        change(folder, &["set", "broker=in-process-broker"]);
        change(folder, &["sync"]);
    });
    let text = |path: &str| fs::read_to_string(project.folder.join(path)).expect("it is there");
    assert!(text("domain/src/lib.rs").ends_with(RULE));
    assert!(text("README.md").contains("Call Ada at night."));
    assert!(!text("service/src/app.rs").contains("Cache"));
    build::build(&project);
    let passed = build::test(&project, &[]);
    assert!(
        passed
            .iter()
            .any(|name| name == "owner::the_rule_of_the_owner_holds"),
        "{passed:?}"
    );
}

fn change(folder: &Path, arguments: &[&str]) {
    let output = formwork()
        .args(arguments)
        .arg("--project")
        .arg(folder)
        .output()
        .expect("the binary runs");
    assert!(
        output.status.success(),
        "{arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
