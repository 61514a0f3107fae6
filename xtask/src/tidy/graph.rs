//! Which crate may depend on which.

use anyhow::Result;
use cargo_metadata::{DependencyKind, Package};

use super::{Finding, Workspace};

/// What a pure crate must not depend on, directly: I/O, clocks, randomness, async.
const IMPURE: &[&str] = &[
    "async-nats",
    "axum",
    "getrandom",
    "hyper",
    "jiff",
    "mio",
    "notify",
    "rand",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "time",
    "chrono",
    "tokio",
    "tokio-postgres",
    "ureq",
    "uuid",
    "walkdir",
    "ignore",
    "libc",
];

/// No edge between the composer and the runtime, not even for tests.
pub(super) fn halves(workspace: &Workspace) -> Result<Vec<Finding>> {
    let members = workspace.metadata.workspace_packages();
    let mut findings = Vec::new();
    for package in &members {
        // Automation is part of neither half.
        if package.name.starts_with("xtask") {
            continue;
        }
        let manifest = format!("crates/{}/Cargo.toml", package.name);
        let Some(half) = half(package) else {
            findings.push(Finding::new(
                manifest,
                "expected `half = \"composer\"` or `\"runtime\"` in `package.metadata.formwork`",
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let target = members
                .iter()
                .find(|member| *member.name == dependency.name);
            let Some(other) = target.and_then(|target| self::half(target)) else {
                continue;
            };
            if other != half {
                findings.push(Finding::new(
                    &manifest,
                    format!(
                        "a crate of the {half} depends on `{}` of the {other}",
                        dependency.name
                    ),
                ));
            }
        }
    }
    Ok(findings)
}

fn half(package: &Package) -> Option<&str> {
    let half = package.metadata.get("formwork")?.get("half")?.as_str()?;
    matches!(half, "composer" | "runtime").then_some(half)
}

/// The domain depends on nothing; the resolver and the merge on nothing that does I/O.
pub(super) fn purity(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in workspace.metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let forbidden = match package.name.as_str() {
                "formwork-domain" => true,
                "formwork-merge" | "formwork-resolve" => IMPURE.contains(&dependency.name.as_str()),
                _ => false,
            };
            if forbidden && dependency.kind != DependencyKind::Development {
                findings.push(Finding::new(
                    format!("crates/{}/Cargo.toml", package.name),
                    format!(
                        "must not depend on `{}`: this crate is pure",
                        dependency.name
                    ),
                ));
            }
        }
    }
    findings.extend(super::sources::purity(workspace));
    Ok(findings)
}
