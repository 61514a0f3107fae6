//! The files of a project, in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// What happens to a file when the project changes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Follows the catalog; the owner's edits are merged.
    Managed,
    /// Written once; whatever becomes of it is the owner's.
    Seed,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub bytes: Vec<u8>,
    pub class: Class,
    /// The features it comes from: the owner first, then those that contribute.
    pub features: Vec<String>,
    pub executable: bool,
}

/// Files by path. The paths are relative, use `/`, and are safe on every system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, Entry>,
}

impl Tree {
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.files.get(path)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.files
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The size of all files together.
    pub fn bytes(&self) -> usize {
        self.files.values().map(|entry| entry.bytes.len()).sum()
    }

    pub(crate) fn insert(&mut self, path: String, entry: Entry) {
        self.files.insert(path, entry);
    }

    /// The hash of every path and its bytes. Equal trees have equal hashes on every machine.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for (path, entry) in &self.files {
            hasher.update((path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            hasher.update((entry.bytes.len() as u64).to_le_bytes());
            hasher.update(&entry.bytes);
            hasher.update([u8::from(entry.executable)]);
        }
        hex(&hasher.finalize())
    }
}

/// A script is executable.
pub(crate) fn is_executable(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#!/")
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing into a string cannot fail");
    }
    text
}

/// Why a path cannot be in a project, if so.
pub(crate) fn path_mistake(path: &str) -> Option<&'static str> {
    const RESERVED: [&str; 22] = [
        "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
        "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    ];
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) {
        return Some("it has a character that some systems do not allow");
    }
    if path.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    let mut segments = path.split('/');
    if segments
        .clone()
        .next()
        .is_some_and(|first| first.eq_ignore_ascii_case(".git") || first == ".formwork")
    {
        return Some("the folder belongs to another tool or to Formwork itself");
    }
    segments.find_map(|segment| {
        let stem = segment.split('.').next().unwrap_or(segment);
        if segment.is_empty() || segment == "." {
            Some("it has an empty step")
        } else if segment == ".." {
            Some("it leaves the project")
        } else if segment.ends_with(['.', ' ']) {
            Some("a step ends with a dot or a space, which some systems drop")
        } else if segment.len() > 255 {
            Some("a step is longer than 255 bytes")
        } else if RESERVED.contains(&stem.to_ascii_lowercase().as_str()) {
            Some("a step is a reserved name on some systems")
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::path_mistake;

    /// Proves: C-25.
    #[test]
    fn paths_that_leave_the_project_or_are_unsafe_somewhere_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "../up",
            "a/../b",
            "a//b",
            "./a",
            "a/.",
            "C:/x",
            "a\\b",
            "nul",
            "src/CON.rs",
            "a/b.",
            "a ",
            ".git/hooks/pre-commit",
            ".formwork/base/x",
            "a\nb",
        ] {
            assert!(path_mistake(path).is_some(), "{path:?}");
        }
        for path in [
            "a",
            ".gitignore",
            "src/main.rs",
            ".github/workflows/ci.yml",
            "console.rs",
        ] {
            assert_eq!(path_mistake(path), None, "{path:?}");
        }
    }
}
