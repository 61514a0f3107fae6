//! What a project keeps about itself: recipe, lock and base.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::compose::Composition;
use crate::lock::{Lock, LockError};
use crate::pack::{self, Base, PackError};
use crate::recipe::Recipe;
use crate::tree::Class;
use crate::write::{self, WriteError};

/// The records of a composition, by path: recipe, lock and base.
pub fn records(composition: &Composition, recipe: &Recipe) -> Vec<(String, Vec<u8>)> {
    later_records(composition, recipe, &recipe.to_toml(), &BTreeMap::new())
}

/// The same for a project that exists: its recipe has a text of its own, and some files were written by earlier runs.
pub(crate) fn later_records(
    composition: &Composition,
    recipe: &Recipe,
    text: &str,
    seeds: &BTreeMap<String, Vec<u8>>,
) -> Vec<(String, Vec<u8>)> {
    let packed = pack::pack(&composition.tree, &composition.compressed, seeds);
    let wishes = recipe.wishes(BTreeMap::new()).list;
    let lock = Lock::new(composition, &packed.name, wishes);
    vec![
        (pack::path(&packed.name), packed.bytes),
        (Lock::PATH.to_owned(), lock.to_toml().into_bytes()),
        (Recipe::PATH.to_owned(), text.as_bytes().to_vec()),
    ]
}

/// Writes a new project: the target, which is absent or an empty folder, becomes the whole of it or stays as it is.
pub fn write_new(
    composition: &Composition,
    recipe: &Recipe,
    target: &Path,
) -> Result<(), WriteError> {
    let records = records(composition, recipe);
    let mut files: Vec<write::Output<'_>> = composition
        .tree
        .iter()
        .map(|(path, entry)| (path, entry.bytes.as_slice(), entry.executable))
        .collect();
    files.extend(
        records
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice(), false)),
    );
    write::write(target, &files)
}

/// A project's records could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    #[error("`{}` is not a project of Formwork: it has no `formwork.lock`", project.display())]
    NoProject { project: PathBuf },
    #[error("could not read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the base `{}` cannot be used", path.display())]
    Base { path: PathBuf, source: PackError },
}

impl RecordError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let base = "take `.formwork/base` from version control; `formwork sync` makes it again where this formwork is the one \
                    that wrote it, and `formwork sync --without-base` goes on without it";
        Some(match self {
            Self::NoProject { .. } => {
                "name the project's folder, or make one with `formwork new`".to_owned()
            }
            Self::Lock(error) => error.hint(),
            Self::Base { .. } => base.to_owned(),
            Self::Read { path, source } => match source.kind() {
                io::ErrorKind::NotFound if path.extension().is_some_and(|end| end == "pack") => {
                    base.to_owned()
                }
                io::ErrorKind::PermissionDenied => "make the file readable for you".to_owned(),
                _ => return None,
            },
        })
    }
}

/// The lock of a project.
pub fn read_lock(project: &Path) -> Result<Lock, RecordError> {
    let path = project.join(Lock::PATH);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RecordError::NoProject {
                project: project.to_owned(),
            });
        }
        Err(source) => return Err(RecordError::Read { path, source }),
    };
    Ok(Lock::parse(&text)?)
}

/// The base a lock names.
pub fn read_base(project: &Path, lock: &Lock) -> Result<Base, RecordError> {
    let path = project.join(pack::path(&lock.base));
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(RecordError::Read { path, source }),
    };
    pack::unpack(&lock.base, &bytes).map_err(|source| RecordError::Base { path, source })
}

/// How a file differs from what was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    Changed,
    Deleted,
    /// Something else has its place: a folder, or a link.
    Replaced,
}

/// A file that is not as it was generated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    pub path: String,
    pub kind: DriftKind,
}

/// Compares a project with what was generated. Files that are written once, and files Formwork never wrote, are the owner's.
pub fn drift(project: &Path) -> Result<Vec<Drift>, RecordError> {
    let lock = read_lock(project)?;
    let base = read_base(project, &lock)?;
    let mut drifts = Vec::new();
    for (path, file) in &base.files {
        if file.class == Class::Seed {
            continue;
        }
        if let Some(kind) = compare(&project.join(path), &file.bytes)? {
            drifts.push(Drift {
                path: path.clone(),
                kind,
            });
        }
    }
    Ok(drifts)
}

fn compare(path: &Path, generated: &[u8]) -> Result<Option<DriftKind>, RecordError> {
    let error = |source| RecordError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(source)
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Some(DriftKind::Deleted));
        }
        Err(source) => return Err(error(source)),
    };
    if !metadata.is_file() {
        return Ok(Some(DriftKind::Replaced));
    }
    if metadata.len() != generated.len() as u64 {
        return Ok(Some(DriftKind::Changed));
    }
    let same = fs::read(path).map_err(error)? == generated;
    Ok((!same).then_some(DriftKind::Changed))
}
