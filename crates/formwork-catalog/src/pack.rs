//! Packs: whose features these are, where they come from and what they hold, exactly.

use std::fmt;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

/// One pack, exactly: what a lock remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackPin {
    pub id: String,
    pub version: Version,
    /// The SHA-256 of its content, as 64 hexadecimal digits.
    pub hash: String,
}

/// Where a pack comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum PackFrom {
    /// A folder, relative to the project.
    Folder { path: String },
    /// A git repository at a commit.
    Git { url: String, rev: String },
    /// A `.tar.gz` or `.zip`, in a file or behind `https`.
    Archive { at: String },
    /// The newest fitting version in a list of packs, in a file or behind `https`.
    Index { at: String, range: VersionReq },
}

impl fmt::Display for PackFrom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path } => write!(formatter, "folder {path}"),
            Self::Git { url, rev } => write!(formatter, "repository {url} at {rev}"),
            Self::Archive { at } => write!(formatter, "archive {at}"),
            Self::Index { at, range } if *range == VersionReq::STAR => {
                write!(formatter, "index {at}")
            }
            Self::Index { at, range } => write!(formatter, "index {at}, {range}"),
        }
    }
}

/// The folder of the packs of third parties in a [`Source`](crate::Source).
pub(crate) const PACKS: &str = "packs";

/// The pack a path of a source belongs to, unless it is one of ours.
pub(crate) fn pack_of(path: &str) -> Option<&str> {
    path.strip_prefix(PACKS)?
        .strip_prefix('/')?
        .split('/')
        .next()
}
