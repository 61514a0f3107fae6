//! Wiring for slots that no template has.

use std::collections::BTreeSet;

use super::Report;
use crate::Catalog;
use crate::suggest::did_you_mean;

pub(super) fn check(catalog: &Catalog, report: &mut Report) {
    let slots = slots(catalog);
    for feature in catalog.features() {
        for wiring in &feature.wiring {
            if slots.contains(wiring.slot.as_str()) {
                continue;
            }
            let message = format!("no template has a slot `{}`", wiring.slot);
            let help = did_you_mean(&wiring.slot, slots.iter().copied());
            report.error(&wiring.site, message, help);
        }
    }
}

/// The slots that templates ask for: `wiring("app.modules")`.
fn slots(catalog: &Catalog) -> BTreeSet<&str> {
    let mut slots = BTreeSet::new();
    for (path, bytes) in catalog.source().iter() {
        let Ok(text) = std::str::from_utf8(bytes) else {
            continue;
        };
        if !path.ends_with(".j2") {
            continue;
        }
        for call in text.split("wiring(\"").skip(1) {
            slots.extend(call.split_once('"').map(|(slot, _)| slot));
        }
    }
    slots
}
