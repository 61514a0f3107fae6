//! `formwork check`: whether a project still is what its records say, and keeps its architecture. Made for CI.

use std::path::Path;

use formwork_generate::{DriftKind, RecordError, drift, waiting};
use formwork_resolve::Diff;
use serde::Serialize;

use crate::cli::{Check, Choices};
use crate::composition::{self, Composed};
use crate::recipe::{self, Opened, record_failure, transaction_failure};
use crate::report::{Exit, Failure, GREEN, PLAIN, Problem, RED, YELLOW, data, json_line, say};
use crate::timings::Timings;
use crate::{catalog, layers, nearest, situation};

/// Every rule, with what it means.
const RULES: &[(&str, &str)] = &[
    ("recipe", "the recipe can be resolved"),
    ("lock", "the lock has what the recipe asks for"),
    (
        "generated",
        "the files were generated from this recipe, model and catalog",
    ),
    ("base", "the bytes last generated are kept, undamaged"),
    ("settled", "no change waits for its conflicts to be settled"),
    ("drift", "generated files are as they were generated"),
    ("layer-present", "every layer has a manifest"),
    ("layer-arrow", "layers depend inwards only"),
    ("pure-domain", "the domain depends on its vocabulary alone"),
];

/// The rule that reports without failing, unless it is denied: generated files are there to be
/// edited.
const REPORTED: &str = "drift";

/// A rule that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    name: &'static str,
    ok: bool,
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    message: String,
    /// Whether it is let pass: by `--allow`, or because the rule only reports.
    allowed: bool,
}

pub(crate) fn run(check: &Check) -> Result<(), Failure> {
    let allowed = check.allow.iter().map(|rule| ("--allow", rule));
    let denied = check.deny.iter().map(|rule| ("--deny", rule));
    for (flag, rule) in allowed.chain(denied) {
        if !RULES.iter().any(|(known, _)| known == rule) {
            let problem =
                Problem::new(format!("there is no rule `{rule}`")).at(format!("{flag} {rule}"));
            return Err(Failure::new(
                Exit::Usage,
                nearest::suggest(problem, rule, RULES.iter().map(|(rule, _)| *rule)),
            ));
        }
    }
    let project = recipe::open(&check.project)?;
    let mut findings = Vec::new();
    settled(&check.project, &mut findings)?;
    records(&project, &mut findings)?;
    drifts(&check.project, &mut findings)?;
    for broken in layers::check(&check.project, project.recipe.project.name()) {
        findings.push(finding(broken.rule, broken.place, broken.message));
    }
    for finding in &mut findings {
        let named = |rules: &[String]| rules.iter().any(|rule| rule == finding.rule);
        finding.allowed = named(&check.allow) || (finding.rule == REPORTED && !named(&check.deny));
    }
    show(&findings, check.json)?;
    let failed = findings.iter().filter(|finding| !finding.allowed).count();
    if failed == 0 {
        return Ok(());
    }
    let problem = Problem::new(format!("{failed} of the project's rules do not hold"))
        .at(check.project.display().to_string());
    Err(Failure::new(Exit::Failed, problem))
}

fn finding(rule: &'static str, place: impl Into<String>, message: impl Into<String>) -> Finding {
    Finding {
        name: rule,
        ok: false,
        rule,
        place: Some(place.into()),
        message: message.into(),
        allowed: false,
    }
}

/// Files with conflicts of a change that waits.
fn settled(folder: &Path, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let waits = waiting(folder).map_err(|error| transaction_failure(&error))?;
    if let Some(change) = waits {
        let message = format!(
            "`{}` waits for conflicts to be settled: then `formwork continue`, or `formwork abort`",
            change.title
        );
        let places = change.conflicts.into_iter();
        findings.extend(places.map(|place| finding("settled", place, message.clone())));
    }
    Ok(())
}

/// Recipe, lock and what generating again would give.
fn records(project: &Opened, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let catalog = catalog::for_project(Some(&project.folder), &Choices::default())?;
    let order = situation::order(&catalog, Some(&project.folder), None, &Choices::default())?;
    let composed = match composition::work_out(
        &catalog,
        order,
        &Choices::default(),
        &mut Timings::default(),
    ) {
        Ok(composed) => composed,
        Err(failure) if failure.exit == Exit::Failed => {
            for problem in failure.problems {
                let text = std::iter::once(problem.message)
                    .chain(problem.notes)
                    .collect::<Vec<_>>()
                    .join("\n");
                findings.push(finding("recipe", "formwork.toml", text));
            }
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    let change = Diff::between(&project.lock.versions(), &composed.plan.versions());
    if !change.is_empty() {
        let message = format!(
            "the recipe asks for other features than the lock has: generating again {}",
            change
        );
        findings.push(finding("lock", "formwork.lock", message));
    } else if composed.document().tree_hash != project.lock.tree {
        findings.push(finding(
            "generated",
            "formwork.lock",
            why_another_tree(project, &composed),
        ));
    }
    Ok(())
}

/// Why the same features would give another tree.
fn why_another_tree(project: &Opened, composed: &Composed) -> String {
    let moved: Vec<_> = (composed.document().features.iter())
        .filter(|feature| {
            project
                .lock
                .features
                .iter()
                .any(|locked| locked.id == feature.id && locked.hash != feature.hash)
        })
        .map(|feature| feature.id.as_str())
        .collect();
    if moved.is_empty() {
        "the recipe, the model or the runtime inside this formwork is not the one the files were generated from".to_owned()
    } else {
        format!(
            "this formwork has other contents of the features {}",
            moved.join(", ")
        )
    }
}

fn drifts(project: &Path, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    match drift(project) {
        Ok(drifts) => {
            for drift in drifts {
                let what = match drift.kind {
                    DriftKind::Changed => "was changed by hand",
                    DriftKind::Deleted => "was deleted",
                    DriftKind::Replaced => "is no file any more",
                };
                findings.push(finding("drift", drift.path, what));
            }
            Ok(())
        }
        Err(error @ (RecordError::Base { .. } | RecordError::Read { .. })) => {
            let problem = Problem::from_error(&error);
            let message = std::iter::once(problem.message)
                .chain(problem.notes)
                .collect::<Vec<_>>()
                .join("; ");
            findings.push(finding("base", ".formwork/base", message));
            Ok(())
        }
        Err(error) => Err(record_failure(&error)),
    }
}

/// Every finding, and every rule without one.
fn show(findings: &[Finding], json: bool) -> Result<(), Failure> {
    for (rule, meaning) in RULES {
        let mut kept = true;
        for finding in findings.iter().filter(|finding| finding.rule == *rule) {
            kept = false;
            if json {
                json_line(finding)?;
            } else {
                let color = if finding.allowed { YELLOW } else { RED };
                data(&format!(
                    "{color}{rule}{PLAIN} {}: {}\n",
                    finding.place.as_deref().unwrap_or_default(),
                    finding.message
                ))?;
            }
        }
        if kept && json {
            json_line(&Finding {
                name: rule,
                ok: true,
                rule,
                place: None,
                message: (*meaning).to_owned(),
                allowed: false,
            })?;
        } else if kept {
            say(format!("{GREEN}ok{PLAIN} {rule}: {meaning}"));
        }
    }
    Ok(())
}
