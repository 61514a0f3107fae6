//! The way from wishes and a model to a composition in memory, shared by every command.

use formwork_catalog::Catalog;
use formwork_generate::{
    ComposeError, Composition, PlanDocument, Project, Recipe, RuntimeSources, compose, records,
};
use formwork_model::Source;
use formwork_resolve::{Plan, ResolveError, Resolver, Wish, Wishes};

use crate::choices::model_failure;
use crate::cli::Choices;
use crate::report::{Exit, Failure, Problem, say, warn};
use crate::timings::Timings;
use crate::words::{self, Obstruction};
use crate::{embedded, memory};

/// The feature every service stands on.
pub(crate) const CORE: &str = "core";

/// What a service is made of, before it is worked out.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) project: Project,
    pub(crate) wishes: Wishes,
    pub(crate) model: Vec<Source>,
}

/// What a service is made of, worked out.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) plan: Plan,
    /// What the project's own recipe will say.
    pub(crate) recipe: Recipe,
    pub(crate) composition: Composition,
}

impl Composed {
    /// The paths of what the project keeps about itself, beside the files of the plan.
    pub(crate) fn records(&self) -> Vec<String> {
        let records = records(&self.composition, &self.recipe);
        records.into_iter().map(|(path, _)| path).collect()
    }

    pub(crate) fn document(&self) -> &PlanDocument {
        &self.composition.document
    }
}

/// Resolves. Where the wishes conflict, the numbered fix or the largest consistent part is taken, if that was asked for.
pub(crate) fn settle(
    resolver: &Resolver<'_>,
    wishes: Wishes,
    choices: &Choices,
) -> Result<(Wishes, Plan), Failure> {
    let wishes = with_core(wishes);
    let error = match resolver.resolve(&wishes) {
        Ok(plan) => return Ok((wishes, plan)),
        Err(error) => error,
    };
    let ResolveError::Conflict(conflict) = &error else {
        return Err(words::refusal(resolver, &wishes, &error));
    };
    if choices.degrade {
        return degraded(resolver, &wishes);
    }
    let obstruction = Obstruction::new(resolver, &wishes, conflict)?;
    let Some(number) = choices.fix else {
        return Err(words::obstructed(obstruction));
    };
    let fixes = &obstruction.fixes;
    if let Some(fix) = number.checked_sub(1).and_then(|index| fixes.get(index)) {
        say(format!("fix {number}: {fix}"));
        return Ok((fix.wishes.clone(), fix.plan.clone()));
    }
    let problem = Problem::new(format!(
        "there is no fix {number}; {} are offered",
        fixes.len()
    ));
    let mut failure = words::obstructed(obstruction);
    failure.exit = Exit::Input;
    failure
        .problems
        .insert(0, problem.at(format!("--fix {number}")));
    Err(failure)
}

/// The largest consistent part of the wishes; what is left out is said, with the reason.
fn degraded(resolver: &Resolver<'_>, wishes: &Wishes) -> Result<(Wishes, Plan), Failure> {
    let degraded = resolver
        .degrade(wishes)
        .map_err(|error| words::refusal(resolver, wishes, &error))?;
    for left_out in &degraded.left_out {
        let mut problem = Problem::new(format!("{} is left out", left_out.wish));
        problem.notes = words::derivation(&left_out.because.cores);
        warn(&problem);
    }
    Ok((degraded.wishes, degraded.plan))
}

/// Every service stands on the core: it is wished for where nobody says so.
pub(crate) fn with_core(mut wishes: Wishes) -> Wishes {
    let named = wishes.list.iter().any(
        |wish| matches!(wish, Wish::Want { id, .. } | Wish::Pin { feature: id, .. } if id == CORE),
    );
    if !named {
        wishes.list.insert(
            0,
            Wish::Want {
                id: CORE.to_owned(),
                range: semver::VersionReq::STAR,
            },
        );
    }
    wishes
}

/// Whether a wish is the one [`with_core`] adds.
pub(crate) fn is_core(wish: &Wish) -> bool {
    matches!(wish, Wish::Want { id, range } if id == CORE && *range == semver::VersionReq::STAR)
}

/// Works an order out, up to a tree in memory.
pub(crate) fn work_out(
    catalog: &Catalog,
    order: Order,
    choices: &Choices,
    timings: &mut Timings,
) -> Result<Composed, Failure> {
    let Order {
        project,
        wishes,
        model: sources,
    } = order;
    let model = timings
        .phase("model", || formwork_model::read(&sources))
        .map_err(|mistakes| model_failure(&mistakes));
    let settled = timings.phase("resolve", || {
        settle(&Resolver::new(catalog), wishes, choices)
    });
    let (model, (wishes, plan)) = match (model, settled) {
        (Ok(model), Ok(settled)) => (model, settled),
        (Err(failure), Ok(_)) | (Ok(_), Err(failure)) => return Err(failure),
        (Err(mut failure), Err(other)) => {
            failure.problems.extend(other.problems);
            return Err(failure);
        }
    };
    let project = project.with_model(&sources);
    let composition = timings.phase("render", || {
        let _bound = (!catalog.packs().is_empty()).then(memory::Bound::set);
        compose(catalog, &plan, &model, &project, &runtime())
    });
    match composition {
        Ok(composition) => Ok(Composed {
            plan,
            recipe: Recipe {
                model: project.model_folder().to_owned(),
                ..Recipe::new(project, &wishes)
            },
            composition,
        }),
        Err(errors) => Err(Failure::all(
            Exit::Input,
            errors.iter().map(problem).collect(),
        )),
    }
}

fn problem(error: &ComposeError) -> Problem {
    let problem = Problem::from_error(error);
    error.hint().into_iter().fold(problem, Problem::hint)
}

/// The runtime sources inside the binary.
pub(crate) fn runtime() -> RuntimeSources {
    let mut sources =
        RuntimeSources::new(embedded::text("Cargo.toml"), embedded::text("Cargo.lock"));
    for (path, bytes, compressed) in embedded::RUNTIME {
        let path = path.strip_prefix("crates/").unwrap_or(path);
        sources.insert_compressed(path, bytes, compressed);
    }
    sources
}
