//! `formwork why` and `why-not`: how a feature came into a plan, and what keeps it out.

use formwork_catalog::Catalog;
use formwork_resolve::{Diff, Plan, Reason, Resolver, WhyNot, Wishes, why};
use serde::Serialize;

use super::features::unknown;
use crate::cli::Why;
use crate::report::{Failure, data, json};
use crate::words::{self, Obstruction};
use crate::{catalog, composition, situation};

/// The answer to `why`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Because {
    feature: String,
    in_plan: bool,
    chain: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    feature: String,
    reason: Reason,
    text: String,
}

/// The answer to `why-not`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Obstacle {
    feature: String,
    in_plan: bool,
    possible: bool,
    /// What adding it would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_change: Option<Diff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<Obstruction>,
    text: String,
}

pub(crate) fn run(arguments: &Why) -> Result<(), Failure> {
    let catalog = catalog::for_project(arguments.project.as_deref(), &arguments.choices)?;
    let (_, plan) = settled(&catalog, &Resolver::new(&catalog), arguments)?;
    let id = &arguments.id;
    let because = because(&plan, id);
    if arguments.json {
        return json(&because);
    }
    if !because.in_plan {
        return data(&format!(
            "`{id}` is not part of the plan; `formwork why-not {id}` says what stands against it\n"
        ));
    }
    data(&because.text())
}

pub(crate) fn run_not(arguments: &Why) -> Result<(), Failure> {
    let catalog = catalog::for_project(arguments.project.as_deref(), &arguments.choices)?;
    let resolver = Resolver::new(&catalog);
    let (wishes, plan) = settled(&catalog, &resolver, arguments)?;
    let id = &arguments.id;
    let answer = resolver
        .why_not(&wishes, id)
        .map_err(|error| words::refusal(&resolver, &wishes, &error))?;
    let mut obstacle = Obstacle {
        feature: id.clone(),
        in_plan: false,
        possible: true,
        would_change: None,
        conflict: None,
        text: String::new(),
    };
    match answer {
        WhyNot::Present { .. } => {
            obstacle.in_plan = true;
            obstacle.text = because(&plan, id).text();
        }
        WhyNot::Possible { diff } => {
            obstacle.text = format!(
                "`{id}` is not part of the plan because nothing asks for it; asking for it {diff}\n"
            );
            obstacle.would_change = Some(diff);
        }
        WhyNot::Impossible { conflict } => {
            obstacle.possible = false;
            let obstruction = Obstruction::new(&resolver, &wishes.clone().want(id), &conflict)?;
            obstacle.text = format!("`{id}` cannot be part of the plan:\n{}", obstruction.text());
            obstacle.conflict = Some(obstruction);
        }
    }
    if arguments.json {
        return json(&obstacle);
    }
    data(&obstacle.text)
}

/// The plan of the project or of the choices; the feature asked about must exist.
fn settled(
    catalog: &Catalog,
    resolver: &Resolver<'_>,
    arguments: &Why,
) -> Result<(Wishes, Plan), Failure> {
    if catalog.newest(&arguments.id).is_none() {
        return Err(unknown(catalog, &arguments.id));
    }
    let wishes = situation::wishes(catalog, arguments.project.as_deref(), &arguments.choices)?;
    composition::settle(resolver, wishes, &arguments.choices)
}

/// The chain from a feature to a wish, a default or a tier.
fn because(plan: &Plan, id: &str) -> Because {
    let chain = why(plan, id).map(|why| why.chain).unwrap_or_default();
    Because {
        feature: id.to_owned(),
        in_plan: plan.contains(id),
        chain: chain
            .into_iter()
            .map(|(feature, reason)| Link {
                text: words::reason(&feature, &reason),
                feature,
                reason,
            })
            .collect(),
    }
}

impl Because {
    /// One line for each link.
    fn text(&self) -> String {
        let line = |link: &Link| {
            format!(
                "`{}` is part of the plan because {}\n",
                link.feature, link.text
            )
        };
        self.chain.iter().map(line).collect()
    }
}
