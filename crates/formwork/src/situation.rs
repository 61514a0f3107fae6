//! What a question is about: the project in a folder, or the choices of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use formwork_catalog::Catalog;
use formwork_generate::Recipe;
use formwork_model::Source;
use formwork_resolve::Wishes;

use crate::choices::{self, DEFAULT_PRESET};
use crate::cli::Choices;
use crate::composition::Order;
use crate::recipe::{self, Answers, Opened};
use crate::report::{Exit, Failure, Problem, say};
use crate::{embedded, name};

/// The name of a service nobody named.
const UNNAMED: &str = "my-service";

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModelFrom {
    Folder(PathBuf),
    Preset(String),
    /// Nobody said; the default preset is taken, and said so.
    Nobody,
}

impl ModelFrom {
    /// What the flags say, or else the folder beside the answers.
    pub(crate) fn of(choices: &Choices, beside: Option<&Path>) -> Self {
        match (&choices.model, &choices.preset, beside) {
            (Some(folder), _, _) => Self::Folder(folder.clone()),
            (None, Some(preset), _) => Self::Preset(preset.clone()),
            (None, None, Some(folder)) => Self::Folder(folder.to_owned()),
            (None, None, None) => Self::Nobody,
        }
    }

    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        match self {
            Self::Folder(folder) => choices::model_folder(folder),
            Self::Preset(preset) => choices::preset(preset),
            Self::Nobody => {
                say(format!(
                    "no model is given: taking the preset `{DEFAULT_PRESET}`; --model DIR takes yours"
                ));
                choices::preset(DEFAULT_PRESET)
            }
        }
    }
}

/// Everything the command line and an answers file say about a new service. Every mistake is reported.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) order: Order,
    pub(crate) model: ModelFrom,
}

/// A new service called `name`.
pub(crate) fn request(name: &str, choices: &Choices) -> Result<Request, Failure> {
    let mut mistakes = Mistakes::default();
    let project = mistakes.keep(name::project(name, &embedded::libraries()));
    let flags = mistakes.keep(choices::wishes(choices));
    let answers = mistakes
        .keep(choices.answers.as_deref().map(recipe::answers).transpose())
        .flatten();
    let model = ModelFrom::of(
        choices,
        answers
            .as_ref()
            .and_then(|answers| answers.model.as_deref()),
    );
    let sources = mistakes.keep(model.sources());
    let (Some(mut project), Some(flags), Some(sources)) = (project, flags, sources) else {
        return Err(mistakes.failure());
    };
    mistakes.none()?;
    let mut wishes = Wishes::new();
    if let Some(Answers {
        wishes: said,
        title,
        summary,
        runtime,
        packs,
        ..
    }) = answers
    {
        wishes = said;
        project.title = title.unwrap_or(project.title);
        project.summary = summary.unwrap_or(project.summary);
        project.runtime = runtime;
        project.packs = packs;
    }
    let wishes = choices::overrule(wishes, flags);
    Ok(Request {
        order: Order {
            project,
            wishes,
            model: sources,
        },
        model,
    })
}

/// What the project in `folder`, changed by the choices, would be made of; without a project, a new service.
pub(crate) fn order(
    catalog: &Catalog,
    folder: Option<&Path>,
    name: Option<&str>,
    choices: &Choices,
) -> Result<Order, Failure> {
    let Some(opened) = opened(folder, name)? else {
        return Ok(request(name.unwrap_or(UNNAMED), choices)?.order);
    };
    let mut mistakes = Mistakes::default();
    let flags = mistakes.keep(choices::wishes(choices));
    let answers = mistakes
        .keep(choices.answers.as_deref().map(recipe::answers).transpose())
        .flatten();
    let model = ModelFrom::of(choices, Some(&opened.folder.join(&opened.recipe.model)));
    let sources = mistakes.keep(model.sources());
    let (Some(flags), Some(sources)) = (flags, sources) else {
        return Err(mistakes.failure());
    };
    mistakes.none()?;
    let mut wishes = opened.recipe.wishes(BTreeMap::new());
    if let Some(answers) = answers {
        wishes = choices::overrule(wishes, answers.wishes.list);
    }
    let wishes = choices::overrule(wishes, flags);
    Ok(Order {
        wishes: opened.held(catalog, wishes.list),
        project: opened.project(),
        model: sources,
    })
}

/// The wishes alone, for questions that need no model.
pub(crate) fn wishes(
    catalog: &Catalog,
    folder: Option<&Path>,
    choices: &Choices,
) -> Result<Wishes, Failure> {
    let flags = choices::wishes(choices)?;
    let opened = opened(folder, None)?;
    let base = match &opened {
        Some(opened) => opened.recipe.wishes(BTreeMap::new()),
        None => Wishes::new(),
    };
    let base = match choices
        .answers
        .as_deref()
        .map(recipe::answers)
        .transpose()?
    {
        Some(answers) => choices::overrule(base, answers.wishes.list),
        None => base,
    };
    let wishes = choices::overrule(base, flags);
    Ok(match opened {
        Some(opened) => opened.held(catalog, wishes.list),
        None => wishes,
    })
}

/// The project named, or else the one the current folder is.
fn opened(folder: Option<&Path>, name: Option<&str>) -> Result<Option<Opened>, Failure> {
    match (folder, name) {
        (Some(folder), _) => recipe::open(folder).map(Some),
        (None, None) if Path::new(Recipe::PATH).is_file() => recipe::open(Path::new(".")).map(Some),
        _ => Ok(None),
    }
}

/// Mistakes of independent parts, collected.
#[derive(Default)]
struct Mistakes {
    failure: Option<Failure>,
}

impl Mistakes {
    fn keep<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                match &mut self.failure {
                    Some(kept) => kept.problems.extend(failure.problems),
                    None => self.failure = Some(failure),
                }
                None
            }
        }
    }

    fn none(self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }

    fn failure(self) -> Failure {
        self.failure.unwrap_or_else(|| {
            Failure::new(Exit::Input, Problem::new("the choices are not complete"))
        })
    }
}
