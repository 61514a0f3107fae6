//! Recipes as input: a project's own, and answers files, which are recipes without a project.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formwork_catalog::Catalog;
use formwork_generate::{
    Lock, Outcome, Packs, Project, Recipe, RecipeMistake, RecordError, RuntimeFrom,
    TransactionError, keep_locked, read_lock, recover,
};
use formwork_resolve::{Wish, Wishes};

use crate::composition::with_core;
use crate::report::{Exit, Failure, GREEN, PLAIN, Problem, say, warn};

/// What an answers file says.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) wishes: Wishes,
    /// The title, where it is not the one the name would give.
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) runtime: RuntimeFrom,
    /// The packs it names; their paths start in its folder.
    pub(crate) packs: Packs,
    /// The folder of the model beside the file, where there is one.
    pub(crate) model: Option<PathBuf>,
}

/// A project on disk.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) folder: PathBuf,
    pub(crate) recipe: Recipe,
    /// The recipe as it is written.
    pub(crate) text: String,
    pub(crate) lock: Lock,
}

impl Opened {
    /// The project, with its model where the recipe says it is.
    pub(crate) fn project(&self) -> Project {
        let project = self.recipe.project.clone();
        project.with_model_folder(&self.recipe.model)
    }

    /// Other wishes for this project, held to what they leave of the lock.
    pub(crate) fn held(&self, catalog: &Catalog, list: Vec<Wish>) -> Wishes {
        let mut wishes = with_core(Wishes {
            list,
            locked: BTreeMap::new(),
        });
        let locked = self.lock.versions();
        wishes.locked = keep_locked(catalog, &self.lock.wishes, &wishes.list, &locked);
        wishes
    }
}

/// Reads an answers file: a recipe in which the project may be missing.
pub(crate) fn answers(path: &Path) -> Result<Answers, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::io(
            format_args!("cannot read the answers in `{}`", path.display()),
            &error,
        )
    })?;
    let (text, named) = with_project(text);
    let recipe = parse(path, &text)?;
    let unsaid = Project::new(recipe.project.name()).ok();
    let said = |text: &String, default: Option<&String>| {
        named
            .then(|| text.clone())
            .filter(|text| !text.is_empty() && Some(text) != default)
    };
    let model = path.parent().unwrap_or(Path::new("")).join(&recipe.model);
    Ok(Answers {
        title: said(
            &recipe.project.title,
            unsaid.as_ref().map(|project| &project.title),
        ),
        summary: said(&recipe.project.summary, None),
        wishes: recipe.wishes(Default::default()),
        runtime: recipe.project.runtime,
        packs: recipe.project.packs,
        model: model.is_dir().then_some(model),
    })
}

/// The packs a recipe or an answers file names. One that cannot be read names none: whoever opens it says why.
pub(crate) fn packs(path: &Path) -> Packs {
    let text = fs::read_to_string(path).unwrap_or_default();
    let recipe = Recipe::parse(&with_project(text).0);
    recipe
        .map(|recipe| recipe.project.packs)
        .unwrap_or_default()
}

/// The text of a recipe that names a project, and whether it did so by itself.
fn with_project(text: String) -> (String, bool) {
    let named = text
        .lines()
        .any(|line| line.trim_start().starts_with("[project]"));
    // A table at the end moves no position of what stands before it.
    let text = if named {
        text
    } else {
        format!("{text}\n[project]\nname = \"unnamed\"\n")
    };
    (text, named)
}

/// Opens the project in a folder; what an interrupted run left is finished first.
pub(crate) fn open(folder: &Path) -> Result<Opened, Failure> {
    finish_interrupted(folder)?;
    let path = folder.join(Recipe::PATH);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::input(
                Problem::new(format!(
                    "`{}` is no project of formwork: it has no `{}`",
                    folder.display(),
                    Recipe::PATH
                ))
                .hint("name the project's folder, or make one with `formwork new`"),
            ));
        }
        Err(error) => {
            return Err(Failure::io(
                format_args!("cannot read `{}`", path.display()),
                &error,
            ));
        }
    };
    let recipe = parse(&path, &text);
    let lock = read_lock(folder).map_err(|error| record_failure(&error));
    match (recipe, lock) {
        (Ok(recipe), Ok(lock)) => Ok(Opened {
            folder: folder.to_owned(),
            recipe,
            text,
            lock,
        }),
        (Err(failure), Ok(_)) | (Ok(_), Err(failure)) => Err(failure),
        (Err(mut failure), Err(other)) => {
            failure.problems.extend(other.problems);
            Err(failure)
        }
    }
}

/// Finishes, or clears away, what a run that was killed left of a change.
fn finish_interrupted(folder: &Path) -> Result<(), Failure> {
    let finished = recover(folder).map_err(|error| transaction_failure(&error))?;
    if let Some(outcome) = finished {
        say(format!(
            "{GREEN}finished{PLAIN} the interrupted `{}`",
            outcome.title
        ));
        tell_set_aside(&outcome);
    }
    Ok(())
}

/// What somebody wrote in the meantime, and where it is.
pub(crate) fn tell_set_aside(outcome: &Outcome) {
    for (path, place) in &outcome.set_aside {
        warn(
            &Problem::new(format!(
                "`{path}` was written by somebody else in the meantime"
            ))
            .note(format!("the other version is in `{place}`")),
        );
    }
}

/// Why a change could not be made, finished or taken back.
pub(crate) fn transaction_failure(error: &TransactionError) -> Failure {
    let exit = match error {
        TransactionError::Io { .. } | TransactionError::Busy { .. } => Exit::Io,
        TransactionError::Waiting | TransactionError::Unsettled { .. } => Exit::Failed,
        _ => Exit::Input,
    };
    let mut problem = Problem::from_error(error);
    if let TransactionError::Unsettled { places } = error {
        let lines = places.iter().map(|(path, line)| format!("{path}:{line}"));
        problem.notes.extend(lines);
    }
    Failure::new(exit, error.hint().into_iter().fold(problem, Problem::hint))
}

/// Why a project's records could not be read.
pub(crate) fn record_failure(error: &RecordError) -> Failure {
    let exit = match error {
        RecordError::Read { .. } => Exit::Io,
        _ => Exit::Input,
    };
    let problem = Problem::from_error(error);
    Failure::new(exit, error.hint().into_iter().fold(problem, Problem::hint))
}

fn parse(path: &Path, text: &str) -> Result<Recipe, Failure> {
    Recipe::parse(text).map_err(|mistakes| {
        let problems = mistakes.iter().map(|mistake| problem(path, mistake));
        Failure::all(Exit::Input, problems.collect())
    })
}

fn problem(path: &Path, mistake: &RecipeMistake) -> Problem {
    let problem = Problem::new(&mistake.message).at(format!(
        "{}:{}:{}",
        path.display(),
        mistake.line,
        mistake.column
    ));
    mistake
        .hint
        .iter()
        .fold(problem, |problem, hint| problem.hint(hint))
}
