//! What a configuration was read from, for whoever watches it.

use std::path::PathBuf;

/// A file or directory that a configuration is read from, whether or not it is there now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchedSource {
    /// Where it is, as it was named: relative paths are relative to the working directory.
    pub path: PathBuf,
    /// What is read of it.
    pub kind: WatchedKind,
}

/// What is read of a [`WatchedSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WatchedKind {
    /// The content of a file. It may be absent: then it is read once it appears.
    File,
    /// The names in a directory. The files in it that are read are sources of their own.
    Directory,
}
