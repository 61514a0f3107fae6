//! A pack in an archive: `.tar.gz` or `.zip`, told apart by how they begin. Nothing is unpacked to disk.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use tar::EntryType;
use zip::ZipArchive;

use crate::collect::{Collector, Kind};
use crate::{Limits, Pack, PackError, Reason};

pub(crate) fn archive(bytes: &[u8], from: &str, limits: &Limits) -> Result<Pack, PackError> {
    let mut collector = Collector::new(limits);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        tar_gz(bytes, &mut collector, limits);
    } else if bytes.starts_with(b"PK") {
        zip(bytes, &mut collector, limits);
    } else {
        let message = "it is neither a `.tar.gz` nor a `.zip`".to_owned();
        collector.refuse(Reason::Damaged { message });
    }
    let (files, reasons) = collector.finish();
    Pack::assemble(files, reasons).map_err(|reasons| PackError::Refused {
        from: from.to_owned(),
        reasons,
    })
}

fn tar_gz(bytes: &[u8], collector: &mut Collector<'_>, limits: &Limits) {
    let unpacked = Patient {
        reader: MultiGzDecoder::new(bytes),
        read: 0,
        packed: bytes.len() as u64,
        limits,
    };
    let mut archive = tar::Archive::new(unpacked);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return damaged(collector, &error),
    };
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return damaged(collector, &error),
        };
        let kind = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Other("a symbolic link"),
            EntryType::Link => Kind::Other("a hard link"),
            EntryType::Char | EntryType::Block => Kind::Other("a device"),
            EntryType::Fifo => Kind::Other("a pipe"),
            // What git and some other programs put in front, about the archive as a whole.
            EntryType::XGlobalHeader => continue,
            EntryType::GNUSparse => Kind::Other("a sparse file"),
            _ => Kind::Other("neither a file nor a folder"),
        };
        let path = entry.path_bytes().into_owned();
        let size = entry.size();
        if !collector.take(&path, kind, size, &mut entry) {
            return;
        }
    }
}

fn zip(bytes: &[u8], collector: &mut Collector<'_>, limits: &Limits) {
    /// The type of a file, in its mode.
    const TYPE: u32 = 0o170_000;
    let mut archive = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => return damaged(collector, &io::Error::other(error)),
    };
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let path = match archive.by_index_raw(index) {
            Ok(entry) => entry.name_raw().to_vec(),
            Err(error) => return damaged(collector, &io::Error::other(error)),
        };
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                let message = error.to_string();
                let path = String::from_utf8_lossy(&path).into_owned();
                collector.refuse(Reason::Unpack { path, message });
                continue;
            }
        };
        let kind = match entry.unix_mode().map(|mode| mode & TYPE) {
            Some(0o120_000) => Kind::Other("a symbolic link"),
            Some(0o020_000 | 0o060_000) => Kind::Other("a device"),
            Some(0o010_000) => Kind::Other("a pipe"),
            Some(0o140_000) => Kind::Other("a socket"),
            _ if entry.is_dir() => Kind::Folder,
            _ => Kind::File,
        };
        let size = entry.size();
        let mut content = Patient {
            reader: entry,
            read: unpacked,
            packed: bytes.len() as u64,
            limits,
        };
        let goes_on = collector.take(&path, kind, size, &mut content);
        unpacked = content.read;
        if !goes_on {
            return;
        }
    }
}

fn damaged(collector: &mut Collector<'_>, error: &io::Error) {
    let reason = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Reason>());
    collector.refuse(match reason {
        Some(reason) => reason.clone(),
        None => Reason::Damaged {
            message: error.to_string(),
        },
    });
}

/// What is unpacked, until it is more than anybody should have to unpack.
struct Patient<'l, R> {
    reader: R,
    read: u64,
    /// The size of the archive.
    packed: u64,
    limits: &'l Limits,
}

impl<R: Read> Read for Patient<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const HARMLESS: u64 = 1 << 20;
        let count = self.reader.read(buffer)?;
        self.read += count as u64;
        // Headers and padding take room of their own.
        let total = self.limits.total + 1024 * self.limits.entries as u64;
        if self.read > HARMLESS && self.read / self.limits.ratio > self.packed {
            return Err(io::Error::other(Reason::Ratio {
                limit: self.limits.ratio,
            }));
        }
        if self.read > total {
            return Err(io::Error::other(Reason::Total {
                limit: self.limits.total,
            }));
        }
        Ok(count)
    }
}
