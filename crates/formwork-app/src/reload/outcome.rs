//! Why a reload was asked for, and how it ended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Failure;

/// Why a reload was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// A signal of the operating system: SIGHUP.
    Signal,
    /// Somebody who may, over the network.
    Admin,
    /// A file has changed.
    File,
    /// The program itself.
    Program,
}

impl Trigger {
    /// The trigger in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Admin => "admin",
            Self::File => "file",
            Self::Program => "program",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a reload ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// A new generation is in force.
    Applied(Applied),
    /// Nothing had changed that a running service takes over.
    Unchanged {
        /// The generation that stays in force.
        generation: u64,
        /// Static values that have changed and wait for a restart; only with
        /// `app.static-changes = "apply-dynamic"`.
        held: Vec<String>,
    },
    /// The old generation stays in force, untouched.
    Failed(Arc<ReloadError>),
}

/// A new generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub generation: u64,
    /// The paths of the values that changed, in order.
    pub paths: Vec<String>,
    /// Static values that have changed too and wait for a restart; only with
    /// `app.static-changes = "apply-dynamic"`.
    pub held: Vec<String>,
    /// The modules whose commit panicked, which it must not. Nobody knows what they go on with:
    /// the component `config` is degraded until a restart.
    pub panicked: Vec<String>,
    /// How long it took, from reading the sources to the last module's commit.
    pub took: Duration,
}

impl Outcome {
    /// The outcome in lower case: `completed`, `noop` or `failed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "completed",
            Self::Unchanged { .. } => "noop",
            Self::Failed(_) => "failed",
        }
    }

    /// The new generation.
    ///
    /// # Errors
    /// Why there is none; `None` when nothing had changed.
    pub fn applied(self) -> Result<Applied, Option<Arc<ReloadError>>> {
        match self {
            Self::Applied(applied) => Ok(applied),
            Self::Unchanged { .. } => Err(None),
            Self::Failed(error) => Err(Some(error)),
        }
    }
}

/// Why a changed configuration was not taken over. Nothing of it is in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The configuration is not valid.
    #[error(transparent)]
    Invalid(formwork_config::Errors),
    /// Values have changed that only a restart takes over.
    #[error("only a restart takes over {}", listed(.paths))]
    Static {
        /// Their paths, in order.
        paths: Vec<String>,
    },
    /// A module could not prepare for it.
    #[error("{0}")]
    Prepare(Failure),
    /// Code of the application panicked that is no module's `prepare`: a check of its
    /// configuration, as a rule.
    #[error("the configuration could not be read and compared, its code panicked: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// It is byte for byte what was refused before.
    #[error("nothing has changed since the last attempt, which failed: {0}")]
    Again(Arc<ReloadError>),
    /// It was asked for another generation than the one in force; nothing was read.
    #[error("generation {generation} is in force, not the one it was asked for")]
    Superseded {
        /// The generation in force.
        generation: u64,
    },
    /// The application stops.
    #[error("the application stops")]
    Stopping,
}

impl ReloadError {
    /// What kind of failure it is, in a word: `invalid`, `static`, `prepare`, `panicked`,
    /// `superseded` or `stopping`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Static { .. } => "static",
            Self::Prepare(_) => "prepare",
            Self::Panicked { .. } => "panicked",
            Self::Again(before) => before.kind(),
            Self::Superseded { .. } => "superseded",
            Self::Stopping => "stopping",
        }
    }

    /// The paths of the values concerned, in order.
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::Invalid(errors) => {
                let mut paths: Vec<_> = errors
                    .iter()
                    .filter(|violation| !violation.path.is_empty())
                    .map(|violation| violation.path.clone())
                    .collect();
                paths.sort();
                paths.dedup();
                paths
            }
            Self::Static { paths } => paths.clone(),
            Self::Again(before) => before.paths(),
            Self::Prepare(_) | Self::Panicked { .. } | Self::Superseded { .. } | Self::Stopping => {
                Vec::new()
            }
        }
    }

    /// Why, in a sentence that shows no value: for events and health.
    pub fn reason(&self) -> String {
        match self {
            Self::Invalid(errors) => {
                let count = errors.iter().count();
                let mistakes = if count == 1 { "mistake" } else { "mistakes" };
                let paths = self.paths();
                if paths.is_empty() {
                    format!("the configuration has {count} {mistakes}")
                } else {
                    let paths = listed(&paths);
                    format!("the configuration has {count} {mistakes}: {paths}")
                }
            }
            Self::Again(before) => before.reason(),
            Self::Prepare(failure) => {
                let (module, phase) = (&failure.module, failure.phase.as_str());
                format!("module `{module}` could not {phase}")
            }
            // What it said may speak of values.
            Self::Panicked { .. } => {
                "the configuration could not be read and compared, its code panicked".to_owned()
            }
            Self::Static { .. } | Self::Superseded { .. } | Self::Stopping => self.to_string(),
        }
    }
}

fn listed(paths: &[String]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(", ")
}
