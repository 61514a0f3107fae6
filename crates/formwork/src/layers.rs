//! The arrows between the layer crates of a project, read from their manifests.

use std::fs;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::report::in_words;

/// The layers from the inside out, each with the layers it may depend on.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("application", &["domain"]),
    ("infrastructure", &["domain", "application"]),
    ("interfaces", &["domain", "application"]),
    (
        "service",
        &["domain", "application", "infrastructure", "interfaces"],
    ),
];

/// The one dependency the domain may have.
const VOCABULARY: &str = "formwork-domain";

/// A rule of the architecture that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    /// `path:line`, relative to the project.
    pub(crate) place: String,
    pub(crate) message: String,
}

/// Every forbidden arrow of the project called `name`.
pub(crate) fn check(project: &Path, name: &str) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (layer, allowed) in LAYERS {
        let place = format!("{layer}/Cargo.toml");
        let text = match fs::read_to_string(project.join(&place)) {
            Ok(text) => text,
            Err(error) => {
                let message = format!(
                    "the manifest of the layer cannot be read: {}",
                    in_words(&error)
                );
                broken.push(Broken {
                    rule: "layer-present",
                    place,
                    message,
                });
                continue;
            }
        };
        check_manifest(layer, allowed, name, &place, &text, &mut broken);
    }
    broken
}

fn check_manifest(
    layer: &str,
    allowed: &[&str],
    project: &str,
    place: &str,
    text: &str,
    broken: &mut Vec<Broken>,
) {
    let manifest = match DeTable::parse(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            broken.push(Broken {
                rule: "layer-present",
                place: format!("{place}:{line}"),
                message: error.message().to_owned(),
            });
            return;
        }
    };
    for table in dependency_tables(manifest.get_ref()) {
        for (key, value) in table {
            let package = package(key.get_ref(), value.get_ref());
            let place = format!("{place}:{}", line_of(text, key.span().start));
            let target = LAYERS.iter().map(|(other, _)| *other).find(|other| {
                let crate_name = if *other == "service" {
                    project.to_owned()
                } else {
                    format!("{project}-{other}")
                };
                package == crate_name
                    || path(value.get_ref())
                        .is_some_and(|path| path.trim_end_matches('/') == format!("../{other}"))
            });
            match target {
                Some(target) if !allowed.contains(&target) => broken.push(Broken {
                    rule: "layer-arrow",
                    place,
                    message: format!(
                        "`{layer}` depends on `{target}`; arrows point inwards: {}",
                        inwards(layer, allowed)
                    ),
                }),
                None if layer == "domain" && package != VOCABULARY => broken.push(Broken {
                    rule: "pure-domain",
                    place,
                    message: format!(
                        "`domain` depends on `{package}`; it may depend on `{VOCABULARY}` alone"
                    ),
                }),
                _ => {}
            }
        }
    }
}

fn inwards(layer: &str, allowed: &[&str]) -> String {
    if allowed.is_empty() {
        return format!("`{layer}` depends on no layer");
    }
    let allowed: Vec<_> = allowed.iter().map(|layer| format!("`{layer}`")).collect();
    format!("`{layer}` may depend on {}", allowed.join(", "))
}

/// What is built into the crate: normal and build dependencies, for every target. Tests may use what they like.
fn dependency_tables<'a, 'text>(manifest: &'a DeTable<'text>) -> Vec<&'a DeTable<'text>> {
    let mut tables = Vec::new();
    let mut scopes = vec![manifest];
    if let Some(targets) = table(manifest, "target") {
        scopes.extend(
            targets
                .values()
                .filter_map(|value| value.get_ref().as_table()),
        );
    }
    for scope in scopes {
        tables.extend(
            ["dependencies", "build-dependencies"]
                .iter()
                .filter_map(|name| table(scope, name)),
        );
    }
    tables
}

fn table<'a, 'text>(parent: &'a DeTable<'text>, name: &str) -> Option<&'a DeTable<'text>> {
    parent.get(name)?.get_ref().as_table()
}

/// The package a dependency line means; a line may rename it.
fn package<'a>(key: &'a str, value: &'a DeValue<'_>) -> &'a str {
    value
        .as_table()
        .and_then(|table| table.get("package"))
        .and_then(|package| package.get_ref().as_str())
        .unwrap_or(key)
}

fn path<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    value.as_table()?.get("path")?.get_ref().as_str()
}

/// The line of a byte offset, counted from one.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layer: &str, manifest: &str) -> Vec<String> {
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == layer)
            .expect("the layer exists");
        let mut broken = Vec::new();
        check_manifest(
            layer,
            allowed,
            "shop",
            &format!("{layer}/Cargo.toml"),
            manifest,
            &mut broken,
        );
        broken
            .into_iter()
            .map(|broken| format!("{} {}: {}", broken.rule, broken.place, broken.message))
            .collect()
    }

    #[test]
    fn arrows_inwards_are_fine() {
        assert!(
            check(
                "application",
                "[dependencies]\nshop-domain.workspace = true\ntokio.workspace = true\n"
            )
            .is_empty()
        );
        assert!(check("domain", "[dependencies]\nformwork-domain.workspace = true\n[dev-dependencies]\nproptest = \"1\"\n").is_empty());
        assert!(
            check(
                "service",
                "[dependencies]\nshop-infrastructure.workspace = true\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn an_arrow_outwards_is_found_with_its_line() {
        assert_eq!(
            check(
                "application",
                "[dependencies]\nshop-domain.workspace = true\nshop-infrastructure.workspace = true\n"
            ),
            [
                "layer-arrow application/Cargo.toml:3: `application` depends on `infrastructure`; arrows point inwards: `application` may depend on `domain`"
            ]
        );
    }

    #[test]
    fn a_renamed_or_conditional_arrow_is_found_too() {
        assert_eq!(check("domain", "[dependencies]\nouter = { package = \"shop-application\", path = \"../application\" }\n").len(), 1);
        assert_eq!(
            check(
                "interfaces",
                "[target.'cfg(unix)'.dependencies]\nx = { path = \"../infrastructure\" }\n"
            )
            .len(),
            1
        );
    }

    #[test]
    fn the_domain_is_pure() {
        assert_eq!(
            check("domain", "[dependencies]\nserde = \"1\"\n"),
            [
                "pure-domain domain/Cargo.toml:2: `domain` depends on `serde`; it may depend on `formwork-domain` alone"
            ]
        );
    }
}
