//! A pack in memory: its manifest, its files, and the hash of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use formwork_catalog::{Catalog, CatalogError, Diagnostic, PackPin, Reading, Severity, Source};
use sha2::{Digest as _, Sha256};

use crate::{Manifest, Reason};

/// The path of a pack's signature, beside its manifest.
pub const SIGNATURE: &str = "pack.minisig";

/// Endings of files that are text wherever they come from.
const TEXT: [&str; 17] = [
    "css", "env", "graphql", "html", "j2", "json", "md", "proto", "rs", "service", "sh", "sql",
    "toml", "txt", "xml", "yaml", "yml",
];

/// A pack whose paths, kinds and sizes are sound. Whether its features are is for [`Catalog::read`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub manifest: Manifest,
    /// The SHA-256 of its content, as 64 hexadecimal digits.
    pub hash: String,
    /// What a signature of the content came with it, if one did.
    pub signature: Option<String>,
    /// What is worth knowing about the manifest.
    pub warnings: Vec<Diagnostic>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Pack {
    /// A pack from the files somebody found; what is neither the manifest, its signature nor below `features/` is no
    /// part of it. `reasons` are what was wrong on the way here.
    pub(crate) fn assemble(
        found: BTreeMap<String, Vec<u8>>,
        mut reasons: Vec<Reason>,
    ) -> Result<Self, Vec<Reason>> {
        let root = root(&found).unwrap_or_default().to_owned();
        let mut files = BTreeMap::new();
        let mut signature = None;
        for (path, bytes) in found {
            let Some(path) = path.strip_prefix(&root) else {
                continue;
            };
            if path == SIGNATURE {
                match String::from_utf8(bytes) {
                    Ok(text) => signature = Some(text),
                    Err(error) => reasons.push(encoding(path, error.utf8_error())),
                }
            } else if path == Manifest::PATH || path.starts_with("features/") {
                if is_text(path)
                    && let Err(error) = std::str::from_utf8(&bytes)
                {
                    reasons.push(encoding(path, error));
                }
                files.insert(path.to_owned(), bytes);
            }
        }
        let (manifest, diagnostics) = match files.get(Manifest::PATH) {
            Some(bytes) => Manifest::read(&String::from_utf8_lossy(bytes)),
            None => {
                reasons.push(Reason::NoManifest);
                (None, Vec::new())
            }
        };
        let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
            .into_iter()
            .partition(|diagnostic| diagnostic.severity == Severity::Error);
        reasons.extend(errors.into_iter().map(Reason::Manifest));
        let is_feature = |path: &String| {
            let folder = path.strip_prefix("features/");
            let folder = folder.and_then(|path| path.strip_suffix("/feature.toml"));
            folder.is_some_and(|folder| !folder.contains('/'))
        };
        if !files.keys().any(is_feature) {
            reasons.push(Reason::NoFeature);
        }
        let Some(manifest) = manifest.filter(|_| reasons.is_empty()) else {
            reasons.sort();
            reasons.dedup();
            return Err(reasons);
        };
        Ok(Self {
            manifest,
            hash: hash(&files),
            signature,
            warnings,
            files,
        })
    }

    /// The files by path: the manifest and what is below `features/`.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The size of all files together.
    pub fn bytes(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    /// What a lock remembers.
    pub fn pin(&self) -> PackPin {
        PackPin {
            id: self.manifest.id.clone(),
            version: self.manifest.version.clone(),
            hash: self.hash.clone(),
        }
    }

    /// What an author signs: one line that says which content this is.
    pub fn statement(&self) -> String {
        let Manifest { id, version, .. } = &self.manifest;
        format!("formwork pack {id} {version} sha256:{}\n", self.hash)
    }

    /// Puts the pack beside what a source has.
    pub fn mount(&self, source: &mut Source) {
        let files = self.files.iter();
        source.mount(
            self.pin(),
            files.map(|(path, bytes)| (path.as_str(), bytes.clone())),
        );
    }

    /// Reads its features beside those of a source.
    pub fn read_with(&self, mut source: Source) -> Result<Reading, CatalogError> {
        self.mount(&mut source);
        Catalog::read(source)
    }
}

/// The folder the pack lies in: none, or the one an archive was made of.
fn root(found: &BTreeMap<String, Vec<u8>>) -> Option<&str> {
    if found.contains_key(Manifest::PATH) {
        return None;
    }
    let path = found.keys().find(|path| {
        path.strip_suffix(Manifest::PATH)
            .and_then(|root| root.strip_suffix('/'))
            .is_some_and(|root| !root.contains('/'))
    })?;
    path.strip_suffix(Manifest::PATH)
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| TEXT.contains(&ending.to_lowercase().as_str()))
}

fn encoding(path: &str, error: std::str::Utf8Error) -> Reason {
    Reason::Encoding {
        path: path.to_owned(),
        at: error.valid_up_to(),
    }
}

fn hash(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}").expect("writing into a string cannot fail");
    }
    text
}
