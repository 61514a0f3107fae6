//! The runtime crates a project stands on, carried as sources.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use toml_edit::{DocumentMut, Item, Table, TableLike};

use crate::ComposeError;

/// The sources of the runtime crates, the manifest of their workspace, and its lock file.
#[derive(Debug, Clone, Default)]
pub struct RuntimeSources {
    crates: BTreeMap<String, BTreeMap<String, Source>>,
    /// Files that stand beside the crates: licences.
    beside: BTreeMap<String, Source>,
    workspace: String,
    lock: String,
}

/// A file, and how packs store it where that is known.
#[derive(Debug, Clone)]
struct Source {
    bytes: Cow<'static, [u8]>,
    compressed: Option<Cow<'static, [u8]>>,
}

/// The runtime crates could not be loaded from a folder.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`", path.display())]
pub struct LoadError {
    pub path: PathBuf,
    source: io::Error,
}

impl RuntimeSources {
    /// Sources with the texts of the workspace's `Cargo.toml` and `Cargo.lock`, and no crates yet.
    pub fn new(workspace: impl Into<String>, lock: impl Into<String>) -> Self {
        Self {
            crates: BTreeMap::new(),
            beside: BTreeMap::new(),
            workspace: workspace.into(),
            lock: lock.into(),
        }
    }

    /// Adds a file of a crate, such as `formwork-http/src/lib.rs`, or a licence that covers all of them, such as
    /// `LICENSE-MIT`. What a project does not need is left out.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Cow<'static, [u8]>>) {
        self.add(
            path,
            Source {
                bytes: bytes.into(),
                compressed: None,
            },
        );
    }

    /// Adds a file together with what [`compress`](crate::compress) makes of it.
    pub fn insert_compressed(
        &mut self,
        path: &str,
        bytes: &'static [u8],
        compressed: &'static [u8],
    ) {
        self.add(
            path,
            Source {
                bytes: Cow::Borrowed(bytes),
                compressed: Some(Cow::Borrowed(compressed)),
            },
        );
    }

    fn add(&mut self, path: &str, source: Source) {
        let Some((name, file)) = path.split_once('/') else {
            if path.starts_with("LICENSE") {
                self.beside.insert(path.to_owned(), source);
            }
            return;
        };
        let wanted = file == "Cargo.toml" || file == "README.md" || file.starts_with("src/");
        if wanted {
            self.crates
                .entry(name.to_owned())
                .or_default()
                .insert(file.to_owned(), source);
        }
    }

    /// Loads the crates whose names start with `formwork-` from a folder next to their workspace's manifest.
    pub fn load(crates: &Path) -> Result<Self, LoadError> {
        let read =
            |path: PathBuf| fs::read_to_string(&path).map_err(|source| LoadError { path, source });
        let root = crates.parent().unwrap_or(crates);
        let mut sources = Self::new(
            read(root.join("Cargo.toml"))?,
            read(root.join("Cargo.lock"))?,
        );
        sources.load_folder(crates, "")?;
        Ok(sources)
    }

    fn load_folder(&mut self, crates: &Path, relative: &str) -> Result<(), LoadError> {
        let folder = crates.join(relative);
        let error = |source| LoadError {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let kind = entry.file_type().map_err(error)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = if relative.is_empty() {
                name.into_owned()
            } else {
                format!("{relative}/{name}")
            };
            if kind.is_dir() {
                if !relative.is_empty() || path.starts_with("formwork-") {
                    self.load_folder(crates, &path)?;
                }
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(error)?;
                self.insert(&path, bytes);
            }
        }
        Ok(())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.crates.contains_key(name)
    }

    /// The text of the workspace's lock file.
    pub(crate) fn lock(&self) -> &str {
        &self.lock
    }

    /// The crates wanted and every runtime crate they stand on.
    pub(crate) fn closure(&self, wanted: &BTreeSet<String>) -> Result<Closure, Vec<ComposeError>> {
        let mut manifests = BTreeMap::new();
        let mut open: Vec<String> = wanted.iter().cloned().collect();
        let mut errors = Vec::new();
        while let Some(name) = open.pop() {
            if manifests.contains_key(&name) {
                continue;
            }
            let Some(manifest) = self
                .crates
                .get(&name)
                .and_then(|files| files.get("Cargo.toml"))
            else {
                errors.push(ComposeError::Runtime {
                    feature: "another runtime crate".to_owned(),
                    name,
                });
                continue;
            };
            let parsed = std::str::from_utf8(&manifest.bytes)
                .map_err(|error| error.to_string())
                .and_then(|text| {
                    text.parse::<DocumentMut>()
                        .map_err(|error| error.to_string())
                });
            match parsed {
                Ok(mut document) => {
                    strip(&mut document);
                    open.extend(dependency_names(&document).filter(|name| self.contains(name)));
                    manifests.insert(name, document);
                }
                Err(message) => errors.push(ComposeError::Manifest { name, message }),
            }
        }
        if errors.is_empty() {
            Ok(Closure { manifests })
        } else {
            Err(errors)
        }
    }

    /// The files under `vendor/` for a closure: the crates, and a workspace that they inherit from.
    pub(crate) fn vendor(&self, closure: &Closure) -> Result<Vec<VendoredFile>, Vec<ComposeError>> {
        let mut files = vec![VendoredFile {
            path: "vendor/Cargo.toml".to_owned(),
            bytes: Cow::Owned(self.workspace(closure)?.into_bytes()),
            compressed: None,
        }];
        for (name, source) in &self.beside {
            files.push(VendoredFile::new(format!("vendor/{name}"), source));
        }
        for (name, manifest) in &closure.manifests {
            for (file, source) in &self.crates[name] {
                let path = format!("vendor/{name}/{file}");
                files.push(if file == "Cargo.toml" {
                    VendoredFile {
                        path,
                        bytes: Cow::Owned(manifest.to_string().into_bytes()),
                        compressed: None,
                    }
                } else {
                    VendoredFile::new(path, source)
                });
            }
        }
        Ok(files)
    }

    /// A virtual manifest with what the crates inherit, and nothing else.
    fn workspace(&self, closure: &Closure) -> Result<String, Vec<ComposeError>> {
        let root = self.workspace.parse::<DocumentMut>().map_err(|error| {
            vec![ComposeError::Manifest {
                name: "workspace".to_owned(),
                message: error.to_string(),
            }]
        })?;
        let source = root.get("workspace").and_then(Item::as_table_like);
        let part = |key: &str| source.and_then(|table| table.get(key));

        let mut workspace = Table::new();
        workspace.insert("resolver", toml_edit::value("3"));
        let members: toml_edit::Array = closure.manifests.keys().map(String::as_str).collect();
        workspace.insert("members", toml_edit::value(members));
        if let Some(package) = part("package") {
            workspace.insert("package", package.clone());
        }
        if let Some(all) = part("dependencies").and_then(Item::as_table_like) {
            let used: BTreeSet<String> = closure
                .manifests
                .values()
                .flat_map(dependency_names)
                .collect();
            let mut dependencies = Table::new();
            for name in used {
                let Some(item) = all.get(&name) else {
                    continue;
                };
                let item = if closure.manifests.contains_key(&name) {
                    let mut inline = toml_edit::InlineTable::new();
                    inline.insert("path", name.as_str().into());
                    toml_edit::value(inline)
                } else {
                    item.clone()
                };
                dependencies.insert(&name, item);
            }
            workspace.insert("dependencies", Item::Table(dependencies));
        }
        if let Some(lints) = part("lints") {
            workspace.insert("lints", lints.clone());
        }
        let mut document = DocumentMut::new();
        document.insert("workspace", Item::Table(workspace));
        Ok(document.to_string())
    }
}

/// A file of the runtime in a project.
pub(crate) struct VendoredFile {
    pub(crate) path: String,
    pub(crate) bytes: Cow<'static, [u8]>,
    pub(crate) compressed: Option<Cow<'static, [u8]>>,
}

impl VendoredFile {
    fn new(path: String, source: &Source) -> Self {
        Self {
            path,
            bytes: source.bytes.clone(),
            compressed: source.compressed.clone(),
        }
    }
}

/// Runtime crates with their manifests, as a project carries them.
#[derive(Debug, Clone)]
pub(crate) struct Closure {
    manifests: BTreeMap<String, DocumentMut>,
}

impl Closure {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.manifests.keys().map(String::as_str)
    }
}

/// Leaves out what only the development of the crate itself needs.
fn strip(manifest: &mut DocumentMut) {
    for key in ["dev-dependencies", "bench", "test", "example"] {
        manifest.remove(key);
    }
    if let Some(targets) = manifest.get_mut("target").and_then(Item::as_table_like_mut) {
        for (_, target) in targets.iter_mut() {
            if let Some(target) = target.as_table_like_mut() {
                target.remove("dev-dependencies");
            }
        }
    }
    if let Some(package) = manifest
        .get_mut("package")
        .and_then(Item::as_table_like_mut)
    {
        package.remove("metadata");
    }
}

/// Every dependency by the name its workspace gives it, build dependencies included.
fn dependency_names(manifest: &DocumentMut) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    let mut collect = |table: &dyn TableLike| {
        for key in ["dependencies", "build-dependencies"] {
            if let Some(dependencies) = table.get(key).and_then(Item::as_table_like) {
                names.extend(dependencies.iter().map(|(name, _)| name.to_owned()));
            }
        }
    };
    collect(manifest.as_table());
    if let Some(targets) = manifest.get("target").and_then(Item::as_table_like) {
        for (_, target) in targets.iter() {
            if let Some(target) = target.as_table_like() {
                collect(target);
            }
        }
    }
    names.into_iter()
}
