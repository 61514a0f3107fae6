//! Files as a transaction sees them.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::{Content, TransactionError, io_error};

/// What is at a path of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Absent,
    File(Content),
    /// Where something else is, at the path itself or above it, and what.
    Obstacle(String, &'static str),
}

/// Looks without following a link anywhere.
pub(crate) fn look(project: &Path, path: &str) -> Result<Found, TransactionError> {
    let failed = |path: &Path, source| io_error("read", path)(source);
    for (end, _) in path.match_indices('/') {
        let folder = project.join(&path[..end]);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) => return Ok(Found::Obstacle(path[..end].to_owned(), kind(&metadata))),
            Err(error) if is_absence(&error) => return Ok(Found::Absent),
            Err(source) => return Err(failed(&folder, source)),
        }
    }
    let target = project.join(path);
    let metadata = match fs::symlink_metadata(&target) {
        Ok(metadata) => metadata,
        Err(error) if is_absence(&error) => return Ok(Found::Absent),
        Err(source) => return Err(failed(&target, source)),
    };
    if !metadata.is_file() {
        return Ok(Found::Obstacle(path.to_owned(), kind(&metadata)));
    }
    let bytes = fs::read(&target).map_err(|source| failed(&target, source))?;
    Ok(Found::File(Content {
        bytes,
        mode: mode(&metadata),
    }))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_symlink() {
        "a symbolic link"
    } else if metadata.is_dir() {
        "a folder"
    } else if metadata.is_file() {
        "a file"
    } else {
        "something that is no file"
    }
}

#[cfg(unix)]
pub(super) fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
pub(super) fn mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().readonly() {
        0o444
    } else {
        0o644
    }
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    fs::set_permissions(path, permissions)
}

/// Writes a file that is complete, and on the disk, when this returns.
pub(super) fn write(path: &Path, content: &Content) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(&content.bytes)?;
    set_mode(path, content.mode)?;
    file.sync_all()
}

/// A second name for a file, or a copy of it where the disk has no such thing.
pub(super) fn link_or_copy(from: &Path, to: &Path, content: &Content) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => write(to, content),
    }
}

/// Names in a folder outlive a power cut once the folder is written.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

/// Removes the folders of a file that is gone, from the inside, as long as they are empty and `ours`.
pub(super) fn remove_empty_folders(project: &Path, path: &str, ours: impl Fn(&str) -> bool) {
    for (end, _) in path.rmatch_indices('/') {
        let folder = &path[..end];
        if !ours(folder) || fs::remove_dir(project.join(folder)).is_err() {
            return;
        }
    }
}
