//! How files look from outside.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use formwork_config::{WatchedKind, WatchedSource};

/// How the sources of a configuration look; links are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint(BTreeMap<PathBuf, Option<Look>>);

/// How a file looks from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: u64,
    modified: Option<SystemTime>,
}

impl Fingerprint {
    /// Looks at everything. Blocks.
    pub(super) fn of(sources: &[WatchedSource]) -> Self {
        let mut looks = BTreeMap::new();
        for source in sources {
            if source.kind == WatchedKind::Directory
                && let Ok(entries) = std::fs::read_dir(&source.path)
            {
                for path in entries.flatten().map(|entry| entry.path()) {
                    looks.insert(path.clone(), look(&path));
                }
            }
            looks.insert(source.path.clone(), look(&source.path));
        }
        Self(looks)
    }
}

fn look(path: &Path) -> Option<Look> {
    let metadata = std::fs::metadata(path).ok()?;
    let (device, inode) = identity(&metadata);
    Some(Look {
        device,
        inode,
        size: metadata.len(),
        modified: metadata.modified().ok(),
    })
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;

    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}
