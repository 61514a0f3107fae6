//! What the sources of a configuration hold, byte for byte.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use formwork_config::{WatchedKind, WatchedSource};
use sha2::{Digest, Sha256};

/// No configuration is so large; of a file that is, the beginning and its length count.
const MOST: u64 = 16 << 20;

/// A digest of everything that is read, and of what is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Content([u8; 32]);

impl Content {
    /// Reads everything. Blocks.
    pub(super) fn of(sources: &[WatchedSource]) -> Self {
        let mut digest = Sha256::new();
        for source in sources {
            text(source.path.as_os_str().as_encoded_bytes(), &mut digest);
            let read = match source.kind {
                WatchedKind::Directory => names(&source.path, &mut digest),
                _ => file(&source.path, &mut digest),
            };
            if let Err(error) = read {
                text(error.kind().to_string().as_bytes(), &mut digest);
            }
        }
        Self(digest.finalize().into())
    }
}

fn file(path: &Path, digest: &mut Sha256) -> std::io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    // Opening a pipe would wait for somebody who writes to it.
    if !metadata.is_file() {
        text(b"no file", digest);
        return Ok(());
    }
    let mut file = File::open(path)?;
    digest.update(metadata.len().to_le_bytes());
    let mut rest = MOST;
    let mut buffer = zeroize::Zeroizing::new(vec![0; 16 << 10]);
    while rest > 0 {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        rest = rest.saturating_sub(read as u64);
    }
    Ok(())
}

/// The names, and what the files behind them hold: one that was not read before may be now.
fn names(path: &Path, digest: &mut Sha256) -> std::io::Result<()> {
    let entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        text(path.as_os_str().as_encoded_bytes(), digest);
        if path.is_file() && file(&path, digest).is_err() {
            digest.update([0]);
        }
    }
    Ok(())
}

fn text(bytes: &[u8], digest: &mut Sha256) {
    digest.update(bytes.len().to_le_bytes());
    digest.update(bytes);
}
