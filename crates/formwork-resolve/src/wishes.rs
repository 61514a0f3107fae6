//! What somebody wants of a plan.

use std::collections::BTreeMap;
use std::fmt;

use formwork_catalog::Tier;
use semver::{Version, VersionReq};
use serde::Serialize;

/// One wish. Every wish is binding; a set of wishes that cannot hold together is a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum Wish {
    /// A feature, if it is in the plan, has exactly this version.
    Pin { feature: String, version: Version },
    /// A feature, or some provider of a capability, is in the plan.
    Want { id: String, range: VersionReq },
    /// An answer: to the question of a capability (`database=postgres`, `cache=none`) or to an
    /// option of a feature (`sqlite.journal-mode=wal`, or `journal-mode=wal` when one feature asks it).
    Answer { question: String, value: String },
    /// The demands of this tier and every lower one hold. The highest tier named counts.
    Tier { tier: Tier },
    /// A feature, or every provider of a capability, stays out.
    Refuse { id: String },
}

impl fmt::Display for Wish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin { feature, version } => write!(formatter, "`{feature}` at exactly {version}"),
            Self::Want { id, range } if *range == VersionReq::STAR => write!(formatter, "`{id}`"),
            Self::Want { id, range } => write!(formatter, "`{id}` {range}"),
            Self::Answer { question, value } => write!(formatter, "`{question}={value}`"),
            Self::Tier { tier } => write!(formatter, "the tier `{tier}`"),
            Self::Refuse { id } => write!(formatter, "no `{id}`"),
        }
    }
}

/// All wishes, and what an earlier plan settled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Wishes {
    pub list: Vec<Wish>,
    /// The versions of an earlier plan. They are kept as far as the wishes allow.
    pub locked: BTreeMap<String, Version>,
}

impl Wishes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(mut self, wish: Wish) -> Self {
        self.list.push(wish);
        self
    }

    pub fn want(self, id: impl Into<String>) -> Self {
        self.want_range(id, VersionReq::STAR)
    }

    pub fn want_range(self, id: impl Into<String>, range: VersionReq) -> Self {
        let id = id.into();
        self.with(Wish::Want { id, range })
    }

    pub fn pin(self, feature: impl Into<String>, version: Version) -> Self {
        let feature = feature.into();
        self.with(Wish::Pin { feature, version })
    }

    pub fn answer(self, question: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(Wish::Answer {
            question: question.into(),
            value: value.into(),
        })
    }

    pub fn tier(self, tier: Tier) -> Self {
        self.with(Wish::Tier { tier })
    }

    pub fn refuse(self, id: impl Into<String>) -> Self {
        self.with(Wish::Refuse { id: id.into() })
    }

    pub fn lock(mut self, feature: impl Into<String>, version: Version) -> Self {
        self.locked.insert(feature.into(), version);
        self
    }

    /// The highest tier wished.
    pub fn highest_tier(&self) -> Tier {
        self.list
            .iter()
            .filter_map(|wish| match wish {
                Wish::Tier { tier } => Some(*tier),
                _ => None,
            })
            .max()
            .unwrap_or_default()
    }
}
