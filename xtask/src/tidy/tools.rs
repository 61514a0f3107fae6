//! The toolchain's own checks.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Finding, Workspace};
use crate::workspace;

/// Default rustfmt.
pub(super) fn format(workspace: &Workspace) -> Result<Vec<Finding>> {
    let output = workspace::cargo(&workspace.root)
        .args(["fmt", "--all", "--", "--check", "-l"])
        .output()
        .context("could not run `cargo fmt`")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let root = workspace.root.to_string_lossy().into_owned() + "/";
    let mut findings: Vec<Finding> = printed
        .lines()
        .map(|line| {
            let path = line.strip_prefix(&root).unwrap_or(line);
            Finding::new(path, "not formatted; run `cargo fmt`")
        })
        .collect();
    if findings.is_empty() && !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        findings.push(Finding::new("cargo fmt", printed.trim()));
    }
    Ok(findings)
}

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

/// Clippy on everything, warnings denied.
pub(super) fn clippy(workspace: &Workspace) -> Result<Vec<Finding>> {
    let output = workspace::cargo(&workspace.root)
        .args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--keep-going",
            "--quiet",
        ])
        // Not `-D warnings`: an error in one crate would hide those in the crates above it.
        .args(["--message-format", "json"])
        .output()
        .context("could not run `cargo clippy`")?;
    let mut findings = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(Line {
            message: Some(message),
        }) = serde_json::from_str(line)
        else {
            continue;
        };
        let span = message.spans.iter().find(|span| span.is_primary);
        let place = match span {
            Some(span) => format!("{}:{}", span.file_name, span.line_start),
            // Summaries such as `1 warning emitted` have no place.
            None if message.level == "warning" => continue,
            None => "cargo clippy".to_owned(),
        };
        let finding = Finding::new(place, message.message);
        // A library's sources are checked once more as its tests.
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if findings.is_empty() && !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        findings.push(Finding::new("cargo clippy", printed.trim()));
    }
    Ok(findings)
}
