//! Nothing committed knows the machine it was written on.

use anyhow::Result;

use super::{Finding, Workspace};

/// Folders of people and of build machines. In parts, so that this file passes its own check.
const FOLDERS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("C:\\Us", "ers\\"),
];

/// What the names of package mirrors contain.
const MIRRORS: &[&str] = &[
    "artifactory",
    "mirror",
    "nexus",
    "proxy.internal",
    ".internal/",
    ".corp/",
    "devpi",
    "verdaccio",
];

/// Where Cargo's packages may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let root = workspace.root.to_string_lossy().into_owned() + "/";
    let mut findings = Vec::new();
    for (path, text) in &workspace.files {
        let lock = path.ends_with("Cargo.lock");
        for (index, line) in text.lines().enumerate() {
            let place = || format!("{path}:{}", index + 1);
            if let Some(folder) = machine_path(line, &root) {
                findings.push(Finding::new(
                    place(),
                    format!("`{folder}…` is a path of one machine"),
                ));
            }
            if let Some(host) = mirror(line) {
                findings.push(Finding::new(
                    place(),
                    format!("`{host}` is a mirror of one network"),
                ));
            }
            if lock
                && let Some(source) = line.strip_prefix("source = ")
                && source.trim_matches('"') != REGISTRY
            {
                findings.push(Finding::new(
                    place(),
                    format!("expected `{REGISTRY}` as source"),
                ));
            }
        }
    }
    Ok(findings)
}

/// The folder at which an absolute path of one machine starts.
fn machine_path<'a>(line: &str, root: &'a str) -> Option<&'a str> {
    FOLDERS.iter().copied().chain([root]).find(|folder| {
        line.match_indices(folder).any(|(index, _)| {
            let before = line[..index].chars().next_back();
            let after = line[index + folder.len()..].chars().next();
            // In the middle of a longer path, a URL or a word it is something else.
            let starts = before
                .is_none_or(|symbol| !symbol.is_alphanumeric() && !"/.-_~}>$*".contains(symbol));
            starts && after.is_some_and(|symbol| symbol.is_alphanumeric() || ".-_".contains(symbol))
        })
    })
}

/// The host of the first URL in the line that looks like a mirror.
fn mirror(line: &str) -> Option<&str> {
    line.split("://").skip(1).find_map(|rest| {
        let end = rest.find(|symbol: char| symbol.is_whitespace() || "\"'`)>".contains(symbol));
        let url = &rest[..end.unwrap_or(rest.len())];
        let host = &url[..url.find('/').map_or(url.len(), |index| index + 1)];
        MIRRORS
            .iter()
            .any(|part| host.contains(part))
            .then_some(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_what_looks_like_them() {
        let root = "/srv/formwork/";
        let home = concat!("/ho", "me/");
        for (line, expected) in [
            (format!("path = \"{home}ada/x\""), Some(home)),
            ("(/srv/formwork/crates)".to_owned(), Some(root)),
            (format!("https://example.org{home}ada"), None),
            (format!("{home}{{user}}"), None),
            (format!("a folder below `{home}`"), None),
        ] {
            assert_eq!(machine_path(&line, root), expected, "{line}");
        }
    }

    #[test]
    fn mirrors_are_hosts_only() {
        let host = concat!("pypi.mir", "ror.example/");
        let text = format!("index = \"https://{host}simple\"");
        assert_eq!(mirror(&text), Some(host));
        assert_eq!(mirror("https://example.org/mirror/x"), None);
        assert_eq!(mirror("a mirror:// of"), None);
    }
}
