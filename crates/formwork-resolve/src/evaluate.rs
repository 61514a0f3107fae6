//! The independent evaluator: walks every rule over a plan, knowing nothing of clauses.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{Condition, Feature, Need, Target, When, matches};

use crate::Reason;
use crate::request::{Meaning, Request};

/// The features of a plan by id.
pub(crate) type Chosen<'a> = BTreeMap<&'a str, &'a Feature>;

/// Whether a target is in the plan.
pub(crate) fn present(chosen: &Chosen<'_>, target: &Target) -> bool {
    // Features and capabilities share one namespace.
    match chosen.get(target.id.as_str()) {
        Some(feature) => matches(&target.range, &feature.version),
        None => chosen.values().any(|feature| {
            let provide = feature.provides(&target.id);
            provide.is_some_and(|provide| matches(&target.range, &provide.version))
        }),
    }
}

/// Whether a rule of a feature applies.
pub(crate) fn applies(
    request: &Request<'_>,
    chosen: &Chosen<'_>,
    owner: &Feature,
    when: &When,
) -> bool {
    when.all.iter().all(|condition| match condition {
        Condition::Feature(target) | Condition::Capability(target) => present(chosen, target),
        settled => request.settled(owner, settled).unwrap_or(false),
    })
}

/// The needs of a feature that apply, those of tiers among them.
pub(crate) fn needs<'a>(
    request: &Request<'_>,
    chosen: &Chosen<'_>,
    feature: &'a Feature,
) -> Vec<&'a Need> {
    let tiers = feature.tiers.iter().filter(|it| it.tier <= request.tier);
    let tier_needs = tiers.flat_map(|rule| &rule.requires);
    let all = feature.requires.iter().chain(tier_needs);
    all.filter(|need| applies(request, chosen, feature, &need.when))
        .collect()
}

/// Everything a plan breaks; a sound one gives an empty list.
pub(crate) fn violations(
    request: &Request<'_>,
    chosen: &Chosen<'_>,
    grounds: &BTreeMap<&str, Reason>,
) -> Vec<String> {
    let mut broken = Vec::new();
    for (index, meaning) in request.meanings.iter().enumerate() {
        let kept = match meaning {
            Meaning::Feature { id, range } => chosen
                .get(id)
                .is_some_and(|feature| matches(range, &feature.version)),
            Meaning::Capability { id, range } => chosen.values().any(|feature| {
                feature
                    .provides(id)
                    .is_some_and(|provide| matches(range, &provide.version))
            }),
            Meaning::Pin { id, version } => chosen
                .get(id)
                .is_none_or(|feature| feature.version == **version),
            Meaning::Refuse(ids) => ids.iter().all(|id| !chosen.contains_key(id)),
            Meaning::Option | Meaning::Tier => true,
        };
        if !kept {
            broken.push(format!("the wish {}", request.wishes.list[index]));
        }
    }
    for feature in chosen.values() {
        for need in needs(request, chosen, feature) {
            if !need.any.iter().any(|it| present(chosen, it)) {
                broken.push(format!("the need at {}", need.site));
            }
        }
        for conflict in &feature.conflicts {
            let hit = chosen
                .values()
                .any(|other| request.catalog.excludes(feature, conflict, other));
            if hit && applies(request, chosen, feature, &conflict.when) {
                broken.push(format!("the conflict at {}", conflict.site));
            }
        }
    }
    for capability in request.catalog.capabilities() {
        let providers = chosen
            .values()
            .filter(|it| it.provides(&capability.id).is_some());
        let count = providers.count();
        let demanded = capability.cardinality.is_demanded()
            && chosen.contains_key(capability.feature.as_str());
        if (capability.cardinality.is_exclusive() && count > 1) || (demanded && count == 0) {
            broken.push(format!("the cardinality at {}", capability.site));
        }
    }
    for id in chosen.keys().filter(|id| !grounds.contains_key(*id)) {
        broken.push(format!("nothing asks for `{id}`"));
    }
    broken
}

/// Why each feature is in the plan: the shortest way from a wish, and the strongest reason of that
/// length. A feature without a reason only supports itself.
pub(crate) fn grounds<'a>(request: &Request<'a>, chosen: &Chosen<'a>) -> BTreeMap<&'a str, Reason> {
    let mut grounds: BTreeMap<&'a str, Reason> = BTreeMap::new();
    for meaning in &request.meanings {
        for (id, feature) in chosen {
            let meant = match meaning {
                Meaning::Feature { id: wished, .. } => wished == id,
                Meaning::Capability { id, .. } => feature.provides(id).is_some(),
                _ => false,
            };
            if meant {
                grounds.insert(id, Reason::Wished);
            }
        }
    }
    // What a reason rests on must have a reason itself: conditions count only what has one.
    let mut founded: Chosen<'a> = BTreeMap::new();
    loop {
        let mut fresh = BTreeSet::new();
        for (id, feature) in chosen {
            if grounds.contains_key(id) && founded.insert(id, feature).is_none() {
                fresh.insert(*id);
            }
        }
        let mut wave: BTreeMap<&'a str, Reason> = BTreeMap::new();
        let mut offer = |id: &'a str, reason: Reason| {
            let better = wave.get(id).is_none_or(|known| rank(&reason) < rank(known));
            if better {
                wave.insert(id, reason);
            }
        };
        let open = || chosen.iter().filter(|(id, _)| !grounds.contains_key(*id));
        for (owner, feature) in &founded {
            // What needs no condition has brought all it can.
            if !fresh.contains(owner) && !is_conditional(feature) {
                continue;
            }
            for (id, reason) in brought(request, chosen, &founded, feature) {
                if !grounds.contains_key(id) {
                    offer(id, reason);
                }
            }
            if request.named.contains(owner) {
                for weak in &feature.recommends {
                    let known = chosen.get_key_value(weak.feature.id.as_str());
                    if let Some((id, _)) = known.filter(|(id, _)| !grounds.contains_key(*id))
                        && present(chosen, &weak.feature)
                        && applies(request, &founded, feature, &weak.when)
                    {
                        let by = recommenders(request, chosen, id);
                        let reason = weak.reason.clone();
                        let site = weak.site.clone();
                        offer(id, Reason::Recommended { by, reason, site });
                    }
                }
            }
        }
        for (id, feature) in open() {
            for joint in &feature.supplements {
                if joint
                    .when_all
                    .iter()
                    .any(|it| request.named.contains(it.id.as_str()))
                    && joint.when_all.iter().all(|it| present(&founded, it))
                {
                    let by = joint.when_all.iter().map(|it| it.id.clone()).collect();
                    let reason = joint.reason.clone();
                    let site = joint.site.clone();
                    offer(id, Reason::Recommended { by, reason, site });
                }
            }
        }
        if wave.is_empty() {
            return grounds;
        }
        grounds.extend(wave);
    }
}

/// Whether something a feature brings depends on what else is in the plan.
fn is_conditional(feature: &Feature) -> bool {
    let tiers = feature.tiers.iter().flat_map(|rule| &rule.requires);
    let needs = feature.requires.iter().chain(tiers).map(|need| &need.when);
    let mut all = needs.chain(feature.recommends.iter().map(|weak| &weak.when));
    all.any(|when| !when.is_always())
}

/// What the rules of one feature of the plan bring, with the reason.
fn brought<'a>(
    request: &Request<'a>,
    chosen: &Chosen<'a>,
    founded: &Chosen<'a>,
    feature: &Feature,
) -> Vec<(&'a str, Reason)> {
    let mut brought = Vec::new();
    for need in &feature.requires {
        if applies(request, founded, feature, &need.when) {
            for (id, capability) in fillers(chosen, need) {
                brought.push((
                    id,
                    Reason::Needed {
                        by: feature.id.clone(),
                        capability,
                        reason: need.reason.clone(),
                        site: need.site.clone(),
                    },
                ));
            }
        }
    }
    // The highest demand that something meets is the one to name: it meets the lower ones as well.
    let mut tiers: Vec<_> = feature
        .tiers
        .iter()
        .filter(|it| it.tier <= request.tier)
        .collect();
    tiers.sort_by_key(|it| std::cmp::Reverse(it.tier));
    for rule in tiers {
        for need in &rule.requires {
            if applies(request, founded, feature, &need.when) {
                for (id, _) in fillers(chosen, need) {
                    brought.push((
                        id,
                        Reason::Tier {
                            tier: rule.tier,
                            reason: need.reason.clone().or_else(|| rule.reason.clone()),
                            site: need.site.clone(),
                        },
                    ));
                }
            }
        }
    }
    for capability in request.catalog.capabilities() {
        if capability.feature == feature.id && capability.cardinality.is_demanded() {
            for (id, other) in chosen {
                if other.provides(&capability.id).is_some() {
                    let site = capability.site.clone();
                    let is_default = capability.default.as_deref() == Some(*id);
                    let capability = capability.id.clone();
                    brought.push((
                        *id,
                        if is_default {
                            Reason::Default { capability, site }
                        } else {
                            Reason::Role { capability, site }
                        },
                    ));
                }
            }
        }
    }
    brought
}

fn fillers<'a>(chosen: &Chosen<'a>, need: &Need) -> Vec<(&'a str, Option<String>)> {
    let mut fillers = Vec::new();
    for target in &need.any {
        if let Some((id, feature)) = chosen.get_key_value(target.id.as_str()) {
            if matches(&target.range, &feature.version) {
                fillers.push((*id, None));
            }
            continue;
        }
        for (id, other) in chosen {
            if let Some(provide) = other.provides(&target.id)
                && matches(&target.range, &provide.version)
            {
                fillers.push((*id, Some(target.id.clone())));
            }
        }
    }
    fillers
}

/// The wished features that recommend a feature of the plan.
fn recommenders(request: &Request<'_>, chosen: &Chosen<'_>, id: &str) -> Vec<String> {
    let mut by = BTreeSet::new();
    for (owner, feature) in chosen {
        let recommends = feature
            .recommends
            .iter()
            .any(|weak| weak.feature.id == id && applies(request, chosen, feature, &weak.when));
        if recommends && request.named.contains(owner) {
            by.insert((*owner).to_owned());
        }
    }
    by.into_iter().collect()
}

fn rank(reason: &Reason) -> u8 {
    match reason {
        Reason::Wished => 0,
        Reason::Needed {
            capability: None, ..
        } => 1,
        Reason::Tier { .. } => 2,
        Reason::Default { .. } => 3,
        Reason::Needed { .. } => 4,
        Reason::Role { .. } => 5,
        Reason::Recommended { .. } => 6,
    }
}
