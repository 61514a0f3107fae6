//! Dependency lines of the project's manifests.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{CratePin, CrateUse, Feature};
use minijinja::value::Value;

use crate::ComposeError;
use crate::project::RuntimeFrom;
use crate::runtime::RuntimeSources;

/// The dependencies of every layer and of the workspace, as lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependencies {
    /// By layer, then by crate name: what stands right of `name = `.
    pub(crate) layers: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) dev_layers: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) workspace: BTreeMap<String, String>,
    /// The runtime crates that are used directly.
    pub(crate) runtime: BTreeSet<String>,
}

/// One crate as the features of a plan use it together in one place.
#[derive(Default)]
struct Union {
    features: BTreeSet<String>,
    default_features: Option<bool>,
    optional: bool,
    seen: bool,
}

impl Union {
    fn add(&mut self, used: &CrateUse) {
        self.features.extend(used.features.iter().cloned());
        // Somebody who needs the default features gets them.
        self.default_features = match (self.seen, self.default_features, used.default_features) {
            (false, _, value) => value,
            (true, Some(false), Some(false)) => Some(false),
            (true, ..) => None,
        };
        self.optional = used.optional && (!self.seen || self.optional);
        self.seen = true;
    }

    fn line(&self) -> String {
        let mut parts = vec!["workspace = true".to_owned()];
        if let Some(value) = self.default_features {
            parts.push(format!("default-features = {value}"));
        }
        if !self.features.is_empty() {
            parts.push(format!("features = {}", strings(&self.features)));
        }
        if self.optional {
            parts.push("optional = true".to_owned());
        }
        format!("{{ {} }}", parts.join(", "))
    }
}

/// Collects the dependencies of a plan's features, in the order of the plan.
pub(crate) fn collect(
    features: &[&Feature],
    from: &RuntimeFrom,
    runtime: &RuntimeSources,
    errors: &mut Vec<ComposeError>,
) -> Dependencies {
    let mut pins: BTreeMap<&str, (&str, &CratePin)> = BTreeMap::new();
    for feature in features {
        for (name, pin) in &feature.versions {
            match pins.get(name.as_str()) {
                None => {
                    pins.insert(name, (&feature.id, pin));
                }
                Some((first, ours)) if !same_pin(ours, pin) => errors.push(ComposeError::Pin {
                    name: name.clone(),
                    first: (*first).to_owned(),
                    second: feature.id.clone(),
                    ours: pin_line(ours),
                    theirs: pin_line(pin),
                }),
                Some(_) => {}
            }
        }
    }

    let mut dependencies = Dependencies::default();
    let mut used: BTreeMap<&str, &str> = BTreeMap::new();
    for feature in features {
        for (_, crates) in feature.crates.iter().chain(&feature.dev_crates) {
            for name in crates.keys() {
                used.entry(name).or_insert(&feature.id);
            }
        }
    }
    for (name, feature) in used {
        if let Some((_, pin)) = pins.get(name) {
            dependencies
                .workspace
                .insert(name.to_owned(), pin_line(pin));
        } else if runtime.contains(name) {
            dependencies
                .workspace
                .insert(name.to_owned(), runtime_line(name, from));
            dependencies.runtime.insert(name.to_owned());
        } else if name.starts_with("formwork-") {
            errors.push(ComposeError::Runtime {
                name: name.to_owned(),
                feature: feature.to_owned(),
            });
        } else {
            errors.push(ComposeError::Unpinned {
                name: name.to_owned(),
                feature: feature.to_owned(),
            });
        }
    }
    dependencies.layers = layers(features, |feature| &feature.crates);
    dependencies.dev_layers = layers(features, |feature| &feature.dev_crates);
    dependencies
}

/// A list of `{name, spec}` for templates.
pub(crate) fn to_value(lines: &BTreeMap<String, String>) -> Value {
    lines
        .iter()
        .map(|(name, spec)| Value::from_pairs([("name", name.as_str()), ("spec", spec.as_str())]))
        .collect()
}

fn layers(
    features: &[&Feature],
    of: impl Fn(&Feature) -> &BTreeMap<String, BTreeMap<String, CrateUse>>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut unions: BTreeMap<&str, BTreeMap<&str, Union>> = BTreeMap::new();
    for feature in features {
        for (layer, crates) in of(feature) {
            for (name, used) in crates {
                unions
                    .entry(layer)
                    .or_default()
                    .entry(name)
                    .or_default()
                    .add(used);
            }
        }
    }
    unions
        .into_iter()
        .map(|(layer, crates)| {
            let lines = crates
                .into_iter()
                .map(|(name, union)| (name.to_owned(), union.line()))
                .collect();
            (layer.to_owned(), lines)
        })
        .collect()
}

fn same_pin(ours: &CratePin, theirs: &CratePin) -> bool {
    ours.version == theirs.version
        && ours.features == theirs.features
        && ours.default_features == theirs.default_features
        && ours.package == theirs.package
}

fn pin_line(pin: &CratePin) -> String {
    let mut parts = vec![format!("version = {}", string(&pin.version))];
    if let Some(value) = pin.default_features {
        parts.push(format!("default-features = {value}"));
    }
    if !pin.features.is_empty() {
        parts.push(format!("features = {}", strings(&pin.features)));
    }
    if let Some(package) = &pin.package {
        parts.push(format!("package = {}", string(package)));
    }
    if parts.len() == 1 {
        return string(&pin.version);
    }
    format!("{{ {} }}", parts.join(", "))
}

fn runtime_line(name: &str, from: &RuntimeFrom) -> String {
    match from {
        RuntimeFrom::Vendor => format!("{{ path = {} }}", string(&format!("vendor/{name}"))),
        RuntimeFrom::Registry { version } => string(version),
        RuntimeFrom::Git { url, rev } => {
            format!("{{ git = {}, rev = {} }}", string(url), string(rev))
        }
        RuntimeFrom::Path { path } => {
            let path = path.trim_end_matches('/');
            format!("{{ path = {} }}", string(&format!("{path}/{name}")))
        }
    }
}

fn string(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| string(text)).collect();
    format!("[{}]", texts.join(", "))
}
