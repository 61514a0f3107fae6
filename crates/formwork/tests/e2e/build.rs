//! Cargo in a generated project.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::project::Project;

/// Builds it as its owner would, without a single warning, and returns the service's binary.
///
/// Warnings are read from the compiler's messages: a flag that denies them would make Cargo build every dependency again.
pub(crate) fn build(project: &Project) -> PathBuf {
    let output = cargo(project, &["build", "--message-format=json"]);
    succeeded("cargo build", &output);
    let mut binary = None;
    let mut warnings = Vec::new();
    for message in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let compiler = &message["message"];
        if compiler["level"] == "warning" {
            warnings.push(compiler["rendered"].as_str().unwrap_or_default().to_owned());
        }
        if message["target"]["name"] == project.name
            && let Some(path) = message["executable"].as_str()
        {
            binary = Some(PathBuf::from(path));
        }
    }
    assert!(
        warnings.is_empty(),
        "the compiler warns:\n{}",
        warnings.join("\n")
    );
    binary.expect("the service has a binary")
}

/// Whether it looks as rustfmt and clippy want it, tests included.
pub(crate) fn lint(project: &Project) {
    succeeded(
        "cargo fmt --all --check",
        &cargo(
            project,
            &["fmt", "--all", "--check", "--", "--color", "never"],
        ),
    );
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    succeeded("cargo clippy", &cargo(project, &clippy));
}

/// Runs its own tests, none of which may find its servers missing; returns those that passed.
pub(crate) fn test(project: &Project, settings: &[(String, String)]) -> Vec<String> {
    let output = command(project, &["test", "--workspace", "--", "--nocapture"])
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .output()
        .expect("cargo runs");
    succeeded("cargo test", &output);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let untested: Vec<&str> = stdout
        .lines()
        .chain(stderr.lines())
        .filter(|line| line.contains("not tested"))
        .collect();
    assert!(untested.is_empty(), "tests were left out: {untested:?}");
    let passed: Vec<String> = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(!passed.is_empty(), "no test ran:\n{stdout}");
    passed
}

/// Runs Cargo in the project.
fn cargo(project: &Project, arguments: &[&str]) -> Output {
    command(project, arguments).output().expect("cargo runs")
}

fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(&project.folder)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null());
    command
}

/// Shared by all compositions, which have most of their dependencies in common.
fn target() -> PathBuf {
    env::var_os("FORMWORK_GENERATED_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("generated"),
        PathBuf::from,
    )
}

fn succeeded(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "`{what}` failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
