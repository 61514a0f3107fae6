//! `cargo xtask tidy`: style, invariants, stale generated files, licences; every finding at once.

mod features;
mod graph;
mod licences;
mod paths;
mod sources;
mod tools;

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::Metadata;
use serde_json::json;

use crate::{api, codegen, requirements, rows, workspace};

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// `file:line`, `file`, or the name of a package.
    place: String,
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// What the checks look at, read once.
struct Workspace {
    root: PathBuf,
    metadata: Metadata,
    /// Tracked files that are text, with their text.
    files: Vec<(String, String)>,
}

type Check = fn(&Workspace) -> Result<Vec<Finding>>;

/// The quick checks first: their findings are there while the slow ones still run.
const CHECKS: [(&str, Check); 11] = [
    ("halves do not depend on each other", graph::halves),
    ("pure crates stay pure", graph::purity),
    ("dependencies obey deny.toml", licences::check),
    (
        "only the edge prints, exits and reads the environment",
        sources::edges,
    ),
    ("no test is ignored", sources::ignored),
    ("no machine's paths or mirrors", paths::check),
    ("crates and features have their pages", features::check),
    (PUBLIC, public),
    ("generated files are fresh", generated),
    ("formatting", tools::format),
    ("clippy", tools::clippy),
];

const PUBLIC: &str = "what is public is listed, told and versioned";

/// Runs every check and prints every finding.
pub(crate) fn run(json: bool) -> Result<bool> {
    let workspace = read()?;
    let mut total = 0;
    for (name, check) in CHECKS {
        eprintln!("{name} …");
        let findings = check(&workspace).with_context(|| format!("could not check: {name}"))?;
        total += findings.len();
        if json {
            let texts: Vec<String> = findings.iter().map(Finding::to_string).collect();
            rows::json(json!({ "name": name, "ok": findings.is_empty(), "findings": texts }));
        } else {
            for finding in &findings {
                println!("{finding}");
            }
        }
    }
    if !json {
        println!("{total} findings in {} checks", CHECKS.len());
    }
    Ok(total == 0)
}

fn read() -> Result<Workspace> {
    let root = workspace::root();
    let mut files = Vec::new();
    for path in workspace::files(&root)? {
        let bytes =
            fs::read(root.join(&path)).with_context(|| format!("could not read `{path}`"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push((path, text));
        }
    }
    Ok(Workspace {
        metadata: workspace::metadata(&root)?,
        root,
        files,
    })
}

fn public(workspace: &Workspace) -> Result<Vec<Finding>> {
    let findings = api::findings(&workspace.root, &workspace.metadata)?.into_iter();
    Ok(findings
        .map(|(path, what)| Finding::new(path, what))
        .collect())
}

fn generated(workspace: &Workspace) -> Result<Vec<Finding>> {
    let (page, mistakes) = requirements::expected(&workspace.root)?;
    let mut findings: Vec<Finding> = mistakes
        .iter()
        .map(|mistake| {
            let (place, message) = mistake.split_once(": ").unwrap_or(("", mistake));
            Finding::new(place, message)
        })
        .collect();
    if fs::read_to_string(workspace.root.join(requirements::PAGE)).unwrap_or_default() != page {
        findings.push(Finding::new(
            requirements::PAGE,
            "stale; run `cargo xtask requirements`",
        ));
    }
    let stale = codegen::stale(&workspace.root)?;
    findings.extend(
        stale
            .into_iter()
            .map(|(path, what)| Finding::new(path, what)),
    );
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a change must pass runs the check of what is public; `api` shows what that finds.
    ///
    /// Proves: R-050.
    #[test]
    fn ci_checks_what_is_public() {
        assert!(CHECKS.iter().any(|(name, _)| *name == PUBLIC));
        let ci = fs::read_to_string(workspace::root().join(".ci/run")).expect("there is one");
        let mut lines = ci.lines();
        assert!(lines.any(|line| line == "set -euo pipefail"), "{ci}");
        assert!(lines.any(|line| line == "cargo xtask tidy"), "{ci}");
    }
}
