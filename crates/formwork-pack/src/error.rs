//! Why a pack is not taken.

use std::io;
use std::path::PathBuf;

use formwork_catalog::Diagnostic;
use semver::VersionReq;

use crate::Untrusted;

/// One thing that is wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    #[error("{0}")]
    Manifest(Diagnostic),
    #[error("the path `{path}` {mistake}")]
    Path { path: String, mistake: &'static str },
    #[error("the path `{path}` is not valid UTF-8")]
    PathEncoding { path: String },
    #[error("`{path}` is not valid UTF-8 (at byte {at})")]
    Encoding { path: String, at: usize },
    #[error("`{path}` is {what}; a pack holds files and folders")]
    Kind { path: String, what: &'static str },
    #[error("`{path}` and `{other}` are one file where case does not count")]
    Case { path: String, other: String },
    #[error("`{path}` exists twice")]
    Twice { path: String },
    #[error("`{path}` is a file, but `{below}` lies below it")]
    Below { path: String, below: String },
    #[error("`{path}` has more than {limit} bytes")]
    File { path: String, limit: u64 },
    #[error("the path `{path}` has more than {limit} steps")]
    Depth { path: String, limit: usize },
    #[error("the path `{path}` has more than {limit} bytes")]
    Length { path: String, limit: usize },
    #[error("it has more than {limit} files and folders; the rest was not looked at")]
    Entries { limit: usize },
    #[error("it has more than {limit} bytes; the rest was not looked at")]
    Total { limit: u64 },
    #[error("it unpacks to more than {limit} times its size; the rest was not looked at")]
    Ratio { limit: u64 },
    #[error("it is damaged: {message}; the rest was not looked at")]
    Damaged { message: String },
    #[error("`{path}` cannot be unpacked: {message}")]
    Unpack { path: String, message: String },
    #[error("it has no `pack.toml`")]
    NoManifest,
    #[error("it has no feature: nothing lies at `features/ID/feature.toml`")]
    NoFeature,
}

/// A pack could not be had, or is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The reasons are not part of the sentence: [`PackError::reasons`].
    #[error("the pack from the {from} is refused")]
    Refused { from: String, reasons: Vec<Reason> },
    #[error(
        "the pack `{id}` from the {from} is not what is pinned: expected {expected}, found {found}"
    )]
    Hash {
        id: String,
        from: String,
        expected: String,
        found: String,
    },
    #[error("the cached pack at `{}` was changed: expected {expected}, found {found}", path.display())]
    Cache {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error("the pack `{id}` {version} is not trusted: {why}")]
    Untrusted {
        id: String,
        version: String,
        hash: String,
        why: Untrusted,
    },
    #[error("the {from} has the pack `{found}`, expected `{expected}`")]
    Id {
        from: String,
        expected: String,
        found: String,
    },
    #[error("the pack `{id}` {version} is for formwork {needs}; this is {have}")]
    Formwork {
        id: String,
        version: String,
        needs: VersionReq,
        have: String,
    },
    #[error("the index `{at}` is not valid: {}", mistakes.join("; "))]
    Index { at: String, mistakes: Vec<String> },
    #[error("no version of the pack `{id}` in the index `{at}` fits {range}{}", offered(.there))]
    Range {
        at: String,
        id: String,
        range: VersionReq,
        /// What is there, and why not.
        there: Vec<String>,
    },
    #[error("`{name}` is not a minisign public key")]
    Key { name: String },
    #[error("cannot fetch `{at}`: {message}")]
    Fetch { at: String, message: String },
    #[error("could not read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("could not write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

fn offered(there: &[String]) -> String {
    match there {
        [] => "; there is none".to_owned(),
        there => format!("; there is {}", there.join(", ")),
    }
}

impl PackError {
    /// What is wrong with a refused pack, one line each.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Refused { reasons, .. } => reasons,
            _ => &[],
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Hash { id, .. } => format!(
                "if the change is meant, take the new content with `formwork pack add` of `{id}` again"
            ),
            Self::Cache { path, .. } => format!("remove `{}`; it is fetched again", path.display()),
            Self::Untrusted { id, hash, why, .. } => why.hint(id, hash),
            Self::Key { .. } => {
                "it is the second line of a `minisign.pub`, 56 characters that begin with `RW`"
                    .to_owned()
            }
            Self::Fetch { at, .. } if at.starts_with("http://") => {
                "use https; http is for the machine itself".to_owned()
            }
            _ => return None,
        })
    }
}
