//! Reads small text files, and nothing else: what is huge, binary or no file is refused.

use std::fs::{File, FileType, Metadata};
use std::io::{self, Read};
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

/// The largest file that is read: what Kubernetes lets a ConfigMap or a Secret hold.
pub(super) const LIMIT: u64 = 1 << 20;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is {0}, expected a file")]
    NotAFile(&'static str),
    #[error("is larger than {} KiB, the most that is read", LIMIT >> 10)]
    TooLarge,
    #[error("is not UTF-8 text, from byte {0} on")]
    Encoding(usize),
    #[error("holds a NUL character at byte {0}: it is not text, or was not written to its end")]
    Nul(usize),
}

/// The text of a file, without a byte-order mark. Nothing but a regular file is opened, so that a
/// pipe nobody writes to holds nothing up.
pub(super) fn text(path: &Path) -> Result<Zeroizing<String>, ReadError> {
    let metadata = std::fs::metadata(path)?;
    if let Some(kind) = other_kind(metadata.file_type()) {
        return Err(ReadError::NotAFile(kind));
    }
    let bytes = bytes(path, &metadata)?;
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            error.into_bytes().zeroize();
            return Err(ReadError::Encoding(valid));
        }
    };
    if let Some(index) = text.find('\0') {
        return Err(ReadError::Nul(index));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn bytes(path: &Path, metadata: &Metadata) -> Result<Vec<u8>, ReadError> {
    if metadata.len() > LIMIT {
        return Err(ReadError::TooLarge);
    }
    // Room for all of it: a buffer that grows leaves copies behind. It may have grown meanwhile.
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 <= LIMIT => Ok(bytes),
        Ok(_) => {
            bytes.zeroize();
            Err(ReadError::TooLarge)
        }
        Err(error) => {
            bytes.zeroize();
            Err(error.into())
        }
    }
}

/// What it is, when it is no regular file.
fn other_kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some("a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
    }
    Some("something else")
}
