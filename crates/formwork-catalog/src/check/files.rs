//! Paths and crates with two owners.

use std::collections::BTreeMap;

use super::Report;
use super::exclusion::exclude;
use crate::{Catalog, CratePin, Feature, Position, Site};

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    let mut owners: BTreeMap<&str, Vec<(&Feature, &str)>> = BTreeMap::new();
    let mut pins: BTreeMap<&str, Vec<(&Feature, &CratePin)>> = BTreeMap::new();
    for feature in catalog.features() {
        for file in &feature.files {
            let owned = owners.entry(&file.path).or_default();
            owned.push((feature, &file.from));
        }
        for (name, pin) in &feature.versions {
            pins.entry(name).or_default().push((feature, pin));
        }
    }
    for (path, features) in &owners {
        for (index, (right, from)) in features.iter().enumerate() {
            for (left, _) in &features[..index] {
                if left.id != right.id && !exclude(catalog, left, right) {
                    let message = format!(
                        "`{}` and `{}` both own the file `{path}`",
                        left.id, right.id
                    );
                    let site = Site {
                        rule: String::new(),
                        path: (*from).to_owned(),
                        position: Position::START,
                    };
                    let help = "leave it to one of them, or merge into it".to_owned();
                    report.error(&site, message, Some(help));
                }
            }
        }
    }
    for (name, pins) in &pins {
        for (index, (right, pin)) in pins.iter().enumerate() {
            let other = pins[..index].iter().find(|(left, other)| {
                left.id != right.id && !same(pin, other) && !exclude(catalog, left, right)
            });
            if let Some((left, other)) = other {
                let message = format!(
                    "`{}` and `{}` pin the crate `{name}` differently",
                    left.id, right.id
                );
                let help = format!("the other pin is at {}", other.site);
                report.error(&pin.site, message, Some(help));
            }
        }
    }
    unpinned(catalog, &pins, report);
}

fn same(left: &CratePin, right: &CratePin) -> bool {
    left.version == right.version
        && left.features == right.features
        && left.default_features.unwrap_or(true) == right.default_features.unwrap_or(true)
        && left.package == right.package
}

fn unpinned(
    catalog: &Catalog,
    pins: &BTreeMap<&str, Vec<(&Feature, &CratePin)>>,
    report: &mut Report,
) {
    for feature in catalog.features() {
        let layers = feature.crates.values().chain(feature.dev_crates.values());
        for (name, used) in layers.flatten() {
            if !pins.contains_key(name.as_str()) && !name.starts_with("formwork-") {
                let message = format!("the crate `{name}` has no version");
                let help = "pin it under `[versions]`".to_owned();
                report.error(&used.site, message, Some(help));
            }
        }
    }
}
