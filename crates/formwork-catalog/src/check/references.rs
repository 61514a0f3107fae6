//! Names and ranges: whatever a manifest refers to exists, once.

use std::collections::{BTreeMap, BTreeSet};

use semver::VersionReq;

use super::Report;
use crate::suggest::did_you_mean;
use crate::{Catalog, Condition, Feature, Kind, Need, Site, Target, When};

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    duplicates(catalog, report);
    for feature in catalog.features() {
        declarations(catalog, feature, report);
        let tier_needs = feature.tiers.iter().flat_map(|tier| &tier.requires);
        for need in feature.requires.iter().chain(tier_needs) {
            needs(catalog, feature, need, report);
        }
        for conflict in &feature.conflicts {
            when(catalog, feature, &conflict.site, &conflict.when, report);
            if Kind::from_name(&conflict.with).is_none() {
                let target = Target {
                    id: conflict.with.clone(),
                    range: conflict.range.clone(),
                    position: conflict.site.position,
                };
                exists(catalog, &conflict.site, &target, Names::WithKinds, report);
            }
            if conflict.with == feature.id && conflict.range == VersionReq::STAR {
                let message = format!("`{}` conflicts with itself", feature.id);
                report.error(&conflict.site, message, None);
            }
        }
        for weak in feature.recommends.iter().chain(&feature.suggests) {
            exists(catalog, &weak.site, &weak.feature, Names::Features, report);
            when(catalog, feature, &weak.site, &weak.when, report);
            if weak.feature.id == feature.id {
                let message = format!("`{}` recommends itself", feature.id);
                report.error(&weak.site, message, None);
            }
        }
        for joint in feature.supplements.iter().chain(&feature.enhances) {
            for target in &joint.when_all {
                exists(catalog, &joint.site, target, Names::All, report);
            }
        }
        for option in &feature.options {
            when(catalog, feature, &option.site, &option.when, report);
        }
    }
}

fn duplicates(catalog: &Catalog, report: &mut Report) {
    for pair in catalog.features().windows(2) {
        if pair[0].id == pair[1].id
            && pair[0].version == pair[1].version
            && pair[0].pack() == pair[1].pack()
        {
            let Feature { id, version, .. } = &pair[1];
            let message = format!("`{id}` {version} exists twice");
            let help = format!("the other one is in `{}`", pair[0].folder);
            report.error(&pair[1].site, message, Some(help));
        }
    }
    let mut declared: BTreeMap<&str, &crate::Capability> = BTreeMap::new();
    for capability in catalog.features().iter().flat_map(|it| &it.capabilities) {
        let first = *declared.entry(&capability.id).or_insert(capability);
        let same = first.site == capability.site;
        // Another version of the same feature may repeat what it declares, not one manifest.
        if !same && (first.feature != capability.feature || first.site.path == capability.site.path)
        {
            let message = format!("the capability `{}` is declared twice", capability.id);
            let help = format!("the other declaration is at {}", first.site);
            report.error(&capability.site, message, Some(help));
        }
    }
}

fn declarations(catalog: &Catalog, feature: &Feature, report: &mut Report) {
    for capability in &feature.capabilities {
        let id = &capability.id;
        if !catalog.versions(id).is_empty() {
            let message = format!("the capability `{id}` has the name of a feature");
            report.error(&capability.site, message, None);
        }
        let providers = catalog.providers(id);
        if providers.is_empty() {
            let message = format!("nothing provides the capability `{id}`");
            if capability.cardinality.is_demanded() {
                report.error(&capability.site, message, None);
            } else {
                report.warn(&capability.site, message, None);
            }
        } else if let Some(default) = &capability.default
            && !providers.contains(&default.as_str())
        {
            let message = format!("the default `{default}` does not provide `{id}`");
            let help = did_you_mean(default, providers.iter().copied())
                .unwrap_or_else(|| format!("providers are {}", providers.join(", ")));
            report.error(&capability.site, message, Some(help));
        }
    }
    let mut provided = BTreeSet::new();
    for provide in &feature.provides {
        let id = &provide.capability;
        if catalog.capability(id).is_none() {
            let known = catalog
                .capabilities()
                .map(|capability| capability.id.as_str());
            let message = format!("unknown capability `{id}`");
            report.error(&provide.site, message, did_you_mean(id, known));
        }
        if !provided.insert(id) {
            report.error(&provide.site, format!("`{id}` is provided twice"), None);
        }
    }
}

fn needs(catalog: &Catalog, feature: &Feature, need: &Need, report: &mut Report) {
    for target in &need.any {
        exists(catalog, &need.site, target, Names::All, report);
        if target.id == feature.id {
            let message = format!("`{}` requires itself", feature.id);
            report.at(&need.site, target.position, message, None);
        }
    }
    when(catalog, feature, &need.site, &need.when, report);
}

fn when(catalog: &Catalog, feature: &Feature, site: &Site, when: &When, report: &mut Report) {
    for condition in &when.all {
        match condition {
            Condition::Feature(target) => exists(catalog, site, target, Names::Features, report),
            Condition::Capability(target) => {
                exists(catalog, site, target, Names::Capabilities, report);
            }
            Condition::Answer {
                option: key,
                value,
                position,
            } => match feature.option(key) {
                None => {
                    let known = feature.options.iter().map(|option| option.key.as_str());
                    let message = format!("`{}` has no option `{key}`", feature.id);
                    report.at(site, *position, message, did_you_mean(key, known));
                }
                Some(option) => {
                    if let Err(problem) = option.kind.parse(value) {
                        report.at(site, *position, format!("`{key}`: {problem}"), None);
                    }
                }
            },
            Condition::Tier(_) => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Features,
    Capabilities,
    All,
    WithKinds,
}

fn exists(catalog: &Catalog, site: &Site, target: &Target, names: Names, report: &mut Report) {
    let is_feature = !catalog.versions(&target.id).is_empty();
    let is_capability = catalog.capability(&target.id).is_some();
    let (known, what) = match names {
        Names::Features => (is_feature, "feature"),
        Names::Capabilities => (is_capability, "capability"),
        Names::All => (is_feature || is_capability, "feature or capability"),
        Names::WithKinds => (is_feature || is_capability, "feature, capability or kind"),
    };
    let Target { id, range, .. } = target;
    if !known {
        let features = catalog.ids().filter(|_| names != Names::Capabilities);
        let capabilities = catalog
            .capabilities()
            .map(|capability| capability.id.as_str())
            .filter(|_| names != Names::Features);
        let kinds = Kind::ALL
            .iter()
            .map(|kind| kind.as_str())
            .filter(|_| names == Names::WithKinds);
        let help = did_you_mean(id, features.chain(capabilities).chain(kinds));
        report.at(
            site,
            target.position,
            format!("unknown {what} `{id}`"),
            help,
        );
    } else if catalog.matching(target).next().is_none() && *range != VersionReq::STAR {
        let versions: Vec<String> = if is_feature {
            let versions = catalog.versions(id).iter();
            versions
                .map(|feature| feature.version.to_string())
                .collect()
        } else {
            let offers = catalog.features().iter().filter_map(|it| it.provides(id));
            let versions: BTreeSet<_> = offers.map(|provide| &provide.version).collect();
            versions.into_iter().map(ToString::to_string).collect()
        };
        let message = format!("no version of `{id}` matches `{range}`");
        let help = match versions.as_slice() {
            [] => "nothing provides it".to_owned(),
            versions => format!("there is {}", versions.join(", ")),
        };
        report.at(site, target.position, message, Some(help));
    }
}
