//! Answers to why a feature is in a plan, and why it is not.

use formwork_catalog::{Catalog, Site};
use semver::Version;
use serde::Serialize;

use crate::check::largest;
use crate::cores::conflict;
use crate::resolve::{Resolver, plan};
use crate::{Conflict, Diff, Plan, Reason, ResolveError, Wish, Wishes};

/// The chain from a feature to the wish it rests on; the feature itself comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Why {
    pub chain: Vec<(String, Reason)>,
}

/// What would happen if a feature were asked for as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum WhyNot {
    /// It is in the plan already.
    Present { why: Why },
    /// Nothing asks for it; asking for it would change this.
    Possible { diff: Diff },
    /// It cannot be in a plan with these wishes.
    Impossible { conflict: Box<Conflict> },
}

/// What would happen if something were asked for as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum WhatIf {
    /// This plan, which differs so much from the present one.
    Possible { diff: Diff, plan: Box<Plan> },
    /// The wishes could not be met together.
    Impossible { conflict: Box<Conflict> },
}

/// The largest consistent part of the wishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Degraded {
    pub plan: Plan,
    /// The wishes that were met.
    pub wishes: Wishes,
    pub left_out: Vec<LeftOut>,
}

/// A wish that was not met, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub wish: Wish,
    pub because: Conflict,
}

/// A version of a feature that no plan can hold, whatever else is wished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unselectable {
    pub feature: String,
    pub version: Version,
    /// Where the feature is written.
    pub site: Site,
    pub because: Conflict,
}

/// Why a feature is in the plan; nothing when it is not.
pub fn why(plan: &Plan, id: &str) -> Option<Why> {
    let mut chain: Vec<(String, Reason)> = Vec::new();
    let mut planned = plan.get(id)?;
    loop {
        chain.push((planned.id.clone(), planned.reason.clone()));
        let by = match &planned.reason {
            Reason::Needed { by, .. } => by,
            Reason::Recommended { by, .. } => match by.first() {
                Some(by) => by,
                None => return Some(Why { chain }),
            },
            _ => return Some(Why { chain }),
        };
        match plan.get(by) {
            Some(next) if chain.iter().all(|(id, _)| *id != next.id) => planned = next,
            _ => return Some(Why { chain }),
        }
    }
}

impl Resolver<'_> {
    /// Why a feature is not in the plan for the wishes, or what asking for it would bring.
    pub fn why_not(&self, wishes: &Wishes, id: &str) -> Result<WhyNot, ResolveError> {
        let now = self.resolve(wishes)?;
        if let Some(why) = why(&now, id) {
            return Ok(WhyNot::Present { why });
        }
        match self.resolve(&wishes.clone().want(id)) {
            Ok(other) => Ok(WhyNot::Possible {
                diff: Diff::between(&now.versions(), &other.versions()),
            }),
            Err(ResolveError::Conflict(conflict)) => Ok(WhyNot::Impossible { conflict }),
            Err(error) => Err(error),
        }
    }

    /// What a further wish would change.
    pub fn what_if(&self, wishes: &Wishes, wish: Wish) -> Result<WhatIf, ResolveError> {
        self.what_if_instead(wishes, &wishes.clone().with(wish))
    }

    /// What other wishes in the place of these would change.
    pub fn what_if_instead(
        &self,
        wishes: &Wishes,
        others: &Wishes,
    ) -> Result<WhatIf, ResolveError> {
        let now = self.resolve(wishes)?;
        match self.resolve(others) {
            Ok(plan) => Ok(WhatIf::Possible {
                diff: Diff::between(&now.versions(), &plan.versions()),
                plan: Box::new(plan),
            }),
            Err(ResolveError::Conflict(conflict)) => Ok(WhatIf::Impossible { conflict }),
            Err(error) => Err(error),
        }
    }

    /// The plan for the largest part of the wishes that holds together.
    pub fn degrade(&self, wishes: &Wishes) -> Result<Degraded, ResolveError> {
        let kept = self.asking(wishes, |ask| Ok(largest(ask)))?;
        let mut met = wishes.clone();
        met.list.clear();
        for index in &kept {
            met.list.push(wishes.list[*index].clone());
        }
        let mut left_out = Vec::new();
        for (index, wish) in wishes.list.iter().enumerate() {
            if !kept.contains(&index) {
                let more = met.clone().with(wish.clone());
                left_out.push(LeftOut {
                    wish: wish.clone(),
                    because: self.asking(&more, conflict)?,
                });
            }
        }
        Ok(Degraded {
            plan: self.resolve(&met)?,
            wishes: met,
            left_out,
        })
    }

    /// Every version of a feature that can never be selected. The catalog reports those that two or
    /// three manifests rule out; this search is complete.
    pub fn unselectable(&self) -> Result<Vec<Unselectable>, ResolveError> {
        let mut found = Vec::new();
        for feature in self.catalog().features() {
            let (id, version) = (&feature.id, &feature.version);
            let wishes = Wishes::new().want(id).pin(id, version.clone());
            let because = self.asking(&wishes, |ask| match plan(ask)? {
                Some(_) => Ok(None),
                None => conflict(ask).map(Some),
            })?;
            if let Some(because) = because {
                found.push(Unselectable {
                    feature: id.clone(),
                    version: version.clone(),
                    site: feature.site.clone(),
                    because,
                });
            }
        }
        Ok(found)
    }
}

/// Why a feature is not in the plan for the wishes, or what asking for it would bring.
pub fn why_not(catalog: &Catalog, wishes: &Wishes, id: &str) -> Result<WhyNot, ResolveError> {
    Resolver::new(catalog).why_not(wishes, id)
}

/// What a further wish would change.
pub fn what_if(catalog: &Catalog, wishes: &Wishes, wish: Wish) -> Result<WhatIf, ResolveError> {
    Resolver::new(catalog).what_if(wishes, wish)
}

/// The plan for the largest part of the wishes that holds together.
pub fn degrade(catalog: &Catalog, wishes: &Wishes) -> Result<Degraded, ResolveError> {
    Resolver::new(catalog).degrade(wishes)
}

/// Every version of a feature that can never be selected. The catalog reports those that two or
/// three manifests rule out; this search is complete.
pub fn unselectable(catalog: &Catalog) -> Result<Vec<Unselectable>, ResolveError> {
    Resolver::new(catalog).unselectable()
}
