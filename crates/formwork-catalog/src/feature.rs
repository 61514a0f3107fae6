//! A feature: one folder of data.

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::pack::pack_of;
use crate::{
    Action, Capability, Conflict, CratePin, CrateUse, Joint, Merge, Migration, Need, OptionSpec,
    Probe, Provide, Site, TierRule, Weak, Wiring,
};

/// What a feature is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Core,
    Health,
    Observability,
    Security,
    Storage,
    Cache,
    Messaging,
    Api,
    Domain,
    Deployment,
    Delivery,
    Documentation,
}

impl Kind {
    /// Every kind, in the order people read them.
    pub const ALL: [Self; 12] = [
        Self::Core,
        Self::Health,
        Self::Observability,
        Self::Security,
        Self::Storage,
        Self::Cache,
        Self::Messaging,
        Self::Api,
        Self::Domain,
        Self::Deployment,
        Self::Delivery,
        Self::Documentation,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Health => "health",
            Self::Observability => "observability",
            Self::Security => "security",
            Self::Storage => "storage",
            Self::Cache => "cache",
            Self::Messaging => "messaging",
            Self::Api => "api",
            Self::Domain => "domain",
            Self::Deployment => "deployment",
            Self::Delivery => "delivery",
            Self::Documentation => "documentation",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How demanding the service is about operations. A higher tier demands everything a lower one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    #[default]
    Basic,
    Intermediate,
    Advanced,
    Enterprise,
}

impl Tier {
    /// Every tier, lowest first.
    pub const ALL: [Self; 4] = [
        Self::Basic,
        Self::Intermediate,
        Self::Advanced,
        Self::Enterprise,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
            Self::Enterprise => "enterprise",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == name)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One version of a feature, with everything its manifest and folder say.
#[derive(Debug, Clone, Serialize)]
pub struct Feature {
    pub id: String,
    pub name: String,
    pub summary: String,
    pub version: Version,
    pub kind: Kind,
    pub tags: Vec<String>,
    /// The lowest tier at which the feature makes sense. Advice, not a rule.
    pub tier: Tier,
    /// The folder inside the pack, `features/sqlite`.
    pub folder: String,
    /// Where the manifest names the feature.
    pub site: Site,
    pub capabilities: Vec<Capability>,
    pub tiers: Vec<TierRule>,
    pub provides: Vec<Provide>,
    pub requires: Vec<Need>,
    pub conflicts: Vec<Conflict>,
    pub recommends: Vec<Weak>,
    pub suggests: Vec<Weak>,
    pub supplements: Vec<Joint>,
    pub enhances: Vec<Joint>,
    pub options: Vec<OptionSpec>,
    /// Dependency lines by layer crate (`domain` … `service`, or `workspace`), then by crate name.
    pub crates: BTreeMap<String, BTreeMap<String, CrateUse>>,
    pub dev_crates: BTreeMap<String, BTreeMap<String, CrateUse>>,
    /// Workspace-level pins by crate name.
    pub versions: BTreeMap<String, CratePin>,
    pub wiring: Vec<Wiring>,
    pub merges: Vec<Merge>,
    pub actions: Vec<Action>,
    pub migrations: Vec<Migration>,
    pub probes: Vec<Probe>,
    /// What `files/` and `seeds/` hold, by path in the service.
    pub files: Vec<File>,
    /// What `macros/` holds; `path` is the name templates import, `core/rust.j2`.
    pub macros: Vec<File>,
}

impl Feature {
    /// The id of the pack it belongs to, unless it is one of ours.
    pub fn pack(&self) -> Option<&str> {
        pack_of(&self.folder)
    }

    pub fn option(&self, key: &str) -> Option<&OptionSpec> {
        self.options.iter().find(|option| option.key == key)
    }

    pub fn provides(&self, capability: &str) -> Option<&Provide> {
        self.provides
            .iter()
            .find(|provide| provide.capability == capability)
    }
}

/// A file a feature brings. Its bytes are in the catalog's source under [`File::from`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct File {
    /// The path in the service, without the `.j2` suffix.
    pub path: String,
    /// The path in the pack.
    pub from: String,
    /// Whether it is rendered or copied.
    pub template: bool,
    /// Whether it is rendered once for every aggregate of the model.
    pub per_aggregate: bool,
    /// Whether it is from `seeds/`: written once, and then the owner's.
    pub seed: bool,
}
