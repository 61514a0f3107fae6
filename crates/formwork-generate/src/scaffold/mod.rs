//! Scaffolds: code that a project gets once, on request, and that is its owner's from then on.

mod list;
mod module;
mod taken;
mod write;

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::transaction::TransactionError;

pub use self::module::module;

/// What a scaffold would write. Nothing is written before [`Scaffold::write`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scaffold {
    /// The name asked for.
    pub name: String,
    /// The files, those that are new first.
    pub files: Vec<ScaffoldFile>,
}

/// A file of a scaffold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScaffoldFile {
    /// Where it is in the project.
    pub path: String,
    pub change: ScaffoldChange,
    /// What it will hold.
    pub text: String,
    /// What it holds now.
    #[serde(skip)]
    pub(crate) before: Option<String>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaffoldChange {
    Create,
    /// Lines are added; all others stay.
    Extend,
}

/// A scaffold cannot be made, or could not be written. The project is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    #[error("`{name}` cannot be the name of a module: {reason}")]
    Name {
        name: String,
        reason: &'static str,
        /// A valid name like it.
        nearest: Option<String>,
    },
    #[error("the service already has a module, section or component `{name}`")]
    Taken { name: String, place: String },
    #[error("`{path}` exists already")]
    Exists { path: String },
    #[error("the project has no `{path}`, which lists its own modules")]
    NoList { path: &'static str },
    #[error("`{path}` cannot be extended: {reason}")]
    List {
        path: &'static str,
        reason: &'static str,
        /// The lines an owner would add.
        lines: Vec<String>,
    },
    #[error("`{path}` is no {expected} of the project itself")]
    Outside {
        path: String,
        expected: &'static str,
    },
    #[error("`{path}` was changed while the module was made")]
    Changed { path: String },
    #[error(transparent)]
    Write(#[from] TransactionError),
    #[error("could not {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl ScaffoldError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Name { nearest, .. } => match nearest {
                Some(nearest) => format!("try `{nearest}`"),
                None => "use lower-case words with `-` between them, as in `rate-card`".to_owned(),
            },
            Self::Taken { place, .. } => format!("it is in {place}; choose another name"),
            Self::Exists { .. } => "choose another name, or move the file away".to_owned(),
            Self::NoList { path } => format!(
                "the project was made before there was one: write `{path}` with `pub fn \
                 assemble(app: App) -> App`, and call it in `service/src/app.rs`"
            ),
            Self::List { lines, .. } => format!("add to it: {}", lines.join(" ")),
            Self::Outside { .. } => {
                "put a real one in its place: links are not followed".to_owned()
            }
            Self::Changed { .. } => "run the command again".to_owned(),
            Self::Write(error) => return error.hint(),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => "make the folder writable".to_owned(),
                io::ErrorKind::StorageFull => {
                    "free some space and run the command again".to_owned()
                }
                _ => return None,
            },
        })
    }
}
