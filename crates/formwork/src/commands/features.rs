//! `formwork features`: the catalog for people and machines.

use std::fmt::Write as _;

use formwork_catalog::{Capability, Catalog, Feature, Kind, Need, OptionKind, Probe, Weak};
use serde::Serialize;

use crate::catalog;
use crate::cli::{Choices, FeaturesCommand};
use crate::nearest;
use crate::report::{BOLD, Failure, PLAIN, Problem, data, json};

pub(crate) fn run(command: &FeaturesCommand) -> Result<(), Failure> {
    let (FeaturesCommand::List { project, .. } | FeaturesCommand::Show { project, .. }) = command;
    let catalog = catalog::for_project(project.as_deref(), &Choices::default())?;
    match command {
        FeaturesCommand::List {
            kind,
            json: as_json,
            ..
        } => {
            let kind = kind.as_deref().map(parse_kind).transpose()?;
            list(&catalog, kind, *as_json)
        }
        FeaturesCommand::Show {
            id, json: as_json, ..
        } => show(&catalog, id, *as_json),
    }
}

fn parse_kind(name: &str) -> Result<Kind, Failure> {
    Kind::from_name(name).ok_or_else(|| {
        let problem = Problem::new(format!("there is no kind `{name}`"));
        Failure::input(nearest::suggest(problem, name, Kind::ALL.map(Kind::as_str)))
    })
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ListDocument<'a> {
    features: Vec<Row<'a>>,
    questions: Vec<Question<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    version: String,
    kind: Kind,
    tier: &'a str,
    summary: &'a str,
    tags: &'a [String],
    provides: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Question<'a> {
    capability: &'a str,
    question: &'a str,
    default: Option<&'a str>,
    answers: Vec<&'a str>,
}

fn list(catalog: &Catalog, kind: Option<Kind>, as_json: bool) -> Result<(), Failure> {
    let mut features: Vec<&Feature> = catalog
        .ids()
        .filter_map(|id| catalog.newest(id))
        .filter(|feature| kind.is_none_or(|kind| feature.kind == kind))
        .collect();
    features.sort_by_key(|feature| (feature.kind, &feature.id));
    let questions = || {
        catalog
            .questions()
            .filter_map(|capability| Some((capability, capability.question.as_deref()?)))
    };
    if as_json {
        return json(&ListDocument {
            features: features
                .iter()
                .map(|feature| Row {
                    id: &feature.id,
                    name: &feature.name,
                    version: feature.version.to_string(),
                    kind: feature.kind,
                    tier: feature.tier.as_str(),
                    summary: &feature.summary,
                    tags: &feature.tags,
                    provides: feature
                        .provides
                        .iter()
                        .map(|provide| provide.capability.as_str())
                        .collect(),
                })
                .collect(),
            questions: questions()
                .map(|(capability, question)| Question {
                    capability: &capability.id,
                    question,
                    default: capability.default.as_deref(),
                    answers: catalog.providers(&capability.id),
                })
                .collect(),
        });
    }
    let width = features
        .iter()
        .map(|feature| feature.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    let mut heading = None;
    for feature in features {
        if heading != Some(feature.kind) {
            heading = Some(feature.kind);
            let _ = writeln!(text, "{BOLD}{}{PLAIN}", feature.kind);
        }
        let _ = writeln!(
            text,
            "  {:<width$}  {:<8}  {}",
            feature.id,
            feature.version.to_string(),
            feature.summary
        );
    }
    data(&text)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShowDocument<'a> {
    feature: &'a Feature,
    versions: Vec<String>,
    needed_by: Vec<&'a str>,
    readme: &'a str,
}

fn show(catalog: &Catalog, id: &str, as_json: bool) -> Result<(), Failure> {
    let Some(feature) = catalog.newest(id) else {
        return Err(unknown(catalog, id));
    };
    let provided: Vec<&str> = feature
        .provides
        .iter()
        .map(|provide| provide.capability.as_str())
        .collect();
    let needed_by: Vec<&str> = catalog
        .ids()
        .filter_map(|id| catalog.newest(id))
        .filter(|other| {
            let mut targets = other.requires.iter().flat_map(|need| &need.any);
            targets.any(|target| target.id == feature.id || provided.contains(&target.id.as_str()))
        })
        .map(|other| other.id.as_str())
        .collect();
    let readme = catalog
        .bytes(&format!("{}/README.md", feature.folder))
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or_default();
    if as_json {
        let versions = catalog
            .versions(id)
            .iter()
            .map(|feature| feature.version.to_string())
            .collect();
        return json(&ShowDocument {
            feature,
            versions,
            needed_by,
            readme,
        });
    }
    data(&page(catalog, feature, &needed_by, readme))
}

/// What is said about a feature that is not there.
pub(crate) fn unknown(catalog: &Catalog, id: &str) -> Failure {
    let problem = Problem::new(format!("there is no feature `{id}`"));
    let problem = nearest::suggest(problem, id, catalog.ids());
    Failure::input(problem.hint("`formwork features list` shows them all"))
}

fn page(catalog: &Catalog, feature: &Feature, needed_by: &[&str], readme: &str) -> String {
    let mut text = format!(
        "{BOLD}{}{PLAIN} {} ({}, from the tier {})\n{}\n",
        feature.id, feature.version, feature.kind, feature.tier, feature.summary
    );
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{BOLD}{title}{PLAIN}");
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
        }
    };
    section(
        "Provides",
        feature
            .provides
            .iter()
            .map(|provide| role(catalog.capability(&provide.capability), &provide.capability))
            .collect(),
    );
    section("Needs", feature.requires.iter().map(need).collect());
    section(
        "Cannot be together with",
        feature
            .conflicts
            .iter()
            .map(|conflict| with_reason(&conflict.with, conflict.reason.as_deref()))
            .collect(),
    );
    section("Recommends", feature.recommends.iter().map(weak).collect());
    section("Suggests", feature.suggests.iter().map(weak).collect());
    section(
        "Asks",
        feature
            .options
            .iter()
            .map(|option| {
                format!(
                    "{}.{} = {} ({}): {}",
                    feature.id,
                    option.key,
                    option.default,
                    answers(&option.kind),
                    option.prompt
                )
            })
            .collect(),
    );
    section(
        "Can fill a need of",
        needed_by.iter().map(|id| (*id).to_owned()).collect(),
    );
    section(
        "Writes",
        feature.files.iter().map(|file| file.path.clone()).collect(),
    );
    section(
        "Proves itself by",
        feature.probes.iter().map(probe).collect(),
    );
    if !readme.trim().is_empty() {
        let _ = writeln!(text, "\n{}", readme.trim());
    }
    text
}

fn role(capability: Option<&Capability>, id: &str) -> String {
    match capability.and_then(|capability| capability.question.as_deref()) {
        Some(question) => format!("{id}: an answer to “{question}”"),
        None => id.to_owned(),
    }
}

fn need(need: &Need) -> String {
    let any: Vec<_> = need.any.iter().map(ToString::to_string).collect();
    with_reason(&any.join(" or "), need.reason.as_deref())
}

fn weak(weak: &Weak) -> String {
    with_reason(&weak.feature.to_string(), Some(&weak.reason))
}

fn probe(probe: &Probe) -> String {
    format!("{}: {}", probe.name, crate::probe::in_words(&probe.kind))
}

fn with_reason(what: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}"))
}

fn answers(kind: &OptionKind) -> String {
    match kind {
        OptionKind::Choice { choices } => choices.join(" | "),
        OptionKind::Text => "text".to_owned(),
        OptionKind::Integer { min, max } => match (min, max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "a whole number".to_owned(),
        },
        OptionKind::Boolean => "yes or no".to_owned(),
    }
}
