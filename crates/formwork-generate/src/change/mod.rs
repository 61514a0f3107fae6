//! Changing a project: one three-way merge of what was generated, what would be generated now, and what is on disk.
//!
//! Adding or removing a feature, another answer, tier, model or version differ only in what would be generated now.

mod file;
mod lines;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

pub use self::lines::unified_diff;
pub use self::wishes::keep_locked;
pub(crate) use self::wishes::{from_line, to_line};
use crate::compose::Composition;
use crate::document::Change as Class;
use crate::lock::Lock;
use crate::pack::{self, Base};
use crate::recipe::Recipe;
use crate::records::later_records;
use crate::transaction::{
    self, Conflicted, Content, Found, Outcome, TransactionError, Write, look,
};
use file::{Decision, decide};

/// A project, and what it is to become.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub folder: &'a Path,
    pub lock: &'a Lock,
    /// What was generated.
    pub base: &'a Base,
    /// What would be generated now.
    pub composition: &'a Composition,
    pub recipe: &'a Recipe,
    /// The recipe's text, as it will be.
    pub text: &'a str,
    /// Files that go, whatever their owner made of them.
    pub remove: &'a [String],
}

/// What a change would do, worked out and not done.
#[derive(Debug, Clone)]
pub struct Change {
    folder: PathBuf,
    /// The files that change, or that would if their owner had not decided otherwise; by path.
    pub files: Vec<ChangedFile>,
    /// What the project keeps about itself, as far as it changes.
    pub records: Vec<String>,
    writes: Vec<Write>,
    conflicted: Vec<Conflicted>,
}

/// What happens to one file, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangedFile {
    pub path: String,
    pub change: Class,
    pub reason: &'static str,
    /// The features it comes from, where it is still generated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Each conflict with its lines, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// What is there now.
    #[serde(skip)]
    pub before: Option<Vec<u8>>,
    /// What will be there.
    #[serde(skip)]
    pub after: Option<Vec<u8>>,
}

/// A change cannot be worked out. Nothing was touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    #[error("`{path}` cannot be changed: {kind} is in the way at `{at}`")]
    Obstacle {
        path: String,
        at: String,
        kind: &'static str,
    },
    #[error(transparent)]
    Read(#[from] TransactionError),
}

impl ChangeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Obstacle { at, .. } => Some(format!(
                "move `{at}` away; when the file is then missing it counts as deleted by you, and stays deleted"
            )),
            Self::Read(error) => error.hint(),
        }
    }
}

impl Change {
    /// Works out what has to be done. Everything that stands in the way is reported at once.
    pub fn plan(target: &Target<'_>) -> Result<Self, Vec<ChangeError>> {
        let tree = &target.composition.tree;
        let mut paths: BTreeSet<&str> = tree.iter().map(|(path, _)| path).collect();
        paths.extend(target.base.files.keys().map(String::as_str));
        paths.extend(target.remove.iter().map(String::as_str));
        let paths: Vec<&str> = paths.into_iter().collect();
        let permissions = permissions(target.folder);
        let decisions: Vec<Result<Option<Decision>, ChangeError>> = paths
            .par_iter()
            .map(|path| decide(target, path, permissions))
            .collect();

        let mut change = Self {
            folder: target.folder.to_owned(),
            files: Vec::new(),
            records: Vec::new(),
            writes: Vec::new(),
            conflicted: Vec::new(),
        };
        let mut errors = Vec::new();
        for decision in decisions {
            match decision {
                Ok(Some(decision)) => change.take(decision),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        if let Err(error) = change.record(target, permissions) {
            errors.push(error.into());
        }
        if errors.is_empty() {
            Ok(change)
        } else {
            Err(errors)
        }
    }

    fn take(&mut self, decision: Decision) {
        if let Some(write) = decision.write {
            self.writes.push(write);
        }
        if let Some(innocent) = decision.innocent {
            self.conflicted.push(Conflicted {
                path: decision.file.path.clone(),
                innocent,
            });
        }
        self.files.push(decision.file);
    }

    /// Recipe, lock and base, after the files they describe.
    fn record(&mut self, target: &Target<'_>, permissions: u32) -> Result<(), TransactionError> {
        let seeds: BTreeMap<String, Vec<u8>> = target
            .base
            .files
            .iter()
            .filter(|(path, file)| file.class == crate::Class::Seed && *path != file::CARGO_LOCK)
            .map(|(path, file)| (path.clone(), file.bytes.clone()))
            .collect();
        let records = later_records(target.composition, target.recipe, target.text, &seeds);
        let old = pack::path(&target.lock.base);
        let mut wanted: Vec<(String, Option<Vec<u8>>)> = Vec::new();
        if records.iter().all(|(path, _)| *path != old) {
            wanted.push((old, None));
        }
        wanted.extend(records.into_iter().map(|(path, bytes)| (path, Some(bytes))));
        for (path, bytes) in wanted {
            let before = match look(&self.folder, &path)? {
                Found::Absent => None,
                Found::File(content) => Some(content),
                Found::Obstacle(at, kind) => {
                    return Err(TransactionError::Obstacle {
                        path,
                        obstacle: format!("{kind} at `{at}`"),
                    });
                }
            };
            let mode = before.as_ref().map_or(permissions, |before| before.mode);
            let after = bytes.map(|bytes| Content { bytes, mode });
            if before != after {
                self.records.push(path.clone());
                self.writes.push(Write {
                    path,
                    before,
                    after,
                });
            }
        }
        Ok(())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Whether files will have conflicts, and the project will wait for its owner.
    pub fn has_conflicts(&self) -> bool {
        !self.conflicted.is_empty()
    }

    /// Does it, as one step. With conflicts the project then waits for [`resume`](crate::resume) or
    /// [`abort`](crate::abort).
    pub fn apply(&self, title: &str) -> Result<Outcome, TransactionError> {
        transaction::run(&self.folder, title, &self.writes, &self.conflicted)
    }
}

/// The permissions files of this project have: those of its lock.
fn permissions(folder: &Path) -> u32 {
    const USUAL: u32 = 0o644;
    match look(folder, Lock::PATH) {
        Ok(Found::File(content)) => content.mode & 0o666,
        _ => USUAL,
    }
}

/// The base of a project, or why there is none that can be used.
///
/// A base that is lost is made again where this program still generates the very tree the lock names.
pub fn base_or_remake(
    folder: &Path,
    lock: &Lock,
    remake: impl FnOnce() -> Option<Composition>,
) -> Result<(Base, Option<crate::RecordError>), crate::RecordError> {
    let error = match crate::read_base(folder, lock) {
        Ok(base) => return Ok((base, None)),
        Err(error) => error,
    };
    match &error {
        crate::RecordError::Base { .. } => {}
        crate::RecordError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(error),
    }
    match remake() {
        Some(composition) if composition.tree.hash() == lock.tree => {
            Ok((pack::base_of(&composition.tree), Some(error)))
        }
        _ => Err(error),
    }
}
