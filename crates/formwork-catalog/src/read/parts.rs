//! The sections that add something to a service.

use std::collections::BTreeMap;

use super::feature::{escape, kebab};
use super::fields::{Fields, scalar};
use super::manifest::Manifest;
use super::rules::when;
use crate::suggest::did_you_mean;
use crate::{
    Action, ActionWhen, CratePin, CrateUse, Format, Merge, Migration, OptionKind, OptionSpec,
    OptionValue, Position, Probe, ProbeKind, Source, Wiring,
};

const LAYERS: [&str; 6] = [
    "domain",
    "application",
    "infrastructure",
    "interfaces",
    "service",
    "workspace",
];

pub(super) fn options(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<OptionSpec> {
    let mut options: Vec<OptionSpec> = Vec::new();
    for mut fields in fields.tables(manifest, "options") {
        let key = fields.required(manifest, "key");
        let position = fields.place(manifest, "key");
        if !key.is_empty() {
            kebab(manifest, position, "option", &key);
        }
        if options.iter().any(|option| option.key == key) {
            manifest.error(position, format!("the option `{key}` exists twice"), None);
        }
        let kind = option_kind(manifest, &mut fields);
        let prompt = fields.required(manifest, "prompt");
        let has_default = !fields.missing(manifest, "default");
        let default = fields.scalar(manifest, "default");
        if let (Some(kind), Some(default), true) = (&kind, &default, has_default)
            && let Err(problem) = kind.check(default)
        {
            let position = fields.place(manifest, "default");
            manifest.error(position, format!("the default {problem}"), None);
        }
        options.push(OptionSpec {
            kind: kind.unwrap_or(OptionKind::Text),
            prompt,
            default: default.unwrap_or_else(|| OptionValue::Text(String::new())),
            when: when(manifest, &mut fields),
            site: manifest.site(&format!("options/{key}"), position),
            key,
        });
        fields.finish(manifest);
    }
    options
}

fn option_kind(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Option<OptionKind> {
    fields.missing(manifest, "type");
    let names = [
        ("choice", "choice"),
        ("text", "text"),
        ("integer", "integer"),
        ("boolean", "boolean"),
    ];
    Some(match fields.one_of(manifest, "type", &names)? {
        "choice" => {
            let choices = fields.texts(manifest, "choices");
            if choices.is_empty() {
                let message = "a choice needs `choices`".to_owned();
                manifest.error(fields.position, message, None);
            }
            OptionKind::Choice {
                choices: choices.into_iter().map(|(choice, _)| choice).collect(),
            }
        }
        "integer" => OptionKind::Integer {
            min: fields.integer(manifest, "min"),
            max: fields.integer(manifest, "max"),
        },
        "boolean" => OptionKind::Boolean,
        _ => OptionKind::Text,
    })
}

pub(super) fn crates(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    section: &'static str,
) -> BTreeMap<String, BTreeMap<String, CrateUse>> {
    let mut layers = BTreeMap::new();
    let Some(table) = fields.table(manifest, section) else {
        return layers;
    };
    for (layer, item, position) in table.entries(manifest) {
        if !LAYERS.contains(&layer) {
            let help = did_you_mean(layer, LAYERS)
                .unwrap_or_else(|| format!("known are {}", LAYERS.join(", ")));
            manifest.error(position, format!("unknown layer `{layer}`"), Some(help));
        }
        let Some(names) = item.as_table_like() else {
            let message = format!("`{section}.{layer}` must be a table of crates");
            manifest.error(position, message, None);
            continue;
        };
        let mut uses = BTreeMap::new();
        for (name, item, position) in Fields::new(names, section, position).entries(manifest) {
            let site = manifest.site(&format!("{section}/{layer}/{name}"), position);
            let Some(table) = item.as_table_like() else {
                let message = format!("`{name}` must be a table, found {}", item.type_name());
                let help = "write `{}` here and its version under `[versions]`".to_owned();
                manifest.error(position, message, Some(help));
                continue;
            };
            let mut fields = Fields::new(table, &format!("`{name}`"), position);
            let features = fields.texts(manifest, "features");
            let used = CrateUse {
                features: features.into_iter().map(|(feature, _)| feature).collect(),
                default_features: fields.boolean(manifest, "default-features"),
                optional: fields.boolean(manifest, "optional").unwrap_or(false),
                site,
            };
            fields.finish(manifest);
            uses.insert(name.to_owned(), used);
        }
        layers.insert(layer.to_owned(), uses);
    }
    layers
}

pub(super) fn versions(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
) -> BTreeMap<String, CratePin> {
    let mut pins = BTreeMap::new();
    let Some(table) = fields.table(manifest, "versions") else {
        return pins;
    };
    for (name, item, position) in table.entries(manifest) {
        let site = manifest.site(&format!("versions/{name}"), position);
        let pin = if let Some(version) = item.as_str() {
            CratePin {
                version: version.to_owned(),
                features: Vec::new(),
                default_features: None,
                package: None,
                site,
            }
        } else if let Some(table) = item.as_table_like() {
            let mut fields = Fields::new(table, &format!("`{name}`"), position);
            let features = fields.texts(manifest, "features");
            let pin = CratePin {
                version: fields.required(manifest, "version"),
                features: features.into_iter().map(|(feature, _)| feature).collect(),
                default_features: fields.boolean(manifest, "default-features"),
                package: fields.text(manifest, "package"),
                site,
            };
            fields.finish(manifest);
            pin
        } else {
            let found = item.type_name();
            let message = format!("`{name}` must be a version or a table, found {found}");
            manifest.error(position, message, None);
            continue;
        };
        if !pin.version.is_empty()
            && let Err(error) = semver::VersionReq::parse(&pin.version)
        {
            let message = format!("`{}` is not a version range: {error}", pin.version);
            manifest.error(position, message, None);
        }
        pins.insert(name.to_owned(), pin);
    }
    pins
}

pub(super) fn wiring(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Wiring> {
    let mut lines = Vec::new();
    for (index, mut fields) in fields.tables(manifest, "wiring").into_iter().enumerate() {
        lines.push(Wiring {
            slot: fields.required(manifest, "slot"),
            order: fields.integer(manifest, "order").unwrap_or(0),
            code: fields.required(manifest, "code"),
            site: manifest.site(&format!("wiring/{index}"), fields.position),
        });
        fields.finish(manifest);
    }
    lines
}

pub(super) fn merges(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    source: &Source,
    folder: &str,
) -> Vec<Merge> {
    let mut merges = Vec::new();
    for (index, mut fields) in fields.tables(manifest, "merges").into_iter().enumerate() {
        let into = fields.required(manifest, "into");
        if let Some(problem) = escape(&into).filter(|_| !into.is_empty()) {
            let position = fields.place(manifest, "into");
            manifest.error(position, format!("`{into}` {problem}"), None);
        }
        let from = part(manifest, &mut fields, source, folder);
        let format = format_of(&into);
        if format.is_none() && !into.is_empty() {
            let position = fields.place(manifest, "into");
            let help = "toml, yaml, json and env files are merged".to_owned();
            let message = format!("`{into}` is of no format that can be merged");
            manifest.error(position, message, Some(help));
        }
        merges.push(Merge {
            template: from.ends_with(".j2"),
            format: format.unwrap_or(Format::Toml),
            into,
            from,
            site: manifest.site(&format!("merges/{index}"), fields.position),
        });
        fields.finish(manifest);
    }
    merges
}

/// The path in the pack of the file that `from` names.
fn part(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    source: &Source,
    folder: &str,
) -> String {
    let from = fields.required(manifest, "from");
    let path = format!("{folder}/{from}");
    if from.is_empty() {
        return path;
    }
    let position = fields.place(manifest, "from");
    if let Some(problem) = escape(&from) {
        manifest.error(position, format!("`{from}` {problem}"), None);
    } else if source.get(&path).is_none() {
        let start = folder.len() + 1;
        let known = source.folder(folder).map(|(path, _)| &path[start..]);
        let help = did_you_mean(&from, known);
        manifest.error(position, format!("there is no file `{path}`"), help);
    }
    path
}

fn format_of(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next()?;
    match name.rsplit('.').next()? {
        _ if name == ".env" || name.starts_with(".env.") => Some(Format::Env),
        "toml" => Some(Format::Toml),
        "yaml" | "yml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        "env" => Some(Format::Env),
        _ => None,
    }
}

pub(super) fn actions(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Action> {
    let moments = [("new", ActionWhen::New), ("change", ActionWhen::Change)];
    let mut actions = Vec::new();
    for mut fields in fields.tables(manifest, "actions") {
        let id = fields.required(manifest, "id");
        let position = fields.place(manifest, "id");
        if !id.is_empty() {
            kebab(manifest, position, "action id", &id);
        }
        let when = fields.one_of(manifest, "when", &moments);
        actions.push(Action {
            run: command(manifest, &mut fields),
            when: when.unwrap_or(ActionWhen::New),
            summary: fields.required(manifest, "summary"),
            site: manifest.site(&format!("actions/{id}"), position),
            id,
        });
        fields.finish(manifest);
    }
    actions
}

fn command(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<String> {
    let words = fields.texts(manifest, "run");
    if words.is_empty() {
        let message = "`run` must name a program".to_owned();
        manifest.error(fields.position, message, None);
    }
    words.into_iter().map(|(word, _)| word).collect()
}

pub(super) fn migrations(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Migration> {
    let mut migrations = Vec::new();
    let tables = fields.tables(manifest, "migrations");
    for (index, mut fields) in tables.into_iter().enumerate() {
        let migration = Migration {
            from: fields.version(manifest, "from"),
            to: fields.version(manifest, "to"),
            summary: fields.required(manifest, "summary"),
            site: manifest.site(&format!("migrations/{index}"), fields.position),
        };
        if migration.from >= migration.to {
            let Migration { from, to, .. } = &migration;
            let message = format!("a migration moves up, not from {from} to {to}");
            manifest.error(fields.position, message, None);
        }
        migrations.push(migration);
        fields.finish(manifest);
    }
    migrations
}

pub(super) fn probes(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    source: &Source,
    folder: &str,
) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    for mut fields in fields.tables(manifest, "probes") {
        let name = fields.required(manifest, "name");
        let position = fields.place(manifest, "name");
        if !name.is_empty() {
            kebab(manifest, position, "probe", &name);
        }
        if probes.iter().any(|probe| probe.name == name) {
            manifest.error(position, format!("the probe `{name}` exists twice"), None);
        }
        if let Some(kind) = probe_kind(manifest, &mut fields, position, source, folder) {
            probes.push(Probe {
                kind,
                site: manifest.site(&format!("probes/{name}"), position),
                name,
            });
        }
        fields.finish(manifest);
    }
    probes
}

fn probe_kind(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    position: Position,
    source: &Source,
    folder: &str,
) -> Option<ProbeKind> {
    fields.missing(manifest, "kind");
    let kinds = [
        "http", "metric", "health", "file", "log", "command", "scenario",
    ]
    .map(|kind| (kind, kind));
    let Some(kind) = fields.one_of(manifest, "kind", &kinds) else {
        // Whatever else the probe says belongs to a kind that is not known.
        for key in [
            "path",
            "status",
            "contains",
            "json",
            "series",
            "min",
            "component",
            "fields",
            "run",
            "from",
        ] {
            fields.get(key);
        }
        return None;
    };
    Some(match kind {
        "http" => {
            let status = fields.integer(manifest, "status").unwrap_or(200);
            ProbeKind::Http {
                path: fields.required(manifest, "path"),
                status: match u16::try_from(status) {
                    Ok(status @ 100..=599) => status,
                    _ => {
                        let position = fields.place(manifest, "status");
                        manifest.error(position, format!("{status} is no HTTP status"), None);
                        200
                    }
                },
                contains: fields.text(manifest, "contains"),
                json: pointers(manifest, fields),
            }
        }
        "metric" => ProbeKind::Metric {
            series: fields.required(manifest, "series"),
            min: fields.integer(manifest, "min").unwrap_or(1),
        },
        "health" => ProbeKind::Health {
            component: fields.required(manifest, "component"),
            status: fields
                .text(manifest, "status")
                .unwrap_or_else(|| "healthy".to_owned()),
        },
        "file" => {
            let path = fields.required(manifest, "path");
            if let Some(problem) = escape(&path).filter(|_| !path.is_empty()) {
                let position = fields.place(manifest, "path");
                manifest.error(position, format!("`{path}` {problem}"), None);
            }
            ProbeKind::File {
                path,
                contains: fields.text(manifest, "contains"),
            }
        }
        "log" => {
            let names = fields.texts(manifest, "fields");
            if names.is_empty() {
                let message = "a log probe needs `fields`".to_owned();
                manifest.error(position, message, None);
            }
            ProbeKind::Log {
                fields: names.into_iter().map(|(name, _)| name).collect(),
            }
        }
        "command" => ProbeKind::Command {
            run: command(manifest, fields),
        },
        _ => ProbeKind::Scenario {
            from: part(manifest, fields, source, folder),
            steps: Vec::new(),
        },
    })
}

fn pointers(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<(String, OptionValue)> {
    let Some(table) = fields.table(manifest, "json") else {
        return Vec::new();
    };
    let mut values = Vec::new();
    for (pointer, item, position) in table.entries(manifest) {
        if !pointer.starts_with('/') {
            let message = format!("`{pointer}` is no JSON pointer");
            let help = format!("did you mean `/{pointer}`?");
            manifest.error(position, message, Some(help));
        }
        if let Some(value) = scalar(manifest, pointer, item) {
            values.push((pointer.to_owned(), value));
        }
    }
    values.sort();
    values
}
