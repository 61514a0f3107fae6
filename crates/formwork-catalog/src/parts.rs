//! What a feature adds to a service beside whole files: dependencies, wiring, merges, actions, probes.

use semver::Version;
use serde::Serialize;

use crate::{OptionValue, Site, Step};

/// A dependency line of one layer crate; the version comes from a [`CratePin`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrateUse {
    pub features: Vec<String>,
    pub default_features: Option<bool>,
    pub optional: bool,
    pub site: Site,
}

/// A workspace-level dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CratePin {
    pub version: String,
    pub features: Vec<String>,
    pub default_features: Option<bool>,
    /// The name in the registry, when it is used under another one.
    pub package: Option<String>,
    pub site: Site,
}

/// Code for a slot of some template. Sorted by order, feature id, code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wiring {
    pub slot: String,
    pub order: i64,
    pub code: String,
    pub site: Site,
}

/// How a shared file is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Toml,
    Yaml,
    Json,
    Env,
}

/// A structured contribution to a shared file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merge {
    /// The path in the service.
    pub into: String,
    /// The path in the pack.
    pub from: String,
    pub format: Format,
    pub template: bool,
    pub site: Site,
}

/// When an action is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionWhen {
    /// After a project was created.
    New,
    /// After every change of a project.
    Change,
}

/// A command to run in the project after files were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    pub id: String,
    pub run: Vec<String>,
    pub when: ActionWhen,
    pub summary: String,
    pub site: Site,
}

/// What moving between two versions of the feature means for a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migration {
    pub from: Version,
    pub to: Version,
    pub summary: String,
    pub site: Site,
}

/// Evidence that the feature is wired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    pub name: String,
    #[serde(flatten)]
    pub kind: ProbeKind,
    pub site: Site,
}

/// Where the evidence is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProbeKind {
    /// A `GET` answers with this status, and with this text or these values in its body.
    Http {
        path: String,
        status: u16,
        contains: Option<String>,
        /// JSON pointer and the value expected there, sorted by pointer.
        json: Vec<(String, OptionValue)>,
    },
    /// A metric series is at least this high after the model's traffic.
    Metric { series: String, min: i64 },
    /// A component of the health report has this status.
    Health { component: String, status: String },
    /// A file of the project exists and contains the text.
    File {
        path: String,
        contains: Option<String>,
    },
    /// Every line of standard output is JSON with these fields.
    Log { fields: Vec<String> },
    /// A command in the project succeeds.
    Command { run: Vec<String> },
    /// Requests, one after the other, are answered as a file of the feature says.
    Scenario {
        /// The path in the pack.
        from: String,
        /// Known once the file is rendered for a project.
        steps: Vec<Step>,
    },
}
