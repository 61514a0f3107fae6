//! Recipes as input: a project's own, and answers files, which are recipes without a project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formwork_generate::{
    Lock, Project, Recipe, RecipeMistake, RecordError, RuntimeFrom, read_lock,
};
use formwork_resolve::Wishes;

use crate::report::{Exit, Failure, Problem};

/// What an answers file says.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) wishes: Wishes,
    /// The title, where it is not the one the name would give.
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) runtime: RuntimeFrom,
    /// The folder of the model beside the file, where there is one.
    pub(crate) model: Option<PathBuf>,
}

/// A project on disk.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) folder: PathBuf,
    pub(crate) recipe: Recipe,
    pub(crate) lock: Lock,
}

/// Reads an answers file: a recipe in which the project may be missing.
pub(crate) fn answers(path: &Path) -> Result<Answers, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::io(
            format_args!("cannot read the answers in `{}`", path.display()),
            &error,
        )
    })?;
    let named = text
        .lines()
        .any(|line| line.trim_start().starts_with("[project]"));
    // A table at the end moves no position of what stands before it.
    let text = if named {
        text
    } else {
        format!("{text}\n[project]\nname = \"unnamed\"\n")
    };
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
        model: model.is_dir().then_some(model),
    })
}

/// Opens the project in a folder.
pub(crate) fn open(folder: &Path) -> Result<Opened, Failure> {
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
            lock,
        }),
        (Err(failure), Ok(_)) | (Ok(_), Err(failure)) => Err(failure),
        (Err(mut failure), Err(other)) => {
            failure.problems.extend(other.problems);
            Err(failure)
        }
    }
}

/// Why a project's records could not be read.
pub(crate) fn record_failure(error: &RecordError) -> Failure {
    let exit = match error {
        RecordError::Read { .. } => Exit::Io,
        _ => Exit::Input,
    };
    Failure::new(exit, Problem::from_error(error))
}

fn parse(path: &Path, text: &str) -> Result<Recipe, Failure> {
    Recipe::parse(text).map_err(|mistakes| Failure {
        exit: Exit::Input,
        problems: mistakes
            .iter()
            .map(|mistake| problem(path, mistake))
            .collect(),
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
