//! Names across packs: a pack names what is its own, and nothing has two packs.

use super::Report;
use crate::{Catalog, Feature, Site};

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    for feature in catalog.features() {
        let Some(pack) = feature.pack() else { continue };
        named(pack, "feature", &feature.id, &feature.site, report);
        for capability in &feature.capabilities {
            named(pack, "capability", &capability.id, &capability.site, report);
        }
    }
    for versions in catalog
        .features()
        .chunk_by(|left, right| left.id == right.id)
    {
        let first = first(versions);
        for other in versions.iter().filter(|it| it.pack() != first.pack()) {
            let message = format!(
                "the feature `{}` is in two packs: {} and {}",
                other.id,
                owner(first),
                owner(other)
            );
            let help = format!("the other one is at {}; use one of the packs", first.site);
            report.error(&other.site, message, Some(help));
        }
    }
}

/// What a pack brings is called like the pack, or begins with its name.
fn named(pack: &str, what: &str, id: &str, site: &Site, report: &mut Report) {
    let own = id
        .strip_prefix(pack)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if !own {
        let message =
            format!("the {what} `{id}` does not begin with the name of its pack, `{pack}`");
        let help = format!("call it `{pack}-{id}`");
        report.error(site, message, Some(help));
    }
}

/// Ours, or else that of the first pack: it is the other one that is in the way.
fn first(versions: &[Feature]) -> &Feature {
    versions
        .iter()
        .min_by_key(|feature| feature.pack())
        .expect("a chunk is not empty")
}

fn owner(feature: &Feature) -> String {
    match feature.pack() {
        Some(pack) => format!("`{pack}`"),
        None => "those of Formwork".to_owned(),
    }
}
