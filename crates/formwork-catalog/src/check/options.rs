//! Options nobody reads.

use super::Report;
use crate::{Catalog, Condition, Feature, When};

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    for feature in catalog.features() {
        for option in &feature.options {
            let key = option.key.as_str();
            if !in_conditions(feature, key) && !in_templates(catalog, feature, key) {
                let message = format!("nothing reads the option `{key}` of `{}`", feature.id);
                let help = "use it in a template or a condition, or do not ask".to_owned();
                report.warn(&option.site, message, Some(help));
            }
        }
    }
}

fn in_templates(catalog: &Catalog, feature: &Feature, key: &str) -> bool {
    let snake = key.replace('-', "_");
    let own = format!("{}/", feature.folder);
    catalog.source().iter().any(|(path, bytes)| {
        // Another feature's template has to name this one to get at its options.
        path.ends_with(".j2")
            && std::str::from_utf8(bytes).is_ok_and(|text| {
                (text.contains(key) || text.contains(&snake))
                    && (path.starts_with(&own) || text.contains(&feature.id))
            })
    })
}

fn in_conditions(feature: &Feature, key: &str) -> bool {
    let reads = |when: &When| {
        when.all
            .iter()
            .any(|condition| matches!(condition, Condition::Answer { option, .. } if option == key))
    };
    let needs = feature.requires.iter().map(|need| &need.when);
    let conflicts = feature.conflicts.iter().map(|conflict| &conflict.when);
    let weak = feature.recommends.iter().chain(&feature.suggests);
    let options = feature.options.iter().map(|option| &option.when);
    needs
        .chain(conflicts)
        .chain(weak.map(|weak| &weak.when))
        .chain(options)
        .any(reads)
}
