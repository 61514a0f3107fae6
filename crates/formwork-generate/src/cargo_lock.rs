//! A lock file for the project: exact versions, taken from the lock of the runtime's own workspace.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::RuntimeFrom;
use crate::runtime::Closure;

/// Keeps the packages that the named dependencies and the runtime crates can reach.
///
/// Cargo drops what turns out not to be needed and adds the project's own crates; what matters is that it
/// chooses no other versions.
pub(crate) fn select<'a>(
    lock: &str,
    dependencies: impl Iterator<Item = &'a str>,
    runtime: &'a Closure,
    from: &RuntimeFrom,
) -> String {
    let head = lock.split("[[package]]").next().unwrap_or_default();
    let packages: Vec<Package<'_>> = lock
        .split("[[package]]\n")
        .skip(1)
        .map(Package::read)
        .collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, package) in packages.iter().enumerate() {
        by_name.entry(package.name).or_default().push(index);
    }
    let mut open: Vec<usize> = dependencies
        .chain(runtime.names())
        .filter_map(|name| by_name.get(name))
        .flatten()
        .copied()
        .collect();
    let mut kept = BTreeSet::new();
    while let Some(index) = open.pop() {
        if !kept.insert(index) {
            continue;
        }
        for dependency in &packages[index].dependencies {
            // `name` or `name version`
            let mut words = dependency.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next();
            for candidate in by_name.get(name).into_iter().flatten() {
                if version.is_none_or(|version| packages[*candidate].version == version) {
                    open.push(*candidate);
                }
            }
        }
    }
    let mut text = head.to_owned();
    for index in kept {
        let package = &packages[index];
        // A crate of the workspace has no source in the lock; elsewhere its source is another one.
        if package.local && *from != RuntimeFrom::Vendor {
            continue;
        }
        text.push_str("[[package]]\n");
        text.push_str(package.text.trim_end());
        text.push_str("\n\n");
    }
    let length = text.trim_end().len();
    text.truncate(length);
    text.push('\n');
    text
}

/// An owner's lock file with the packages of ours of which it has no version; what it has stays as it is.
pub(crate) fn complete(theirs: &[u8], ours: &[u8]) -> Vec<u8> {
    let (Ok(text), Ok(ours)) = (std::str::from_utf8(theirs), std::str::from_utf8(ours)) else {
        return theirs.to_vec();
    };
    let mut blocks = text.split("[[package]]\n");
    let head = blocks.next().unwrap_or_default();
    let mut packages: Vec<Package<'_>> = blocks.map(Package::read).collect();
    let known: BTreeSet<&str> = packages.iter().map(|package| package.name).collect();
    let missing: Vec<_> = ours
        .split("[[package]]\n")
        .skip(1)
        .map(Package::read)
        .filter(|package| !known.contains(package.name))
        .collect();
    if missing.is_empty() {
        return theirs.to_vec();
    }
    packages.extend(missing);
    packages.sort_by(|left, right| left.name.cmp(right.name));
    let mut completed = head.to_owned();
    for package in packages {
        completed.push_str("[[package]]\n");
        completed.push_str(package.text.trim_end());
        completed.push_str("\n\n");
    }
    completed.truncate(completed.trim_end().len());
    completed.push('\n');
    completed.into_bytes()
}

struct Package<'t> {
    text: &'t str,
    name: &'t str,
    version: &'t str,
    local: bool,
    dependencies: Vec<&'t str>,
}

impl<'t> Package<'t> {
    fn read(text: &'t str) -> Self {
        let mut package = Self {
            text,
            name: "",
            version: "",
            local: true,
            dependencies: Vec::new(),
        };
        for line in text.lines() {
            let value = |prefix: &str| {
                line.strip_prefix(prefix)
                    .map(|value| value.trim_matches('"'))
            };
            if let Some(name) = value("name = ") {
                package.name = name;
            } else if let Some(version) = value("version = ") {
                package.version = version;
            } else if line.starts_with("source = ") {
                package.local = false;
            } else if let Some(dependency) = line.strip_prefix(" \"") {
                package
                    .dependencies
                    .push(dependency.trim_end_matches("\",").trim_end_matches('"'));
            }
        }
        package
    }
}
