//! Writing a new project: staged beside its target and renamed, so that the target is absent or complete.
//!
//! That holds whatever happens to the process. Nothing waits for the disk: a project that was never there
//! before can be generated again, and after a power cut its base, named by its hash, tells what is missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;

/// A file to write: its path in the project, its bytes, and whether it is executable.
pub(crate) type Output<'a> = (&'a str, &'a [u8], bool);

/// A project could not be written. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    #[error("`{}` has no name a folder can have", target.display())]
    Name { target: PathBuf },
    #[error("the folder `{}`, in which the project is to be, cannot be read", parent.display())]
    Parent { parent: PathBuf, source: io::Error },
    #[error("`{}` is a {kind}, not a folder", target.display())]
    Occupied { target: PathBuf, kind: &'static str },
    #[error("the folder `{}` is not empty: it has `{entry}`", target.display())]
    NotEmpty { target: PathBuf, entry: String },
    #[error("the path `{path}` leaves the project")]
    Escape { path: String },
    #[error("could not {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl WriteError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        let (Self::Parent { source, .. } | Self::Io { source, .. }) = self else {
            return Some(match self {
                Self::Name { .. } => "give the path of the folder to create",
                Self::Escape { .. } => "this is a mistake in a feature; report it to its authors",
                _ => "choose a folder that does not exist yet, or an empty one",
            });
        };
        Some(match source.kind() {
            io::ErrorKind::NotFound => "create the folder first",
            io::ErrorKind::PermissionDenied => "choose a folder you may write to",
            io::ErrorKind::ReadOnlyFilesystem => "choose a folder on a disk that can be written",
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => "free some space and run the command again",
            _ => return None,
        })
    }
}

/// Writes a project to a folder that does not exist, or is empty.
pub(crate) fn write(target: &Path, files: &[Output<'_>]) -> Result<(), WriteError> {
    let target = absolute(target)?;
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(WriteError::Name { target });
    };
    let prefix = format!(".{}.formwork-staging-", name.to_string_lossy());
    check_target(&target)?;
    remove_leftovers(parent, &prefix).map_err(|source| WriteError::Parent {
        parent: parent.to_owned(),
        source,
    })?;
    for (path, ..) in files {
        if escapes(path) {
            return Err(WriteError::Escape {
                path: (*path).to_owned(),
            });
        }
    }
    let staging = Staging::create(parent, &prefix)?;
    staging.fill(files)?;
    staging.publish(&target)
}

fn absolute(target: &Path) -> Result<PathBuf, WriteError> {
    let absolute = std::path::absolute(target).map_err(|_| WriteError::Name {
        target: target.to_owned(),
    })?;
    // `shop/` and `shop/.` are `shop`; a path that ends in `..` has no name.
    let mut components = absolute.components();
    match components.next_back() {
        Some(std::path::Component::Normal(_)) => Ok(absolute.components().collect()),
        _ => Err(WriteError::Name {
            target: target.to_owned(),
        }),
    }
}

fn check_target(target: &Path) -> Result<(), WriteError> {
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(WriteError::Io {
                action: "look at",
                path: target.to_owned(),
                source,
            });
        }
    };
    let occupied = |kind| WriteError::Occupied {
        target: target.to_owned(),
        kind,
    };
    if metadata.is_symlink() {
        return Err(occupied("symbolic link"));
    }
    if !metadata.is_dir() {
        return Err(occupied("file"));
    }
    let read = |source| WriteError::Io {
        action: "read",
        path: target.to_owned(),
        source,
    };
    match fs::read_dir(target).map_err(read)?.next() {
        None => Ok(()),
        Some(entry) => Err(WriteError::NotEmpty {
            target: target.to_owned(),
            entry: entry
                .map_err(read)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        }),
    }
}

pub(crate) fn escapes(path: &str) -> bool {
    path.is_empty()
        || Path::new(path)
            .components()
            .any(|component| !matches!(component, std::path::Component::Normal(_)))
}

/// Removes the staging folders of runs that were killed. A run that lives holds a lock on its own.
fn remove_leftovers(parent: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let leftover =
            entry.file_name().to_string_lossy().starts_with(prefix) && entry.file_type()?.is_dir();
        if !leftover {
            continue;
        }
        // What cannot be locked or removed is not ours to judge: it does not stand in the way.
        if let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

/// A folder being filled. Removed when it is dropped before it was published.
struct Staging {
    path: PathBuf,
    /// Held as long as the folder is in use, so that no other run takes it for a leftover.
    _lock: File,
    published: bool,
}

impl Staging {
    fn create(parent: &Path, prefix: &str) -> Result<Self, WriteError> {
        const ATTEMPTS: u32 = 1000;
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            let path = parent.join(format!("{prefix}{}-{attempt}", std::process::id()));
            let error = |source| WriteError::Io {
                action: "create the folder",
                path: path.clone(),
                source,
            };
            match retry(|| fs::create_dir(&path)) {
                Ok(()) => {}
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                    last = Some(error(source));
                    continue;
                }
                Err(source) => return Err(error(source)),
            }
            // Between the two calls another run may have taken the folder for a leftover.
            let lock = match File::open(&path) {
                Ok(folder) if folder.try_lock().is_ok() && path.is_dir() => folder,
                Ok(_) => continue,
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    let _ = fs::remove_dir(&path);
                    return Err(error(source));
                }
            };
            return Ok(Self {
                path,
                _lock: lock,
                published: false,
            });
        }
        Err(last.unwrap_or_else(|| WriteError::Name {
            target: parent.to_owned(),
        }))
    }

    fn fill(&self, files: &[Output<'_>]) -> Result<(), WriteError> {
        let mut folders: Vec<&Path> = files
            .iter()
            .flat_map(|(path, ..)| Path::new(path).ancestors().skip(1))
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let path = self.path.join(folder);
            retry(|| fs::create_dir(&path)).map_err(|source| WriteError::Io {
                action: "create the folder",
                path: path.clone(),
                source,
            })?;
        }
        files
            .par_iter()
            .try_for_each(|(relative, bytes, executable)| {
                let path = self.path.join(relative);
                retry(|| write_file(&path, bytes, *executable)).map_err(|source| WriteError::Io {
                    action: "write",
                    path: path.clone(),
                    source,
                })
            })
    }

    /// Makes the folder the target in one step.
    fn publish(mut self, target: &Path) -> Result<(), WriteError> {
        let renamed = retry(|| fs::rename(&self.path, target)).or_else(|error| {
            // Where a folder cannot be renamed onto an empty one, the empty one goes first.
            match fs::remove_dir(target) {
                Ok(()) => fs::rename(&self.path, target),
                Err(_) => Err(error),
            }
        });
        renamed.map_err(|source| WriteError::Io {
            action: "create",
            path: target.to_owned(),
            source,
        })?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn write_file(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if executable { 0o777 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = executable;
    let result = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    if let Err(error) = &result {
        // The next attempt starts anew.
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(path);
        }
    }
    result
}

/// Tries again what may work a moment later, waiting longer each time.
pub(crate) fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const ATTEMPTS: u32 = 6;
    const FIRST: Duration = Duration::from_millis(5);
    let mut attempt = 0;
    loop {
        match operation() {
            Err(error) if attempt + 1 < ATTEMPTS && is_transient(&error) => {
                let longest = FIRST * 2_u32.pow(attempt);
                std::thread::sleep(longest.mul_f64(0.5 + 0.5 * jitter()));
                attempt += 1;
            }
            result => return result,
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::TimedOut
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::StaleNetworkFileHandle
            | io::ErrorKind::ExecutableFileBusy
    )
}

/// A number from 0 to 1 that differs from run to run, so that runs which collide do not collide again.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(std::process::id());
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Shows a part of: C-21.
    #[test]
    fn what_may_work_later_is_tried_again_and_what_cannot_is_not() {
        let tries = Cell::new(0);
        let failing = |kind: io::ErrorKind, until: u32| {
            tries.set(0);
            retry(|| {
                tries.set(tries.get() + 1);
                if tries.get() <= until {
                    Err(io::Error::from(kind))
                } else {
                    Ok(())
                }
            })
        };
        assert!(failing(io::ErrorKind::Interrupted, 3).is_ok());
        assert_eq!(tries.get(), 4);
        assert!(failing(io::ErrorKind::ResourceBusy, 100).is_err());
        assert_eq!(tries.get(), 6);
        for permanent in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::StorageFull,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::NotFound,
        ] {
            assert!(failing(permanent, 1).is_err());
            assert_eq!(tries.get(), 1);
        }
    }

    #[test]
    fn paths_that_escape_are_seen() {
        for path in ["", "/x", "../x", "a/../../x"] {
            assert!(escapes(path), "{path}");
        }
        assert!(!escapes("a/b.rs"));
    }
}
