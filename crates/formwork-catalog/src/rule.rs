//! The rules a feature brings: needs, conflicts, offers and weak dependencies, each with its place.

use std::fmt;

use semver::{Version, VersionReq};
use serde::Serialize;

use crate::{Position, Tier};

/// Which rule this is and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Site {
    /// Unique within the catalog: `sqlite@1.0.0/requires/0`.
    pub rule: String,
    /// The manifest, as a path in the pack.
    pub path: String,
    #[serde(flatten)]
    pub position: Position,
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.path, self.position)
    }
}

/// A feature or a capability (they share one namespace), and which versions of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    pub id: String,
    pub range: VersionReq,
    pub position: Position,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.range == VersionReq::STAR {
            formatter.write_str(&self.id)
        } else {
            write!(formatter, "{} {}", self.id, self.range)
        }
    }
}

/// When a rule or an option applies: all conditions hold. No conditions: always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct When {
    pub all: Vec<Condition>,
}

impl When {
    pub fn is_always(&self) -> bool {
        self.all.is_empty()
    }
}

/// One condition of a [`When`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// A feature is in the plan.
    Feature(Target),
    /// Something in the plan provides the capability.
    Capability(Target),
    /// An option of the feature the condition belongs to has this value.
    Answer {
        option: String,
        value: String,
        position: Position,
    },
    /// The plan's tier is at least this one.
    Tier(Tier),
}

/// One of the targets must be in the plan.
#[derive(Debug, Clone, Serialize)]
pub struct Need {
    pub any: Vec<Target>,
    pub when: When,
    pub reason: Option<String>,
    pub site: Site,
}

/// What a tier, and every higher one, demands of a plan with the declaring feature in it.
#[derive(Debug, Clone, Serialize)]
pub struct TierRule {
    pub tier: Tier,
    pub requires: Vec<Need>,
    pub reason: Option<String>,
}

/// The feature fills the role of a capability.
#[derive(Debug, Clone, Serialize)]
pub struct Provide {
    pub capability: String,
    pub version: Version,
    pub site: Site,
}

/// The feature cannot be in one plan with a feature, with other providers of a capability, or with other features of a kind.
#[derive(Debug, Clone, Serialize)]
pub struct Conflict {
    /// The id of a feature or capability, or else the name of a kind.
    pub with: String,
    pub range: VersionReq,
    pub when: When,
    pub reason: Option<String>,
    pub site: Site,
}

/// What a service lacks that follows no practice of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Practice {
    Security,
    Performance,
}

impl Practice {
    /// Every practice.
    pub const ALL: [Self; 2] = [Self::Security, Self::Performance];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Performance => "performance",
        }
    }
}

/// A feature that goes well with this one.
#[derive(Debug, Clone, Serialize)]
pub struct Weak {
    pub feature: Target,
    pub when: When,
    pub reason: String,
    /// What it is a practice of, as rate limits are of security.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<Practice>,
    pub site: Site,
}

/// This feature goes well with plans that have all of these.
#[derive(Debug, Clone, Serialize)]
pub struct Joint {
    pub when_all: Vec<Target>,
    pub reason: String,
    /// What it is a practice of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<Practice>,
    pub site: Site,
}
