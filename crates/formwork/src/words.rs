//! Plans and conflicts as text for a terminal.

use std::fmt::Write as _;

use formwork_catalog::Catalog;
use formwork_resolve::{
    Basis, Conflict, Core, Outcome, Plan, Reason, ResolveError, Resolver, Suggestion, Wish, Wishes,
};
use semver::VersionReq;
use serde::Serialize;

use crate::composition::{CORE, is_core};
use crate::report::{Exit, Failure, Problem};

/// A conflict with its fixes worked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Obstruction {
    pub(crate) cores: Vec<Core>,
    pub(crate) fixes: Vec<Outcome>,
}

impl Obstruction {
    /// Works out the fixes worth offering of a conflict of these wishes: a service without its core
    /// is none.
    pub(crate) fn new(
        resolver: &Resolver<'_>,
        wishes: &Wishes,
        conflict: &Conflict,
    ) -> Result<Self, Failure> {
        let mut fixes = resolver
            .outcomes(wishes, conflict)
            .map_err(|error| Failure::new(Exit::Failed, Problem::from_error(&error)))?;
        fixes.retain(|fix| !fix.changes.iter().any(|change| is_core(&change.from)));
        let cores = conflict.cores.clone();
        Ok(Self { cores, fixes })
    }

    /// The derivation and the numbered fixes, a line each.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for line in derivation(&self.cores) {
            let _ = writeln!(text, "  {line}");
        }
        for (number, fix) in (1..).zip(&self.fixes) {
            let _ = writeln!(text, "{number}. {fix}");
        }
        text
    }
}

/// Why there is no plan for the wishes, as a failure with the fixes as numbered hints.
pub(crate) fn refusal(resolver: &Resolver<'_>, wishes: &Wishes, error: &ResolveError) -> Failure {
    match error {
        ResolveError::Wishes(mistakes) => {
            let problems = mistakes.iter().map(|mistake| {
                let problem = Problem::new(&mistake.message).at(flags(&mistake.wish).join(" "));
                mistake.help.iter().fold(problem, Problem::hint)
            });
            Failure::all(Exit::Input, problems.collect())
        }
        ResolveError::Conflict(conflict) => match Obstruction::new(resolver, wishes, conflict) {
            Ok(obstruction) => obstructed(obstruction),
            Err(failure) => failure,
        },
        other => Failure::new(Exit::Failed, Problem::from_error(other)),
    }
}

/// A conflict with its derivation as notes and its fixes as hints.
pub(crate) fn obstructed(obstruction: Obstruction) -> Failure {
    let mut problem = Problem::new("these choices cannot hold together");
    problem.notes = derivation(&obstruction.cores);
    for (number, fix) in (1..).zip(&obstruction.fixes) {
        problem = problem.hint(format!("--fix {number} to {fix}"));
    }
    problem.conflict = Some(Box::new(obstruction));
    Failure::new(Exit::Failed, problem)
}

/// The derivation of each core of a conflict, line by line.
pub(crate) fn derivation(cores: &[Core]) -> Vec<String> {
    let conflict = Conflict {
        cores: cores.to_vec(),
        fixes: Vec::new(),
    };
    let text = conflict.to_string();
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line));
    // A single core's heading says what the problem's message says already.
    let headings = usize::from(cores.len() == 1);
    lines.skip(headings).map(str::to_owned).collect()
}

/// Each circle of needs of a plan in a sentence: who needs whom, and which need to do without.
pub(crate) fn circles(plan: &Plan) -> impl Iterator<Item = String> {
    plan.circles.iter().map(|circle| {
        let members: Vec<_> = circle.features.iter().map(|id| format!("`{id}`")).collect();
        let first = members.first().cloned().unwrap_or_default();
        format!(
            "{} needs {first}: the need at {} is the one to do without",
            members.join(" needs "),
            circle.cut
        )
    })
}

/// A feature worth adding: what it rests on, and the reason.
pub(crate) fn suggestion(suggestion: &Suggestion) -> String {
    let by = suggestion.by.join(", ");
    let basis = match suggestion.basis {
        Basis::Recommends | Basis::Suggests | Basis::Supplements | Basis::Enhances => {
            format!("by {by}")
        }
        Basis::Security => format!("security, by {by}"),
        Basis::Performance => format!("performance, by {by}"),
        Basis::Tier => "tier".to_owned(),
        Basis::Popular => "popular".to_owned(),
    };
    format!("{} ({basis}): {}", suggestion.feature, suggestion.reason)
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

#[cfg(test)]
mod tests {
    use formwork_catalog::{Position, Site, Tier};
    use formwork_resolve::{Circle, Plan};

    #[test]
    fn a_circle_is_told_with_the_need_to_do_without() {
        let cut = Site {
            rule: "b@1.0.0/requires/0".to_owned(),
            path: "features/b/feature.toml".to_owned(),
            position: Position { line: 7, column: 1 },
        };
        let plan = Plan {
            tier: Tier::Basic,
            features: Vec::new(),
            dropped: Vec::new(),
            suggestions: Vec::new(),
            unused_answers: Vec::new(),
            optimal: true,
            circles: vec![Circle {
                features: vec!["a".to_owned(), "b".to_owned()],
                cut,
            }],
        };
        let told: Vec<_> = super::circles(&plan).collect();
        assert_eq!(
            told,
            [
                "`a` needs `b` needs `a`: the need at features/b/feature.toml:7:1 is the one to do without"
            ]
        );
    }
}
