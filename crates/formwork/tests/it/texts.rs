//! Texts the program makes from itself.

use crate::support::Place;

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let run = Place::new().run(&["--help"]).well();
    for part in [
        "new",
        "plan",
        "features",
        "why-not",
        "add",
        "remove",
        "set",
        "tier",
        "sync",
        "update",
        "aggregate",
        "diff",
        "continue",
        "abort",
        "check",
        "probe",
        "doctor",
        "demo",
        "completions",
        "Exit codes:",
        "130",
    ] {
        assert!(run.stdout.contains(part), "{part} is missing");
    }
}

#[test]
fn completions_exist_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = place.run(&["completions", shell]).well();
        assert!(run.stdout.contains("formwork"), "{shell}");
    }
}

#[test]
fn manual_pages_exist_for_the_program_and_its_commands() {
    let place = Place::new();
    assert!(place.run(&["man"]).well().stdout.contains(".TH formwork 1"));
    assert!(
        place
            .run(&["man", "new"])
            .well()
            .stdout
            .contains("dry\\-run")
    );
    let unknown = place.run(&["man", "nw"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("did you mean `new`?"),
        "{}",
        unknown.stderr
    );
}

/// Shows a part of: C-51.
#[test]
fn colour_is_optional() {
    let place = Place::new();
    let colours = |arguments: &[&str], no_color: bool| {
        let mut command = place.command();
        command.args(arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let output = command.output().expect("the binary runs");
        output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
    };
    assert!(colours(&["--color", "always", "features", "list"], false));
    assert!(!colours(&["--color", "never", "features", "list"], false));
    assert!(!colours(&["features", "list"], true));
}
