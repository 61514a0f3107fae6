//! Where a value came from.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Serialize, Serializer};

/// Where a value came from: the kind of source, its name, and the position in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The kind of source.
    pub kind: OriginKind,
    /// The source's name: a file's path, a variable, a flag; empty for compiled defaults.
    #[serde(serialize_with = "as_text")]
    pub name: Arc<str>,
    /// The position in a file, from 1.
    pub position: Option<Position>,
}

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// The kinds of sources, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OriginKind {
    /// The default written in the struct.
    Default,
    /// The base file, `config/default.toml`.
    BaseFile,
    /// The file of the chosen profile, `config/{profile}.toml`.
    ProfileFile,
    /// The file of a tenant, `config/tenants/{tenant}.toml`.
    TenantFile,
    /// A file holding one value: named by a `*_FILE` variable, or in the secrets directory.
    SecretFile,
    /// An environment variable.
    Environment,
    /// A `--set` flag.
    Flag,
    /// The program itself.
    Program,
}

impl OriginKind {
    /// The kind in a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::BaseFile => "base file",
            Self::ProfileFile => "profile file",
            Self::TenantFile => "tenant file",
            Self::SecretFile => "secret file",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::Program => "program",
        }
    }
}

impl Origin {
    pub(crate) fn new(kind: OriginKind, name: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            name: name.into(),
            position: None,
        }
    }

    pub(crate) fn compiled_default() -> Self {
        static NAME: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));
        Self::new(OriginKind::Default, Arc::clone(&NAME))
    }

    pub(crate) fn at(&self, line: u32, column: u32) -> Self {
        Self {
            position: Some(Position { line, column }),
            ..self.clone()
        }
    }
}

impl fmt::Display for Origin {
    /// As one would look for it: `config/default.toml:3:10`, `environment variable `SHOP__…``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            OriginKind::Default => f.write_str("compiled default"),
            OriginKind::BaseFile
            | OriginKind::ProfileFile
            | OriginKind::TenantFile
            | OriginKind::SecretFile => {
                f.write_str(&self.name)?;
                match self.position {
                    Some(Position { line, column }) => write!(f, ":{line}:{column}"),
                    None => Ok(()),
                }
            }
            OriginKind::Environment => write!(f, "environment variable `{}`", self.name),
            OriginKind::Flag => write!(f, "flag `--set {}`", self.name),
            OriginKind::Program => f.write_str("set by the program"),
        }
    }
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
