//! `cargo xtask api`: what each runtime crate promises, one line per item, in `docs/api/`.
//!
//! The listing is read from the sources, so that it takes a second and no special compiler. A
//! change of what is public is a change of these files, to be seen in a review. Since the last
//! release what is gone or different must be told under `### Breaking` in the changelog.
//!
//! What macros make is not seen, apart from derives.

mod crates;
mod listing;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::Metadata;

use crate::workspace;

const FOLDER: &str = "docs/api";
const CHANGELOG: &str = "CHANGELOG.md";

/// Writes the listings, or with `check` only says what is stale.
pub(crate) fn run(check: bool) -> Result<bool> {
    let root = workspace::root();
    let metadata = workspace::metadata(&root)?;
    if !check {
        for (path, text) in listings(&root, &metadata)? {
            let path = root.join(path);
            let folder = path.parent().context("a listing has a folder")?;
            fs::create_dir_all(folder)?;
            fs::write(&path, text)
                .with_context(|| format!("could not write `{}`", path.display()))?;
        }
    }
    let findings = findings(&root, &metadata)?;
    for (place, message) in &findings {
        eprintln!("error: {place}: {message}");
    }
    Ok(findings.is_empty())
}

/// What is stale, and what the changelog does not tell.
pub(crate) fn findings(root: &Path, metadata: &Metadata) -> Result<Vec<(String, String)>> {
    let listings = listings(root, metadata)?;
    let mut findings = Vec::new();
    for (path, text) in &listings {
        if fs::read_to_string(root.join(path)).unwrap_or_default() != *text {
            let message =
                "what is public has changed; run `cargo xtask api` and look at the change";
            findings.push((path.clone(), message.to_owned()));
        }
    }
    let Some(release) = last_release(root)? else {
        return Ok(findings);
    };
    let changelog = fs::read_to_string(root.join(CHANGELOG))?;
    for (path, text) in &listings {
        let before = git(root, &["show", &format!("{release}:{path}")])?.unwrap_or_default();
        let gone = gone(&before, text);
        if !gone.is_empty() && !tells_what_breaks(&changelog) {
            let message = format!(
                "since {release} {} items are gone or different, such as `{}`; tell it under `### Breaking` in {CHANGELOG}",
                gone.len(),
                gone[0]
            );
            findings.push((path.clone(), message));
        }
    }
    Ok(findings)
}

/// The listing of each runtime crate that is a library.
fn listings(root: &Path, metadata: &Metadata) -> Result<BTreeMap<String, String>> {
    let mut listings = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let half = package.metadata["formwork"]["half"].as_str();
        let library = package.targets.iter().find(|target| target.is_lib());
        if let (Some("runtime"), Some(library)) = (half, library) {
            let name = package.name.replace('-', "_");
            let crate_ = crates::Crate::read(&name, library.src_path.as_std_path())?;
            let path = format!("{FOLDER}/{}.txt", package.name);
            listings.insert(path, listing::of(&crate_));
        }
    }
    anyhow::ensure!(
        !listings.is_empty(),
        "no runtime crate in `{}`",
        root.display()
    );
    Ok(listings)
}

/// Lines that are no longer there.
fn gone<'a>(before: &'a str, now: &str) -> Vec<&'a str> {
    let now: BTreeSet<_> = now.lines().collect();
    before.lines().filter(|line| !now.contains(line)).collect()
}

/// Whether the newest part of the changelog has a heading for it.
fn tells_what_breaks(changelog: &str) -> bool {
    let newest = changelog.split("\n## ").nth(1).unwrap_or_default();
    newest.lines().any(|line| line.starts_with("### Breaking"))
}

fn last_release(root: &Path) -> Result<Option<String>> {
    let described = git(root, &["describe", "--tags", "--abbrev=0", "--match", "v*"])?;
    Ok(described.map(|tag| tag.trim().to_owned()))
}

/// What a command of git prints, unless it fails.
fn git(root: &Path, arguments: &[&str]) -> Result<Option<String>> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .context("could not run `git`")?;
    let text = String::from_utf8(output.stdout).context("git printed no UTF-8")?;
    Ok(output.status.success().then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_or_different_must_be_told() {
        let before = "fn a::one()\nfn a::two(u8)\n";
        assert_eq!(
            gone(before, "fn a::one()\nfn a::two(u8)\nfn a::three()\n"),
            [""; 0]
        );
        assert_eq!(
            gone(before, "fn a::one()\nfn a::two(u16)\n"),
            ["fn a::two(u8)"]
        );
        let told = "# Changelog\n\n## 0.2.0\n\n### Breaking\n\n- `two`.\n\n## 0.1.0\n";
        assert!(tells_what_breaks(told));
        let old = "# Changelog\n\n## 0.2.0\n\n## 0.1.0\n\n### Breaking\n";
        assert!(!tells_what_breaks(old));
    }
}
