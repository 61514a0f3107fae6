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
use cargo_metadata::semver::{Comparator, Op, Version};

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

/// What is stale; and what has changed since the last release that the version and the changelog
/// do not tell.
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
    let Some(tag) = last_release(root)? else {
        return Ok(findings);
    };
    let released = tag.strip_prefix('v').unwrap_or(&tag);
    let released = Version::parse(released).with_context(|| format!("`{tag}` is no version"))?;
    let changelog = fs::read_to_string(root.join(CHANGELOG)).unwrap_or_default();
    let versions = versions(metadata);
    for (path, text) in &listings {
        let before = git(root, &["show", &format!("{tag}:{path}")])?.unwrap_or_default();
        let version = &versions[path];
        let since = Change::between(&before, text);
        let told = tells_what_breaks(&changelog);
        let untold = since.untold(&released, version, told);
        findings.extend(untold.into_iter().map(|message| (path.clone(), message)));
    }
    Ok(findings)
}

/// What has become of a listing.
#[derive(Debug)]
struct Change<'a> {
    /// Lines that are no longer there.
    gone: Vec<&'a str>,
    /// Lines that were not there.
    new: Vec<&'a str>,
}

impl<'a> Change<'a> {
    fn between(before: &'a str, now: &'a str) -> Self {
        let missing = |from: &'a str, of: &'a str| {
            let there: BTreeSet<_> = from.lines().collect();
            let lines = of.lines().filter(|line| !there.contains(line));
            lines.collect::<Vec<_>>()
        };
        Self {
            gone: missing(now, before),
            new: missing(before, now),
        }
    }

    /// What semantic versioning asks for and is not there. A listing does not tell a trait that its
    /// users implement from one that they call: whoever adds to the former knows that it breaks.
    fn untold(&self, released: &Version, version: &Version, told: bool) -> Vec<String> {
        let mut untold = Vec::new();
        if let Some(first) = self.gone.first() {
            let what = format!(
                "since {released} {} items are gone or different, such as `{first}`",
                self.gone.len()
            );
            if !told {
                untold.push(format!(
                    "{what}; tell it under `### Breaking` in {CHANGELOG}"
                ));
            }
            if !breaks(released, version) {
                untold.push(format!(
                    "{what}, which {version} may not do; make it {}",
                    next_breaking(released)
                ));
            }
        } else if let Some(first) = self.new.first()
            && version <= released
        {
            untold.push(format!(
                "since {released} {} items are new, such as `{first}`; {version} must be newer",
                self.new.len()
            ));
        }
        untold
    }
}

/// Whether who asks for the released version does not get this one.
fn breaks(released: &Version, version: &Version) -> bool {
    let compatible = Comparator {
        op: Op::Caret,
        major: released.major,
        minor: Some(released.minor),
        patch: Some(released.patch),
        pre: released.pre.clone(),
    };
    version > released && !compatible.matches(version)
}

fn next_breaking(released: &Version) -> Version {
    match (released.major, released.minor) {
        (0, 0) => Version::new(0, 0, released.patch + 1),
        (0, minor) => Version::new(0, minor + 1, 0),
        (major, _) => Version::new(major + 1, 0, 0),
    }
}

/// The version of the crate that each listing is of.
fn versions(metadata: &Metadata) -> BTreeMap<String, Version> {
    let packages = metadata.workspace_packages();
    let versions = packages
        .iter()
        .map(|package| (listing_of(&package.name), package.version.clone()));
    versions.collect()
}

fn listing_of(package: &str) -> String {
    format!("{FOLDER}/{package}.txt")
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
            listings.insert(listing_of(&package.name), listing::of(&crate_));
        }
    }
    anyhow::ensure!(
        !listings.is_empty(),
        "no runtime crate in `{}`",
        root.display()
    );
    Ok(listings)
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

    /// What is wrong with a change of `before` into `now`, released as the one version and called
    /// the other.
    fn untold(before: &str, now: &str, versions: [&str; 2], told: bool) -> Vec<String> {
        let [released, version] = versions.map(|it| Version::parse(it).expect("a version"));
        Change::between(before, now).untold(&released, &version, told)
    }

    #[test]
    fn changes_are_judged_by_semantic_versioning() {
        const ONE: &str = "fn a::one()\n";
        const BOTH: &str = "fn a::one()\nfn a::two(u8)\n";
        const OTHER: &str = "fn a::one()\nfn a::two(u16)\n";
        for version in ["0.1.0", "0.1.1", "0.2.0", "1.0.0"] {
            assert_eq!(untold(BOTH, BOTH, ["0.1.0", version], false), [""; 0]);
        }
        // What is new needs a newer version, and no more.
        assert_eq!(untold(ONE, BOTH, ["0.1.0", "0.1.1"], false), [""; 0]);
        assert_eq!(
            untold(ONE, BOTH, ["0.1.0", "0.1.0"], true),
            ["since 0.1.0 1 items are new, such as `fn a::two(u8)`; 0.1.0 must be newer"]
        );
        // What is gone or different needs one that nobody gets unasked, and words.
        for now in [ONE, OTHER] {
            for (released, version, next) in [
                ("0.0.1", "0.0.1", "0.0.2"),
                ("0.1.0", "0.1.0", "0.2.0"),
                ("0.1.0", "0.1.9", "0.2.0"),
                ("1.2.3", "1.9.0", "2.0.0"),
            ] {
                let what = format!(
                    "since {released} 1 items are gone or different, such as `fn a::two(u8)`"
                );
                let version_of = format!("{what}, which {version} may not do; make it {next}");
                let words_of = format!("{what}; tell it under `### Breaking` in CHANGELOG.md");
                let judge = |version, told| untold(BOTH, now, [released, version], told);
                assert_eq!(
                    judge(version, false),
                    [words_of.clone(), version_of.clone()]
                );
                assert_eq!(judge(version, true), [version_of]);
                assert_eq!(judge(next, false), [words_of]);
                assert_eq!(judge(next, true), [""; 0]);
            }
        }
    }

    #[test]
    fn what_breaks_is_told_in_the_newest_part() {
        let told = "# Changelog\n\n## 0.2.0\n\n### Breaking\n\n- `two`.\n\n## 0.1.0\n";
        assert!(tells_what_breaks(told));
        let old = "# Changelog\n\n## 0.2.0\n\n## 0.1.0\n\n### Breaking\n";
        assert!(!tells_what_breaks(old));
    }

    /// A repository with one runtime crate, from its first line to a release that breaks it.
    ///
    /// Proves: R-050.
    #[test]
    fn a_change_of_what_is_public_fails_until_it_is_listed_told_and_versioned() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        };
        let version = |version: &str| {
            write(
                "core/Cargo.toml",
                &format!(
                    "[package]\nname = \"core-of-it\"\nversion = \"{version}\"\nedition = \"2024\"\n\
                     [package.metadata.formwork]\nhalf = \"runtime\"\n"
                ),
            );
        };
        let git = |arguments: &[&str]| {
            let of_nobody = [
                "-c",
                "user.name=nobody",
                "-c",
                "user.email=nobody@localhost",
            ];
            let arguments = [&of_nobody[..], arguments].concat();
            super::git(root, &arguments)
                .expect("git runs")
                .expect("it succeeds");
        };
        // What the check of the whole repository says, as `cargo xtask tidy` and so CI runs it.
        let findings = || {
            let metadata = workspace::metadata(root).expect("Cargo knows it");
            let findings = findings(root, &metadata).expect("it can be checked");
            let messages = findings.into_iter().map(|(path, message)| {
                assert_eq!(path, "docs/api/core-of-it.txt");
                message
            });
            messages.collect::<Vec<_>>()
        };
        let list = || {
            let metadata = workspace::metadata(root).expect("Cargo knows it");
            for (path, text) in listings(root, &metadata).expect("it can be listed") {
                write(&path, &text);
            }
        };
        const STALE: &str =
            "what is public has changed; run `cargo xtask api` and look at the change";

        write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n",
        );
        version("0.1.0");
        write("core/src/lib.rs", "pub fn old(n: u8) {}\n");
        write(CHANGELOG, "# Changelog\n\n## 0.1.0\n");
        git(&["init", "--quiet"]);
        assert_eq!(findings(), [STALE]);
        list();
        assert_eq!(findings(), [""; 0]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "first"]);
        git(&["tag", "v0.1.0"]);
        assert_eq!(findings(), [""; 0]);

        // Something new.
        write(
            "core/src/lib.rs",
            "pub fn old(n: u8) {}\npub fn new() {}\nfn own() {}\n",
        );
        assert_eq!(findings().len(), 2);
        list();
        let untold = findings();
        assert!(untold[0].ends_with("0.1.0 must be newer"), "{untold:?}");
        version("0.1.1");
        assert_eq!(findings(), [""; 0]);

        // Something different.
        write(
            "core/src/lib.rs",
            "pub fn old(n: u16) {}\npub fn new() {}\n",
        );
        list();
        let untold = findings();
        assert!(untold[0].ends_with("tell it under `### Breaking` in CHANGELOG.md"));
        assert!(untold[1].ends_with("which 0.1.1 may not do; make it 0.2.0"));
        assert_eq!(untold.len(), 2);
        version("0.2.0");
        write(
            CHANGELOG,
            "# Changelog\n\n## 0.2.0\n\n### Breaking\n\n- `old`.\n\n## 0.1.0\n",
        );
        assert_eq!(findings(), [""; 0]);
    }
}
