//! A plan: exact versions, each with the reason it is there.

use std::collections::BTreeMap;

use formwork_catalog::{OptionValue, Site, Tier};
use semver::Version;
use serde::Serialize;

/// The one optimal answer to the wishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    pub tier: Tier,
    /// What a feature needs comes before it; otherwise by id.
    pub features: Vec<Planned>,
    /// Recommendations of wished features that did not fit.
    pub dropped: Vec<Dropped>,
    /// Features that could be added to this plan as it is, by id.
    pub suggestions: Vec<Suggestion>,
    /// Answers to options of features that are not in the plan.
    pub unused_answers: Vec<String>,
    /// False when the search was cut short: the plan is sound, but a better one may exist.
    pub optimal: bool,
    /// Needs that run in a circle by name, through alternatives or conditions. In the order of
    /// [`features`](Self::features) such a circle is cut where it is entered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<Circle>,
}

impl Plan {
    pub fn get(&self, id: &str) -> Option<&Planned> {
        self.features.iter().find(|planned| planned.id == id)
    }

    pub fn contains(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    /// Ids and versions, in the form [`Wishes::locked`](crate::Wishes::locked) takes.
    pub fn versions(&self) -> BTreeMap<String, Version> {
        self.features
            .iter()
            .map(|planned| (planned.id.clone(), planned.version.clone()))
            .collect()
    }
}

/// Features of a plan each of which needs the next, and the last the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Circle {
    pub features: Vec<String>,
    /// The need of the last feature, the one to do without.
    pub cut: Site,
}

/// A feature of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Planned {
    pub id: String,
    pub version: Version,
    pub reason: Reason,
    /// The value of every option, answered or default.
    pub options: BTreeMap<String, OptionValue>,
}

/// Why a feature is in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Reason {
    /// It was asked for, by name or as an answer.
    Wished,
    /// A need of another feature.
    Needed {
        by: String,
        /// The capability it was needed for, when it was not named itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        capability: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        site: Site,
    },
    /// A demand of the tier.
    Tier {
        tier: Tier,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        site: Site,
    },
    /// Every plan needs a provider of the capability, and this is its default.
    Default { capability: String, site: Site },
    /// Every plan needs a provider of the capability, and this is the one that fits.
    Role { capability: String, site: Site },
    /// A recommendation of a wished feature.
    Recommended {
        by: Vec<String>,
        reason: String,
        site: Site,
    },
}

/// A recommendation that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dropped {
    pub feature: String,
    pub by: Vec<String>,
    pub reason: String,
    pub site: Site,
}

/// What a suggestion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A feature of the plan recommends it.
    Recommends,
    /// Without it a practice of security is not followed.
    Security,
    /// Without it a practice of performance is not followed.
    Performance,
    /// A feature of the plan suggests it.
    Suggests,
    /// It ties features of the plan together.
    Supplements,
    /// It goes well with features of the plan.
    Enhances,
    /// It is made for services of the plan's tier.
    Tier,
    /// Most examples with features of the plan have it.
    Popular,
}

/// A feature worth adding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Suggestion {
    pub feature: String,
    pub basis: Basis,
    /// The features of the plan the suggestion comes from.
    pub by: Vec<String>,
    pub reason: String,
    pub site: Site,
    /// Where it is popular: in how many examples, of how many that have what it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<(usize, usize)>,
}

/// What differs between two plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    pub added: BTreeMap<String, Version>,
    pub removed: BTreeMap<String, Version>,
    /// From one version to another.
    pub moved: BTreeMap<String, (Version, Version)>,
}

impl Diff {
    pub fn between(from: &BTreeMap<String, Version>, to: &BTreeMap<String, Version>) -> Self {
        let mut diff = Self::default();
        for (id, version) in to {
            match from.get(id) {
                None => {
                    diff.added.insert(id.clone(), version.clone());
                }
                Some(old) if old != version => {
                    diff.moved
                        .insert(id.clone(), (old.clone(), version.clone()));
                }
                Some(_) => {}
            }
        }
        for (id, version) in from {
            if !to.contains_key(id) {
                diff.removed.insert(id.clone(), version.clone());
            }
        }
        diff
    }

    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.moved.is_empty()
    }
}
