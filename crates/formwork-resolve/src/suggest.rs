//! Features worth adding, each of which can be added to the plan as it is.

use std::collections::BTreeMap;

use formwork_catalog::{Catalog, Popular, Practice, Tier};

use crate::ask::Ask;
use crate::engine::{Lit, Verdict};
use crate::evaluate::{Chosen, applies, present};
use crate::{Basis, Plan, Suggestion};

pub(crate) fn suggestions<'a>(ask: &Ask<'_, 'a>, plan: &Plan) -> Vec<Suggestion> {
    let request = ask.request;
    let catalog = request.catalog;
    let chosen: Chosen<'a> = plan
        .features
        .iter()
        .filter_map(|planned| catalog.feature(&planned.id, &planned.version))
        .map(|feature| (feature.id.as_str(), feature))
        .collect();
    let mut candidates: BTreeMap<&'a str, Suggestion> = BTreeMap::new();
    let mut offer = |id: &'a str, suggestion: Suggestion| {
        if chosen.contains_key(id) || request.refused.contains(id) {
            return;
        }
        match candidates.get_mut(id) {
            // Several features may say the same; the strongest basis gives the words.
            Some(known) => {
                if matches!(suggestion.basis, Basis::Tier | Basis::Popular) {
                    return;
                }
                let mut by = std::mem::take(&mut known.by);
                by.extend(suggestion.by.iter().cloned());
                if suggestion.basis < known.basis {
                    *known = suggestion;
                }
                by.sort();
                by.dedup();
                known.by = by;
            }
            None => {
                candidates.insert(id, suggestion);
            }
        }
    };
    for (owner, feature) in &chosen {
        let sections = [
            (Basis::Recommends, &feature.recommends),
            (Basis::Suggests, &feature.suggests),
        ];
        for (basis, section) in sections {
            for weak in section {
                if applies(request, &chosen, feature, &weak.when)
                    && let Some(other) = catalog.matching(&weak.feature).next()
                {
                    offer(
                        &other.id,
                        Suggestion {
                            feature: other.id.clone(),
                            basis: of_practice(weak.practice).unwrap_or(basis),
                            by: vec![(*owner).to_owned()],
                            reason: weak.reason.clone(),
                            site: weak.site.clone(),
                            measured: None,
                        },
                    );
                }
            }
        }
    }
    for feature in catalog.features() {
        let sections = [
            (Basis::Supplements, &feature.supplements),
            (Basis::Enhances, &feature.enhances),
        ];
        for (basis, section) in sections {
            for joint in section {
                if joint.when_all.iter().all(|it| present(&chosen, it)) {
                    offer(
                        &feature.id,
                        Suggestion {
                            feature: feature.id.clone(),
                            basis: of_practice(joint.practice).unwrap_or(basis),
                            by: joint.when_all.iter().map(|it| it.id.clone()).collect(),
                            reason: joint.reason.clone(),
                            site: joint.site.clone(),
                            measured: None,
                        },
                    );
                }
            }
        }
    }
    for feature in catalog.features() {
        if feature.tier > Tier::Basic && feature.tier <= request.tier {
            let suggestion = Suggestion {
                feature: feature.id.clone(),
                basis: Basis::Tier,
                by: Vec::new(),
                reason: format!(
                    "it is made for services from the tier `{}` on",
                    feature.tier
                ),
                site: feature.site.clone(),
                measured: None,
            };
            offer(&feature.id, suggestion);
        }
    }
    for popular in most_telling(catalog, &chosen) {
        let Popular { examples, of, .. } = popular;
        let with: Vec<_> = popular.with.iter().map(|id| format!("`{id}`")).collect();
        let with = match with.as_slice() {
            [] => String::new(),
            with => format!(" with {}", with.join(" and ")),
        };
        let suggestion = Suggestion {
            feature: popular.feature.clone(),
            basis: Basis::Popular,
            by: popular.with.clone(),
            reason: format!("{examples} of {of} examples{with} have it"),
            site: popular.site.clone(),
            measured: Some((*examples, *of)),
        };
        offer(&popular.feature, suggestion);
    }
    if candidates.is_empty() {
        return Vec::new();
    }
    keep_possible(ask, &chosen, candidates)
}

fn of_practice(practice: Option<Practice>) -> Option<Basis> {
    practice.map(|practice| match practice {
        Practice::Security => Basis::Security,
        Practice::Performance => Basis::Performance,
    })
}

/// For every feature: what most of the examples with features of the plan say of it, the greatest
/// share first, then the most examples.
fn most_telling<'a>(catalog: &'a Catalog, chosen: &Chosen<'_>) -> Vec<&'a Popular> {
    let mut telling: BTreeMap<&str, &'a Popular> = BTreeMap::new();
    let applies = |it: &&Popular| it.with.iter().all(|id| chosen.contains_key(id.as_str()));
    for popular in catalog.popular().iter().filter(applies) {
        let known = telling.entry(&popular.feature).or_insert(popular);
        let (more, less) = (popular.examples * known.of, known.examples * popular.of);
        if (more, popular.examples) > (less, known.examples) {
            *known = popular;
        }
    }
    telling.into_values().collect()
}

/// Drops what cannot join the plan while everything in it stays at its version.
fn keep_possible<'a>(
    ask: &Ask<'_, 'a>,
    chosen: &Chosen<'a>,
    candidates: BTreeMap<&'a str, Suggestion>,
) -> Vec<Suggestion> {
    let problem = ask.problem;
    let slots = candidates.keys().filter_map(|id| problem.slot(id));
    let mut planned = Vec::with_capacity(chosen.len());
    for (id, feature) in chosen {
        let versions = problem.slot(id).map(|slot| &problem.slots[slot].versions);
        let mut versions = versions.into_iter().flatten();
        let version = versions.find(|(version, _)| version.version == feature.version);
        planned.extend(version.map(|(_, literal)| *literal));
    }
    let reached = ask.reach(&slots.collect::<Vec<_>>());
    let Some(mut search) = ask.search(&reached, &planned) else {
        return Vec::new();
    };
    // Most fit all at once; what stands in the way is asked about by itself.
    let literal = |id: &str| problem.slot(id).map(|slot| problem.slots[slot].literal);
    let mut together: Vec<Lit> = candidates.keys().filter_map(|id| literal(id)).collect();
    let mut possible = Vec::with_capacity(together.len());
    let mut apart = Vec::new();
    while search.solve(&together) != Verdict::Satisfiable {
        let core = search.core(&together);
        let Some(last) = core.last().copied() else {
            return Vec::new();
        };
        together.retain(|literal| *literal != last);
        if core.len() > 1 {
            apart.push(last);
        }
    }
    possible.append(&mut together);
    apart.retain(|literal| search.solve(&[*literal]) == Verdict::Satisfiable);
    possible.append(&mut apart);
    let is_possible = |id: &str| literal(id).is_some_and(|literal| possible.contains(&literal));
    let kept = candidates.into_iter().filter(|(id, _)| is_possible(id));
    kept.map(|(_, suggestion)| suggestion).collect()
}
