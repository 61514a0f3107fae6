//! The rules of the architecture that the compiler does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each layer may depend on among the layers, from the inside out.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("application", &["domain"]),
    ("infrastructure", &["application", "domain"]),
    ("interfaces", &["application", "domain"]),
];

#[test]
fn dependencies_point_inwards() {
    for (layer, allowed) in LAYERS {
        for dependency in dependencies(layer) {
            let is_layer = LAYERS.iter().any(|(other, _)| *other == dependency);
            assert!(
                !is_layer || allowed.contains(&dependency.as_str()),
                "`{layer}` must not depend on `{dependency}`"
            );
        }
    }
}

#[test]
fn the_domain_knows_no_technology() {
    assert_eq!(dependencies("domain"), ["formwork-domain"]);
    for (path, text) in sources("domain/src") {
        for word in ["async fn", "std::fs", "std::net", "std::env", "SystemTime"] {
            assert!(!text.contains(word), "{}: `{word}`", path.display());
        }
    }
}

#[test]
fn adapters_are_named_in_the_composition_root_only() {
    for layer in ["domain", "application", "interfaces"] {
        for (path, text) in sources(&format!("{layer}/src")) {
            assert!(!text.contains("infrastructure::"), "{}", path.display());
        }
    }
}

#[test]
fn repositories_are_declared_in_the_domain_and_implemented_outside() {
    for (path, text) in sources("domain/src") {
        for line in text.lines().filter(|line| line.starts_with("impl ")) {
            assert!(!line.contains("Repository for"), "{}", path.display());
        }
    }
    for layer in ["application", "infrastructure", "interfaces"] {
        for (path, text) in sources(&format!("{layer}/src")) {
            let declares = |line: &str| line.contains("trait ") && line.contains("Repository");
            assert!(!text.lines().any(declares), "{}", path.display());
        }
    }
}

#[test]
fn events_are_named_after_their_aggregate() {
    for (path, text) in sources("domain/src") {
        if !path.ends_with("events.rs") {
            continue;
        }
        let folder = path.parent().and_then(Path::file_name);
        let folder = folder.expect("events stand in their aggregate's folder");
        let aggregate = folder.to_string_lossy().replace('_', "-");
        let names = text.lines().filter_map(|line| line.split_once("(_) => \""));
        for (_, name) in names {
            let prefix = format!("{aggregate}.");
            assert!(name.starts_with(&prefix), "{}: {name}", path.display());
        }
    }
}

#[test]
fn integration_events_leave_through_the_outbox_only() {
    for layer in ["domain", "application", "interfaces"] {
        for (path, text) in sources(&format!("{layer}/src")) {
            assert!(!text.contains("Broker"), "{}", path.display());
        }
    }
}

#[test]
fn aggregates_do_not_refer_to_each_other_in_a_circle() {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources("domain/src") {
        let Some(aggregate) = path.parent().and_then(Path::file_name) else {
            continue;
        };
        let to = arrows
            .entry(aggregate.to_string_lossy().into_owned())
            .or_default();
        for line in text.lines() {
            let module = line.strip_prefix("use crate::");
            let module = module.and_then(|rest| rest.split("::").next());
            to.extend(module.map(str::to_owned));
        }
    }
    // Taking away those that refer to nobody left must leave nobody.
    while !arrows.is_empty() {
        let free = arrows.iter().find(|(name, to)| {
            to.iter()
                .all(|other| other == *name || !arrows.contains_key(other))
        });
        let Some(free) = free.map(|(name, _)| name.clone()) else {
            panic!("in a circle: {arrows:?}");
        };
        arrows.remove(&free);
    }
}

fn root() -> &'static Path {
    let service = Path::new(env!("CARGO_MANIFEST_DIR"));
    service
        .parent()
        .expect("the service is a member of the workspace")
}

/// The names below `[dependencies]` of a layer.
fn dependencies(layer: &str) -> Vec<String> {
    let manifest = read(&root().join(layer).join("Cargo.toml"));
    manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
