//! Plans and conflicts as text for a terminal.

use std::fmt::Write as _;

use formwork_catalog::Catalog;
use formwork_resolve::{Conflict, Fix, Plan, Reason, ResolveError, Wish};
use semver::VersionReq;

use crate::composition::{CORE, is_core};
use crate::report::{Exit, Failure, Problem};

/// Why there is no plan, as a failure with the fixes as numbered hints.
pub(crate) fn refusal(error: &ResolveError) -> Failure {
    match error {
        ResolveError::Wishes(mistakes) => Failure {
            exit: Exit::Input,
            problems: mistakes
                .iter()
                .map(|mistake| {
                    let problem = Problem::new(&mistake.message).at(flags(&mistake.wish).join(" "));
                    mistake.help.iter().fold(problem, Problem::hint)
                })
                .collect(),
        },
        ResolveError::Conflict(conflict) => Failure::new(Exit::Failed, problem(conflict)),
        other => Failure::new(Exit::Failed, Problem::from_error(other)),
    }
}

/// A conflict with its derivation as notes and its fixes as hints.
fn problem(conflict: &Conflict) -> Problem {
    let mut problem = Problem::new("these choices cannot hold together");
    problem.notes = derivation(conflict);
    for (index, fix) in offered(conflict).iter().enumerate() {
        problem = problem.hint(format!("--fix {} to {fix}", index + 1));
    }
    problem.conflict = Some(Box::new(conflict.clone()));
    problem
}

/// The derivation of each core of a conflict, line by line.
pub(crate) fn derivation(conflict: &Conflict) -> Vec<String> {
    let cores = Conflict {
        cores: conflict.cores.clone(),
        fixes: Vec::new(),
    };
    let text = cores.to_string();
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line));
    // A single core's heading says what the problem's message says already.
    let headings = usize::from(conflict.cores.len() == 1);
    lines.skip(headings).map(str::to_owned).collect()
}

/// The fixes worth offering: a service without its core is none.
pub(crate) fn offered(conflict: &Conflict) -> Vec<&Fix> {
    let drops_core = |fix: &&Fix| fix.changes.iter().any(|change| is_core(&change.from));
    conflict
        .fixes
        .iter()
        .filter(|fix| !drops_core(fix))
        .collect()
}

/// The flag that says a wish, and its value.
pub(crate) fn flags(wish: &Wish) -> [String; 2] {
    let (flag, value) = match wish {
        Wish::Pin { feature, version } => ("--with", format!("{feature}@={version}")),
        Wish::Want { id, range } if *range == VersionReq::STAR => ("--with", id.clone()),
        Wish::Want { id, range } => (
            "--with",
            format!("{id}@{}", range.to_string().replace(' ', "")),
        ),
        Wish::Answer { question, value } if question.contains('.') => {
            ("--set", format!("{question}={value}"))
        }
        Wish::Answer { question, value } => ("--answer", format!("{question}={value}")),
        Wish::Tier { tier } => ("--tier", tier.to_string()),
        Wish::Refuse { id } => ("--without", id.clone()),
    };
    [flag.to_owned(), value]
}

/// Why a feature is in a plan.
pub(crate) fn reason(feature: &str, reason: &Reason) -> String {
    if feature == CORE {
        "every service stands on it".to_owned()
    } else {
        reason.to_string()
    }
}

/// The plan's features as a table for people.
pub(crate) fn features_table(catalog: &Catalog, plan: &Plan) -> String {
    let width = plan
        .features
        .iter()
        .map(|planned| planned.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for planned in &plan.features {
        let kind = catalog
            .feature(&planned.id, &planned.version)
            .map_or("", |feature| feature.kind.as_str());
        let version = planned.version.to_string();
        let reason = reason(&planned.id, &planned.reason);
        let _ = writeln!(
            text,
            "  {:<width$}  {version:<8}  {kind:<13}  {reason}",
            planned.id
        );
    }
    text
}
