//! `formwork plan`: what a run would do, and why, before anything is written.

use std::fmt::Write as _;

use formwork_catalog::Catalog;
use formwork_generate::Class;
use formwork_resolve::Circle;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Plan;
use crate::composition::{self, Composed};
use crate::report::{BOLD, Failure, PLAIN, data, json};
use crate::timings::{Phase, Timings};
use crate::{actions, catalog, situation, words};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    plan: Value,
    /// What the project keeps about itself, beside the files of the plan.
    records: Vec<String>,
    /// Recommendations that did not fit.
    dropped: Value,
    /// Features that could be added as they are.
    suggestions: Value,
    unused_answers: Vec<String>,
    /// Needs that run in a circle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    circles: Vec<Circle>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timings: Vec<Phase>,
}

pub(crate) fn run(arguments: &Plan) -> Result<(), Failure> {
    let mut timings = Timings::default();
    let catalog = timings.phase("catalog", || match (&arguments.project, &arguments.name) {
        (None, Some(_)) => catalog::for_new(&arguments.choices),
        (project, _) => catalog::for_project(project.as_deref(), &arguments.choices),
    })?;
    let order = situation::order(
        &catalog,
        arguments.project.as_deref(),
        arguments.name.as_deref(),
        &arguments.choices,
    )?;
    let composed = composition::work_out(&catalog, order, &arguments.choices, &mut timings)?;
    if arguments.output.json {
        let value = |value: Result<Value, serde_json::Error>| {
            value.expect("our documents have string keys")
        };
        return json(&Document {
            plan: composed.document().to_json(),
            records: composed.records(),
            dropped: value(serde_json::to_value(&composed.plan.dropped)),
            suggestions: value(serde_json::to_value(&composed.plan.suggestions)),
            unused_answers: composed.plan.unused_answers.clone(),
            circles: composed.plan.circles.clone(),
            timings: if arguments.output.timings {
                timings.document()
            } else {
                Vec::new()
            },
        });
    }
    data(&text(&catalog, &composed))?;
    if arguments.output.timings {
        timings.print();
    }
    Ok(())
}

/// The plan for people: features with their reasons, files, actions, probes.
pub(crate) fn text(catalog: &Catalog, composed: &Composed) -> String {
    let (plan, document) = (&composed.plan, composed.document());
    let mut text = String::new();
    let heading = |text: &mut String, title: &str| {
        let _ = writeln!(text, "{BOLD}{title}{PLAIN}");
    };
    heading(
        &mut text,
        &format!("{} features at the tier {}", plan.features.len(), plan.tier),
    );
    text += &words::features_table(catalog, plan);
    if !plan.dropped.is_empty() {
        heading(
            &mut text,
            "Recommended, but left out because they do not fit",
        );
        for dropped in &plan.dropped {
            let _ = writeln!(
                text,
                "  {} (by {}): {}",
                dropped.feature,
                dropped.by.join(", "),
                dropped.reason
            );
        }
    }
    if !plan.suggestions.is_empty() {
        heading(&mut text, "Could be added");
        for suggestion in &plan.suggestions {
            let _ = writeln!(text, "  {}", words::suggestion(suggestion));
        }
    }
    if !plan.circles.is_empty() {
        heading(&mut text, "Needs that run in a circle");
        for circle in words::circles(plan) {
            let _ = writeln!(text, "  {circle}");
        }
    }
    heading(&mut text, &format!("{} files", document.files.len()));
    for file in &document.files {
        let owner = if file.features.is_empty() {
            "runtime".to_owned()
        } else {
            file.features.join(", ")
        };
        let once = if file.class == Class::Seed {
            ", written once"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  create  {}  {} bytes ({owner}{once})",
            file.path, file.bytes
        );
    }
    for path in composed.records() {
        let _ = writeln!(text, "  create  {path}  (kept by formwork)");
    }
    if !document.actions.is_empty() {
        heading(&mut text, "Then");
        for action in &document.actions {
            let _ = writeln!(text, "  {}", actions::in_words_of(action));
        }
    }
    heading(&mut text, &format!("{} probes", document.probes.len()));
    for planned in &document.probes {
        let _ = writeln!(
            text,
            "  {}: {}: {}",
            planned.feature,
            planned.probe.name,
            crate::probe::in_words(&planned.probe.kind)
        );
    }
    let _ = writeln!(
        text,
        "{BOLD}tree{PLAIN} {}\n{BOLD}plan{PLAIN} {}",
        document.tree_hash, document.plan_hash
    );
    text
}
