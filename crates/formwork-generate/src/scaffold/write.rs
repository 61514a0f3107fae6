//! Writing a scaffold: all its files are one change of the project.

use std::path::Path;

use super::{Scaffold, ScaffoldError, ScaffoldFile};
use crate::transaction::{self, Content, Found, TransactionError, Write, look};

/// What a new file may be read and written by, where nothing beside it tells.
const PERMISSIONS: u32 = 0o644;

impl Scaffold {
    /// Writes all files, or none; killed at any instruction, the next command finishes it or nothing was done.
    pub fn write(&self, project: &Path) -> Result<(), ScaffoldError> {
        transaction::recover(project)?;
        let mut permissions = PERMISSIONS;
        let mut writes = Vec::new();
        for file in self.files.iter().rev() {
            let write = prepare(project, file, &mut permissions)?;
            writes.extend(write);
        }
        writes.reverse();
        match transaction::run(project, &format!("module new {}", self.name), &writes, &[]) {
            Ok(_) => Ok(()),
            Err(TransactionError::Changed { path }) => Err(ScaffoldError::Changed { path }),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file is written into real folders of the project, and over a real file that is as it was read.
fn prepare(
    project: &Path,
    file: &ScaffoldFile,
    permissions: &mut u32,
) -> Result<Option<Write>, ScaffoldError> {
    let before = match (look(project, &file.path)?, &file.before) {
        (Found::Obstacle(at, _), _) => {
            return Err(ScaffoldError::Outside {
                expected: if at == file.path { "file" } else { "folder" },
                path: at,
            });
        }
        (Found::Absent, None) => None,
        // What an interrupted run left.
        (Found::File(found), None) if found.bytes == file.text.as_bytes() => return Ok(None),
        (Found::File(_), None) => {
            return Err(ScaffoldError::Exists {
                path: file.path.clone(),
            });
        }
        (Found::File(found), Some(before)) if found.bytes == before.as_bytes() => {
            *permissions = found.mode;
            Some(found)
        }
        (_, Some(_)) => {
            return Err(ScaffoldError::Changed {
                path: file.path.clone(),
            });
        }
    };
    let after = Content {
        bytes: file.text.as_bytes().to_vec(),
        mode: *permissions,
    };
    Ok(Some(Write {
        path: file.path.clone(),
        before,
        after: Some(after),
    }))
}
