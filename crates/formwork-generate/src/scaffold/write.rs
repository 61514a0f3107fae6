//! Writing a scaffold: every file is complete beside its place before the first one takes it.
//!
//! The list goes last, and in one step. Where a run is killed before, the new file is on no list yet: the service is
//! what it was, and the same command finishes the work.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::module::failed;
use super::{Scaffold, ScaffoldChange, ScaffoldError, ScaffoldFile};

impl Scaffold {
    /// Writes all files, or none.
    pub fn write(&self, project: &Path) -> Result<(), ScaffoldError> {
        for file in &self.files {
            check(project, file)?;
        }
        let staged = self
            .files
            .iter()
            .map(|file| Staged::write(project, file))
            .collect::<Result<Vec<_>, _>>()?;
        let mut made: Vec<&Path> = Vec::new();
        for (file, staged) in self.files.iter().zip(&staged) {
            if let Err(error) = staged.publish(file) {
                for path in made {
                    // There is nothing else to be done about it.
                    let _ = fs::remove_file(path);
                }
                return Err(error);
            }
            if file.change == ScaffoldChange::Create {
                made.push(&staged.target);
            }
        }
        Ok(())
    }
}

/// A file is written into real folders of the project, and over a real file that is as it was read.
fn check(project: &Path, file: &ScaffoldFile) -> Result<(), ScaffoldError> {
    let outside = |path: &str, expected| ScaffoldError::Outside {
        path: path.to_owned(),
        expected,
    };
    for (end, _) in file.path.match_indices('/') {
        let folder = &file.path[..end];
        match fs::symlink_metadata(project.join(folder)) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(outside(folder, "folder")),
            Err(source) => return Err(failed("look at", project.join(folder), source)),
        }
    }
    if file.change == ScaffoldChange::Extend {
        match fs::symlink_metadata(project.join(&file.path)) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(outside(&file.path, "file")),
            Err(source) => return Err(failed("look at", project.join(&file.path), source)),
        }
    }
    Ok(())
}

/// A complete file beside the one it becomes. Gone when this is dropped.
struct Staged {
    path: PathBuf,
    target: PathBuf,
}

impl Staged {
    fn write(project: &Path, file: &ScaffoldFile) -> Result<Self, ScaffoldError> {
        let target = project.join(&file.path);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path =
            target.with_file_name(format!(".{name}.formwork-staging-{}", std::process::id()));
        let error = |source| failed("write", &path, source);
        // A run with our number that was killed.
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        let mut out = options
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(error)?;
        let staged = Self {
            path: path.clone(),
            target,
        };
        out.write_all(file.text.as_bytes()).map_err(error)?;
        if file.change == ScaffoldChange::Extend {
            copy_permissions(&staged.target, &out).map_err(error)?;
        }
        Ok(staged)
    }

    fn publish(&self, file: &ScaffoldFile) -> Result<(), ScaffoldError> {
        let error = |source| failed("write", &self.target, source);
        let Some(before) = &file.before else {
            return match fs::hard_link(&self.path, &self.target) {
                Ok(()) => Ok(()),
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                    match fs::read_to_string(&self.target) {
                        Ok(found) if found == file.text => Ok(()),
                        _ => Err(ScaffoldError::Exists {
                            path: file.path.clone(),
                        }),
                    }
                }
                // Not every disk has hard links.
                Err(_) => fs::rename(&self.path, &self.target).map_err(error),
            };
        };
        let now = fs::read_to_string(&self.target).map_err(error)?;
        if now != *before {
            return Err(ScaffoldError::Changed {
                path: file.path.clone(),
            });
        }
        fs::rename(&self.path, &self.target).map_err(error)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // It has become the target, or is not wanted any more.
        let _ = fs::remove_file(&self.path);
    }
}

fn copy_permissions(from: &Path, to: &File) -> io::Result<()> {
    to.set_permissions(fs::metadata(from)?.permissions())
}
