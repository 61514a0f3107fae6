//! A pack in a folder: its manifest, its signature and what is below `features/`. Links are not followed.

use std::fs::{self, File, FileType};
use std::io;
use std::path::Path;

use crate::collect::{Collector, Kind};
use crate::pack::SIGNATURE;
use crate::{Limits, Manifest, Pack, PackError};

pub(crate) fn folder(folder: &Path, from: &str, limits: &Limits) -> Result<Pack, PackError> {
    let mut collector = Collector::new(limits);
    // A folder that is not there is another mistake than a folder that is no pack.
    fs::read_dir(folder).map_err(|source| PackError::Read {
        path: folder.to_owned(),
        source,
    })?;
    for name in [Manifest::PATH, SIGNATURE, "features"] {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(metadata) => {
                entry(&mut collector, &path, name.as_bytes(), metadata.file_type())?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(PackError::Read { path, source }),
        }
    }
    let (files, reasons) = collector.finish();
    Pack::assemble(files, reasons).map_err(|reasons| PackError::Refused {
        from: from.to_owned(),
        reasons,
    })
}

fn entry(
    collector: &mut Collector<'_>,
    path: &Path,
    relative: &[u8],
    kind: FileType,
) -> Result<bool, PackError> {
    let read = |source| PackError::Read {
        path: path.to_owned(),
        source,
    };
    if kind.is_file() {
        let mut file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        return Ok(collector.take(relative, Kind::File, size, &mut file));
    }
    if !kind.is_dir() {
        let what = if kind.is_symlink() {
            "a symbolic link"
        } else {
            "neither a file nor a folder"
        };
        return Ok(collector.take(relative, Kind::Other(what), 0, &mut io::empty()));
    }
    if !collector.take(relative, Kind::Folder, 0, &mut io::empty()) {
        return Ok(false);
    }
    let mut entries = fs::read_dir(path)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(read)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for next in entries {
        let kind = next.file_type().map_err(read)?;
        let mut relative = relative.to_vec();
        relative.push(b'/');
        relative.extend(next.file_name().as_encoded_bytes());
        if !entry(collector, &next.path(), &relative, kind)? {
            return Ok(false);
        }
    }
    Ok(true)
}
