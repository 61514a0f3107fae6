//! A directory of files that hold one value each: a mounted Kubernetes secret.

use std::path::{Path, PathBuf};

use super::{Loading, read, twin};
use crate::error::{Violation, ViolationKind, shown};
use crate::nearest::did_you_mean;
use crate::section::Located;
use crate::{Origin, OriginKind, WatchedKind};

/// How many files a directory of secrets may hold.
const MAX_FILES: usize = 10_000;

impl Loading<'_> {
    pub(super) fn lay_secrets(&mut self, directory: Option<&Path>) {
        let Some(directory) = directory else {
            return;
        };
        self.watch(directory, WatchedKind::Directory);
        match files(directory) {
            Ok(files) => {
                for (name, file) in files {
                    self.lay_secret(&name, &file);
                }
            }
            Err(error) => {
                let origin = Origin::new(OriginKind::SecretFile, directory.display().to_string());
                self.incomplete = true;
                let message = format!("the directory cannot be read: {error}");
                self.refuse(&[], origin, ViolationKind::Source, message, None);
            }
        }
    }

    fn lay_secret(&mut self, name: &str, file: &Path) {
        let origin = Origin::new(OriginKind::SecretFile, file.display().to_string());
        let path: Vec<_> = name.split('.').map(str::to_owned).collect();
        let Located::Value { shape, class } = self.keys.locate(&path) else {
            let keys = self.keys;
            self.mistakes.unknown(|| {
                let paths = keys.paths();
                let paths: Vec<_> = paths.iter().map(String::as_str).collect();
                Violation {
                    path: shown(name),
                    hint: did_you_mean(name, &paths),
                    origin: Some(origin),
                    kind: ViolationKind::Unknown,
                    message: "is the name of no value".to_owned(),
                }
            });
            return;
        };
        self.watch(file, WatchedKind::File);
        if let Some(other) = twin(&self.secret_files, &path) {
            let message = format!("is set both here and in `{other}`");
            let hint = Some("keep one of the two".to_owned());
            self.refuse(&path, origin, ViolationKind::Conflict, message, hint);
            return;
        }
        match read::text(file) {
            Ok(mut text) => {
                trim(&mut text);
                self.secret_files.insert(path.clone(), origin.to_string());
                self.lay_text(&path, shape, class, &text, origin);
            }
            Err(error) => self.refuse_source(&path, origin, &error),
        }
    }
}

/// The names and paths of the files, sorted. What Kubernetes keeps for itself, such as `..data`, is
/// left out, as are directories.
fn files(directory: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !entry.path().is_dir() {
            files.push((name, entry.path()));
        }
        if files.len() > MAX_FILES {
            let message = format!("it holds more than {MAX_FILES} files");
            return Err(std::io::Error::other(message));
        }
    }
    files.sort();
    Ok(files)
}

/// Takes the line break away that editors put at the end of a file.
pub(super) fn trim(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
}
