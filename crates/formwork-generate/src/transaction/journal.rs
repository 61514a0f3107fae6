//! The journal: what a change is going to do, complete before it begins.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk::sync_folder;
use super::{Content, TransactionError, io_error};
use crate::tree::sha256;

/// A change, as the next run needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Journal {
    format: u32,
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
    /// Every folder of a file that changes: its permissions, or nothing where the change makes it.
    pub(super) folders: BTreeMap<String, Option<u32>>,
    pub(super) conflicts: Vec<Conflicted>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) path: String,
    pub(super) before: Option<State>,
    pub(super) after: Option<State>,
}

/// A file as it is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    hash: String,
    mode: u32,
}

/// A file with conflicts, and the lines its owner had that only look like markers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conflicted {
    pub(crate) path: String,
    /// How many lines looked like markers before there was a conflict.
    pub(crate) innocent: usize,
}

impl Conflicted {
    /// The lines, from one, of markers that still stand.
    pub(super) fn unsettled(&self, bytes: &[u8]) -> Vec<usize> {
        let text = String::from_utf8_lossy(bytes);
        let lines = formwork_merge::unresolved(&text);
        if lines.len() <= self.innocent {
            Vec::new()
        } else {
            lines
        }
    }
}

impl State {
    pub(super) fn of(content: &Content) -> Self {
        Self {
            hash: sha256(&content.bytes),
            mode: content.mode,
        }
    }

    /// What is no file, and so like none.
    pub(super) fn unknown() -> Self {
        Self {
            hash: String::new(),
            mode: 0,
        }
    }
}

impl Journal {
    pub(super) const NAME: &'static str = "journal.json";
    const FORMAT: u32 = 1;

    pub(super) fn new(
        title: &str,
        steps: Vec<Step>,
        folders: BTreeMap<String, Option<u32>>,
        conflicts: Vec<Conflicted>,
    ) -> Self {
        Self {
            format: Self::FORMAT,
            title: title.to_owned(),
            steps,
            folders,
            conflicts,
        }
    }

    /// Gives the journal its name in one step: with this the change is going to happen.
    pub(super) fn write(&self, folder: &Path) -> Result<(), TransactionError> {
        let path = folder.join(Self::NAME);
        let draft = folder.join("journal.draft");
        let text = serde_json::to_vec_pretty(self).expect("a journal has only texts for keys");
        File::create(&draft)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&draft, &path))
            .and_then(|()| sync_folder(folder))
            .map_err(io_error("write", path))
    }

    pub(super) fn read(folder: &Path) -> Result<Option<Self>, TransactionError> {
        let path = folder.join(Self::NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error("read", path)(source)),
        };
        let mistake = |reason: String| TransactionError::Journal {
            path: path.clone(),
            reason,
        };
        let journal: Self =
            serde_json::from_str(&text).map_err(|error| mistake(error.to_string()))?;
        if journal.format != Self::FORMAT {
            return Err(mistake(format!(
                "it has the format {}, this formwork reads {}",
                journal.format,
                Self::FORMAT
            )));
        }
        for step in &journal.steps {
            if crate::write::escapes(&step.path) {
                return Err(mistake(format!(
                    "the path `{}` leaves the project",
                    step.path
                )));
            }
        }
        Ok(Some(journal))
    }
}
