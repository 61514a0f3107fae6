//! Folders that must have their pages.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Finding, Workspace};

/// A runtime crate has its page; a feature has its page and its manifest.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let paths: BTreeSet<&str> = workspace
        .files
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    let mut findings = Vec::new();
    let mut expect = |path: String| {
        if !paths.contains(path.as_str()) {
            findings.push(Finding::new(path, "missing"));
        }
    };
    for package in workspace.metadata.workspace_packages() {
        let half = package
            .metadata
            .get("formwork")
            .and_then(|it| it.get("half"));
        if half.is_some_and(|half| half == "runtime") {
            expect(format!("crates/{}/README.md", package.name));
        }
    }
    let features: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("features/")?.split_once('/'))
        .map(|(feature, _)| feature)
        .collect();
    for feature in features {
        expect(format!("features/{feature}/README.md"));
        expect(format!("features/{feature}/feature.toml"));
    }
    Ok(findings)
}
