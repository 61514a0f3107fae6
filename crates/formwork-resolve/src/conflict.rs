//! A conflict as a value: minimal cores, their derivations, and fixes that were tried out.

use formwork_catalog::{Site, Tier};
use serde::Serialize;

use crate::{Diff, Plan, Wish, Wishes};

/// Why the wishes cannot hold together, and what could be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Independent conflicts: no two share a wish. Never empty.
    pub cores: Vec<Core>,
    /// Up to five ways out, the smallest and gentlest first. A search has shown that each resolves.
    pub fixes: Vec<Fix>,
}

/// Wishes and rules that cannot hold together. Without any one of them the rest can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Core {
    pub wishes: Vec<Wish>,
    pub rules: Vec<Site>,
    pub derivation: Derivation,
}

/// The steps from the wishes to the contradiction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Derivation {
    pub steps: Vec<Step>,
}

/// One step of a derivation; each but the first kind names the rule it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// The wish itself.
    Wish { wish: Wish },
    /// The wished range matches no version there is.
    NoVersion { wish: Wish, existing: Vec<String> },
    /// A feature needs one of these.
    Need {
        feature: String,
        any: Vec<Name>,
        /// What is left to fill the need.
        only: Vec<String>,
        /// What could have filled it, but is out by now.
        ruled_out: Vec<String>,
        reason: Option<String>,
        site: Site,
    },
    /// A tier demands one of these.
    Tier {
        tier: Tier,
        any: Vec<Name>,
        only: Vec<String>,
        ruled_out: Vec<String>,
        reason: Option<String>,
        site: Site,
    },
    /// A capability must be provided.
    Demand {
        capability: String,
        only: Vec<String>,
        ruled_out: Vec<String>,
        reason: Option<String>,
        site: Site,
    },
    /// Only one feature may provide a capability.
    Exclusive {
        capability: String,
        features: Vec<String>,
        reason: Option<String>,
        site: Site,
    },
    /// Two features exclude each other.
    Conflict {
        feature: String,
        with: Vec<String>,
        reason: Option<String>,
        site: Site,
    },
    /// A feature is in a plan in one version only.
    OneVersion { feature: String },
    /// One of several must hold, and each fails.
    Either { branches: Vec<Branch> },
}

/// What a need names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    pub capability: bool,
}

/// One case of a [`Step::Either`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    pub feature: String,
    pub derivation: Derivation,
}

/// A changed set of wishes that can be met together. [`Resolver::outcomes`](crate::Resolver::outcomes)
/// tells what it comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    pub changes: Vec<Change>,
    /// The wishes with the changes made.
    pub wishes: Wishes,
}

/// A fix worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub changes: Vec<Change>,
    /// The wishes with the changes made.
    pub wishes: Wishes,
    pub plan: Plan,
    /// Against what was locked; for a new project, against the plan without the wishes in conflict.
    pub diff: Diff,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixKind {
    /// Take a version outside the wished range.
    Version,
    /// Answer a question differently.
    Answer,
    /// Take another provider of the same capability.
    Provider,
    /// Ask for another tier.
    Tier,
    /// Let the wish go.
    Drop,
}

/// One wish replaced by another, or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: FixKind,
    pub from: Wish,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Wish>,
}
