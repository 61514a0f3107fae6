//! `formwork add`, `remove`, `set`, `tier`, `sync`, `continue` and `abort`: a project becomes another one.

use std::collections::BTreeMap;

use formwork_catalog::Catalog;
use formwork_generate::{Outcome, TransactionError};
use formwork_resolve::{Plan, Resolver, Wish};
use semver::VersionReq;
use serde::Serialize;

use super::features::unknown;
use crate::change::{self, Intent};
use crate::cli::{Add, Choices, Remove, Set, Sync, TierChange, Waiting};
use crate::composition::{self, CORE};
use crate::recipe::{self, Opened, tell_set_aside, transaction_failure};
use crate::report::{Exit, Failure, GREEN, PLAIN, Problem, json, say};
use crate::{catalog, choices, words};

pub(crate) fn add(arguments: &Add) -> Result<(), Failure> {
    let wanted = parsed(&arguments.features, choices::with)?;
    let opened = recipe::open(&arguments.change.project)?;
    let catalog = catalog::for_project(Some(&arguments.change.project), &Choices::default())?;
    let mut list = opened.recipe.wishes(BTreeMap::new()).list;
    for wish in &wanted {
        let Wish::Want { id, .. } = wish else {
            continue;
        };
        list.retain(|known| !matches!(known, Wish::Refuse { id: refused } if refused == id));
    }
    // What is part of the project anyway needs no wish.
    let plan = settled(&catalog, &opened, list.clone())?;
    for wish in wanted {
        let Wish::Want { id, range } = &wish else {
            continue;
        };
        let wished = |known: &Wish| matches!(known, Wish::Want { id: wanted, .. } if wanted == id);
        let is_there = plan.contains(id) && *range == VersionReq::STAR;
        if is_there && let Some(planned) = plan.get(id) {
            let reason = words::reason(id, &planned.reason);
            say(format!("`{id}` is part of the project: {reason}"));
            continue;
        }
        match list.iter_mut().find(|known| wished(known)) {
            Some(known) => *known = wish,
            None => list.push(wish),
        }
    }
    let title = format!("add {}", arguments.features.join(" "));
    change::make(
        &catalog,
        &opened,
        &Intent::new(title, list),
        &arguments.change,
    )
}

pub(crate) fn remove(arguments: &Remove) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.change.project)?;
    let catalog = catalog::for_project(Some(&arguments.change.project), &Choices::default())?;
    let mut list = opened.recipe.wishes(BTreeMap::new()).list;
    let mut problems = Vec::new();
    for id in &arguments.features {
        let is_there =
            opened.lock.versions().contains_key(id) || list.iter().any(|wish| is_about(wish, id));
        if id == CORE {
            problems.push(
                Problem::new(format!(
                    "`{CORE}` cannot be removed: every service stands on it"
                ))
                .at(format!("remove {id}")),
            );
        } else if catalog.newest(id).is_none() && !is_there {
            problems.extend(unknown(&catalog, id).problems);
        } else if !is_there {
            problems.push(
                Problem::new(format!("`{id}` is not part of the project"))
                    .at(format!("remove {id}"))
                    .hint(format!(
                        "`formwork why-not {id}` says what adding it would bring"
                    )),
            );
        }
    }
    if !problems.is_empty() {
        return Err(Failure::all(Exit::Input, problems));
    }
    for id in &arguments.features {
        list.retain(|wish| !is_about(wish, id));
    }
    // What something else brings has to be refused, and may be needed.
    let plan = settled(&catalog, &opened, list.clone()).ok();
    for id in &arguments.features {
        if plan.as_ref().is_none_or(|plan| plan.contains(id)) {
            list.push(Wish::Refuse { id: id.clone() });
        }
    }
    let title = format!("remove {}", arguments.features.join(" "));
    change::make(
        &catalog,
        &opened,
        &Intent::new(title, list),
        &arguments.change,
    )
}

/// Whether a wish goes with a feature: it asks for the feature, chooses it, or sets it up.
fn is_about(wish: &Wish, feature: &str) -> bool {
    match wish {
        Wish::Want { id, .. } | Wish::Pin { feature: id, .. } => id == feature,
        Wish::Answer { question, value } => match question.split_once('.') {
            Some((of, _)) => of == feature,
            None => value == feature,
        },
        Wish::Tier { .. } | Wish::Refuse { .. } => false,
    }
}

pub(crate) fn set(arguments: &Set) -> Result<(), Failure> {
    let answers = parsed(&arguments.answers, choices::set)?;
    let title = format!("set {}", arguments.answers.join(" "));
    answer_anew(title, answers, &arguments.change)
}

pub(crate) fn tier(arguments: &TierChange) -> Result<(), Failure> {
    let tier =
        choices::tier(&arguments.tier).map_err(|problem| Failure::new(Exit::Input, problem))?;
    let title = format!("tier {tier}");
    answer_anew(title, vec![Wish::Tier { tier }], &arguments.change)
}

fn answer_anew(
    title: String,
    answers: Vec<Wish>,
    arguments: &crate::cli::Changing,
) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.project)?;
    let catalog = catalog::for_project(Some(&arguments.project), &Choices::default())?;
    let wishes = choices::overrule(opened.recipe.wishes(BTreeMap::new()), answers);
    change::make(
        &catalog,
        &opened,
        &Intent::new(title, wishes.list),
        arguments,
    )
}

pub(crate) fn sync(arguments: &Sync) -> Result<(), Failure> {
    let waiting = || Waiting {
        project: arguments.change.project.clone(),
        json: arguments.change.json,
    };
    if arguments.resume {
        return resume(&waiting());
    }
    if arguments.abort {
        return abort(&waiting());
    }
    let opened = recipe::open(&arguments.change.project)?;
    let catalog = catalog::for_project(Some(&arguments.change.project), &Choices::default())?;
    let mut intent = Intent::new("sync", opened.recipe.wishes(BTreeMap::new()).list);
    intent.without_base = arguments.without_base;
    change::make(&catalog, &opened, &intent, &arguments.change)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Over<'a> {
    ok: bool,
    /// What the change was.
    change: &'a str,
    /// Files somebody wrote in the meantime, and where they are now.
    set_aside: Vec<[&'a str; 2]>,
}

pub(crate) fn resume(arguments: &Waiting) -> Result<(), Failure> {
    let finished = formwork_generate::resume(&arguments.project);
    over("finished", finished, arguments.json)
}

pub(crate) fn abort(arguments: &Waiting) -> Result<(), Failure> {
    let taken_back = formwork_generate::abort(&arguments.project);
    over("took back", taken_back, arguments.json)
}

fn over(
    what: &str,
    outcome: Result<Outcome, TransactionError>,
    as_json: bool,
) -> Result<(), Failure> {
    let outcome = outcome.map_err(|error| transaction_failure(&error))?;
    tell_set_aside(&outcome);
    if as_json {
        json(&Over {
            ok: true,
            change: &outcome.title,
            set_aside: outcome
                .set_aside
                .iter()
                .map(|(path, place)| [path.as_str(), place.as_str()])
                .collect(),
        })?;
    }
    say(format!("{GREEN}{what}{PLAIN} `{}`", outcome.title));
    Ok(())
}

/// The plan of other wishes for the project.
fn settled(catalog: &Catalog, opened: &Opened, list: Vec<Wish>) -> Result<Plan, Failure> {
    let wishes = opened.held(catalog, list);
    let (_, plan) = composition::settle(&Resolver::new(catalog), wishes, &Choices::default())?;
    Ok(plan)
}

/// Every argument as a wish, or every one that is none.
fn parsed(
    texts: &[String],
    parse: impl Fn(&str) -> Result<Wish, Problem>,
) -> Result<Vec<Wish>, Failure> {
    let mut wishes = Vec::new();
    let mut problems = Vec::new();
    for text in texts {
        match parse(text) {
            Ok(wish) => wishes.push(wish),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(wishes)
    } else {
        Err(Failure::all(Exit::Input, problems))
    }
}
