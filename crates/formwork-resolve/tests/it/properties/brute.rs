//! Brute force: every choice of versions, judged by the rules as they read. Knows nothing of clauses.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{
    Cardinality, Catalog, Condition, Feature, Need, Target, Tier, Weak, When, matches,
};
use formwork_resolve::{Wish, Wishes};
use semver::Version;

pub(super) type Choice<'a> = BTreeMap<&'a str, &'a Feature>;

/// The smaller the better, level by level.
pub(super) type Cost = (
    [usize; 2],
    usize,
    usize,
    usize,
    usize,
    Vec<bool>,
    Vec<usize>,
);

/// Every sound plan, the best first.
pub(super) fn brute_force(
    catalog: &Catalog,
    wishes: &Wishes,
) -> Vec<(Cost, BTreeMap<String, Version>)> {
    let judge = Judge { catalog, wishes };
    let sound = choices(catalog).filter(|chosen| judge.is_sound(chosen));
    let mut plans: Vec<_> = sound
        .map(|chosen| {
            let versions = chosen
                .values()
                .map(|it| (it.id.clone(), it.version.clone()));
            (judge.cost(&chosen), versions.collect())
        })
        .collect();
    plans.sort();
    plans
}

/// Every choice of versions.
pub(super) fn choices(catalog: &Catalog) -> impl Iterator<Item = Choice<'_>> {
    let ids: Vec<_> = catalog.ids().collect();
    let counts: Vec<_> = ids
        .iter()
        .map(|id| catalog.versions(id).len() + 1)
        .collect();
    let all: usize = counts.iter().product();
    (0..all).map(move |mut number| {
        let mut chosen = Choice::new();
        for (id, count) in ids.iter().zip(&counts) {
            if let Some(version) = (number % count).checked_sub(1) {
                chosen.insert(id, &catalog.versions(id)[version]);
            }
            number /= count;
        }
        chosen
    })
}

/// The rules of a catalog for some wishes.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) wishes: &'a Wishes,
}

impl<'a> Judge<'a> {
    /// Whether a plan keeps every wish and every rule, and everything in it has a reason.
    pub(super) fn is_sound(self, chosen: &Choice<'_>) -> bool {
        self.keeps_wishes(chosen)
            && self.keeps_rules(chosen, |_| true, [true; 2])
            && self.is_grounded(chosen)
    }

    /// Whether the wishes for features, pins and refusals hold; answers and the tier always do.
    pub(super) fn keeps_wishes(self, chosen: &Choice<'_>) -> bool {
        self.wishes.list.iter().all(|wish| match wish {
            Wish::Want { id, range } => chosen
                .get(id.as_str())
                .is_some_and(|it| matches(range, &it.version)),
            Wish::Pin { feature, version } => chosen
                .get(feature.as_str())
                .is_none_or(|it| it.version == *version),
            Wish::Refuse { id } => !chosen.contains_key(id.as_str()),
            Wish::Answer { .. } | Wish::Tier { .. } => true,
        })
    }

    /// Whether those rules hold that count, by id; of a cardinality the lower and the upper bound
    /// count by themselves.
    pub(super) fn keeps_rules(
        self,
        chosen: &Choice<'_>,
        counts: impl Fn(&str) -> bool,
        [lower, upper]: [bool; 2],
    ) -> bool {
        let rules = chosen.values().all(|feature| {
            self.needs(feature).all(|need| {
                !counts(&need.site.rule)
                    || !self.applies(chosen, feature, &need.when)
                    || need.any.iter().any(|it| self.has(chosen, it))
            }) && feature.conflicts.iter().all(|conflict| {
                !counts(&conflict.site.rule)
                    || !self.applies(chosen, feature, &conflict.when)
                    || !chosen.contains_key(conflict.with.as_str())
            })
        });
        let roles = self.catalog.capabilities().all(|capability| {
            let providers = chosen
                .values()
                .filter(|it| it.provides(&capability.id).is_some());
            let count = providers.count();
            let (at_least, at_most) = match capability.cardinality {
                Cardinality::ExactlyOne => (1, 1),
                Cardinality::AtMostOne => (0, 1),
                Cardinality::AtLeastOne => (1, usize::MAX),
                Cardinality::Any => (0, usize::MAX),
            };
            let is_declared = chosen.contains_key(capability.feature.as_str());
            !counts(&capability.site.rule)
                || ((!lower || !is_declared || count >= at_least) && (!upper || count <= at_most))
        });
        rules && roles
    }

    /// The needs of a feature, with those of the tiers up to the one wished.
    fn needs(self, feature: &Feature) -> impl Iterator<Item = &Need> {
        let tier = self.tier();
        let tiers = feature.tiers.iter().filter(move |it| it.tier <= tier);
        let tiers = tiers.flat_map(|it| &it.requires);
        feature.requires.iter().chain(tiers)
    }

    fn tier(self) -> Tier {
        let tiers = self.wishes.list.iter().filter_map(|wish| match wish {
            Wish::Tier { tier } => Some(*tier),
            _ => None,
        });
        tiers.max().unwrap_or(Tier::Basic)
    }

    fn has(self, chosen: &Choice<'_>, target: &Target) -> bool {
        chosen
            .values()
            .any(|feature| self.catalog.accepts(target, feature))
    }

    fn applies(self, chosen: &Choice<'_>, owner: &Feature, when: &When) -> bool {
        when.all.iter().all(|condition| match condition {
            Condition::Feature(target) | Condition::Capability(target) => self.has(chosen, target),
            Condition::Tier(tier) => *tier <= self.tier(),
            Condition::Answer { option, value, .. } => {
                let asked = format!("{}.{option}", owner.id);
                let answer = self.wishes.list.iter().find_map(|wish| match wish {
                    Wish::Answer { question, value } if *question == asked => Some(value.clone()),
                    _ => None,
                });
                let default = owner.option(option).map(|it| it.default.to_string());
                answer.or(default).as_ref() == Some(value)
            }
        })
    }

    fn wished(self) -> BTreeSet<&'a str> {
        let ids = self.wishes.list.iter().filter_map(|wish| match wish {
            Wish::Want { id, .. } => Some(id.as_str()),
            _ => None,
        });
        ids.collect()
    }

    fn is_grounded(self, chosen: &Choice<'_>) -> bool {
        let wished = self.wished();
        let mut reached: BTreeSet<&str> = chosen
            .keys()
            .copied()
            .filter(|id| wished.contains(id))
            .collect();
        loop {
            let so_far = chosen.iter().filter(|(id, _)| reached.contains(*id));
            let so_far: Choice<'_> = so_far.map(|(id, feature)| (*id, *feature)).collect();
            let more: Vec<&str> = chosen
                .iter()
                .filter(|(id, feature)| {
                    !reached.contains(*id)
                        && (self.ties(&so_far, feature)
                            || so_far.values().any(|by| self.brings(&so_far, by, feature)))
                })
                .map(|(id, _)| *id)
                .collect();
            if more.is_empty() {
                return reached.len() == chosen.len();
            }
            reached.extend(more);
        }
    }

    /// Whether a feature ties others together, one of which was wished for.
    fn ties(self, chosen: &Choice<'_>, feature: &Feature) -> bool {
        let wished = self.wished();
        feature.supplements.iter().any(|joint| {
            joint.when_all.iter().all(|it| self.has(chosen, it))
                && joint
                    .when_all
                    .iter()
                    .any(|it| wished.contains(it.id.as_str()))
        })
    }

    fn brings(self, chosen: &Choice<'_>, by: &Feature, feature: &Feature) -> bool {
        let needed = self.needs(by).any(|need| {
            self.applies(chosen, by, &need.when)
                && need.any.iter().any(|it| self.catalog.accepts(it, feature))
        });
        let recommends = |weak: &Weak| {
            self.applies(chosen, by, &weak.when) && self.catalog.accepts(&weak.feature, feature)
        };
        let recommended =
            self.wished().contains(by.id.as_str()) && by.recommends.iter().any(recommends);
        let role = by.capabilities.iter().any(|capability| {
            capability.cardinality.is_demanded() && feature.provides(&capability.id).is_some()
        });
        needed || recommended || role
    }

    fn cost(self, chosen: &Choice<'_>) -> Cost {
        let Self { catalog, wishes } = self;
        let ids: Vec<_> = catalog.ids().collect();
        let wished = self.wished();
        let gone = wishes
            .locked
            .keys()
            .filter(|id| !chosen.contains_key(id.as_str()));
        let moved = wishes.locked.iter().filter(|(id, version)| {
            let kept = chosen.get(id.as_str());
            kept.is_none_or(|feature| feature.version != **version)
        });
        let behind = |id: &&str| {
            let versions = catalog.versions(id);
            let at = chosen.get(id).map(|it| &it.version);
            versions.iter().position(|it| Some(&it.version) == at)
        };
        (
            [gone.count(), moved.count()],
            self.missed_defaults(chosen),
            self.missed(chosen).len(),
            chosen.keys().filter(|id| !wished.contains(*id)).count(),
            ids.iter().filter_map(behind).sum(),
            ids.iter().map(|id| !chosen.contains_key(id)).collect(),
            ids.iter().filter_map(behind).collect(),
        )
    }

    /// How many roles that are asked for by name are not filled by their default.
    fn missed_defaults(self, chosen: &Choice<'_>) -> usize {
        let wished = self.wished();
        let missed = self.catalog.capabilities().filter(|capability| {
            let demanded = capability.cardinality.is_demanded()
                && chosen.contains_key(capability.feature.as_str());
            let needed = chosen.values().any(|feature| {
                self.needs(feature).any(|need| {
                    self.applies(chosen, feature, &need.when)
                        && need.any.iter().any(|target| target.id == capability.id)
                })
            });
            let providers = self.catalog.providers(&capability.id);
            (demanded || needed)
                && capability.default.as_deref().is_some_and(|default| {
                    !providers.iter().any(|it| wished.contains(it))
                        && !chosen.contains_key(default)
                        && providers.iter().any(|it| chosen.contains_key(it))
                })
        });
        missed.count()
    }

    /// What wished features recommend in vain.
    fn missed(self, chosen: &Choice<'_>) -> BTreeSet<&'a str> {
        let wished = self.wished();
        let mut missed = BTreeSet::new();
        for feature in self.catalog.features() {
            let is_in = chosen
                .get(feature.id.as_str())
                .is_some_and(|it| it.version == feature.version);
            if is_in && wished.contains(feature.id.as_str()) {
                for weak in &feature.recommends {
                    if self.applies(chosen, feature, &weak.when) && !self.has(chosen, &weak.feature)
                    {
                        missed.insert(weak.feature.id.as_str());
                    }
                }
            }
            if !is_in && self.ties(chosen, feature) {
                missed.insert(&feature.id);
            }
        }
        for wish in &self.wishes.list {
            if let Wish::Refuse { id } = wish {
                missed.remove(id.as_str());
            }
        }
        missed
    }
}
