//! What was started last, kept between calls; and the lock that makes calls take turns.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A running server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) url: String,
    pub(super) version: String,
}

/// The state file. It is a memory, not the truth: whether a process runs is always asked of the
/// system, so a stale or lost file does no harm.
pub(super) struct State {
    path: PathBuf,
    /// Held until the value is dropped.
    _lock: File,
}

impl State {
    /// Opens the state in `folder`, waiting for other calls to finish.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not create `{}`", folder.display()))?;
        let path = folder.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| format!("could not lock `{}`", path.display()))?;
        Ok(Self {
            path: folder.join("state.json"),
            _lock: lock,
        })
    }

    pub(super) fn recall(&self, service: &str) -> Result<Option<Running>> {
        Ok(self.read()?.remove(service))
    }

    pub(super) fn remember(&self, service: &str, running: &Running) -> Result<()> {
        let mut all = self.read()?;
        all.insert(service.to_owned(), running.clone());
        let text = serde_json::to_string_pretty(&all)?;
        let staged = self.path.with_extension("json.new");
        fs::write(&staged, text)
            .and_then(|()| fs::rename(&staged, &self.path))
            .with_context(|| format!("could not write `{}`", self.path.display()))
    }

    /// A file that cannot be understood is as good as none.
    fn read(&self) -> Result<BTreeMap<String, Running>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => {
                Err(error).with_context(|| format!("could not read `{}`", self.path.display()))
            }
        }
    }
}
