//! From flags and files to wishes and a model. Every mistake is collected before anything is refused.

use std::fs;
use std::path::Path;

use formwork_catalog::Tier;
use formwork_model::{Mistakes, Source};
use formwork_resolve::{Wish, Wishes};
use semver::VersionReq;

use crate::cli::Choices;
use crate::embedded;
use crate::nearest;
use crate::report::{Exit, Failure, Problem, in_words};

/// The preset taken when nobody names a model.
pub(crate) const DEFAULT_PRESET: &str = "ecommerce";

/// The wishes the flags say, or every flag that says none.
pub(crate) fn wishes(choices: &Choices) -> Result<Vec<Wish>, Failure> {
    let mut list = Vec::new();
    let mut problems = Vec::new();
    let parsed = (choices.with.iter().map(|text| with(text)))
        .chain(
            choices
                .without
                .iter()
                .map(|id| Ok(Wish::Refuse { id: id.clone() })),
        )
        .chain(
            choices
                .answer
                .iter()
                .map(|text| answer("--answer", text, "QUESTION=FEATURE")),
        )
        .chain(
            choices
                .set
                .iter()
                .map(|text| answer("--set", text, "FEATURE.OPTION=VALUE")),
        )
        .chain(
            choices
                .tier
                .iter()
                .map(|text| tier(text).map(|tier| Wish::Tier { tier })),
        );
    for wish in parsed {
        match wish {
            Ok(wish) => list.push(wish),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(list)
    } else {
        Err(Failure::all(Exit::Input, problems))
    }
}

pub(crate) fn with(text: &str) -> Result<Wish, Problem> {
    let (id, range) = text.split_once('@').unwrap_or((text, "*"));
    match VersionReq::parse(range) {
        Ok(range) => Ok(Wish::Want {
            id: id.to_owned(),
            range,
        }),
        Err(error) => Err(
            Problem::new(format!("`{range}` is no range of versions: {error}"))
                .at(format!("--with {text}"))
                .hint(format!("write `{id}@^1` or `{id}@=1.2.3`")),
        ),
    }
}

fn answer(flag: &str, text: &str, form: &str) -> Result<Wish, Problem> {
    let missing = || {
        Problem::new(format!("`{text}` is no answer"))
            .at(format!("{flag} {text}"))
            .hint(format!("write {flag} {form}"))
    };
    let (question, value) = text.split_once('=').ok_or_else(missing)?;
    if question.is_empty() || value.is_empty() || (flag == "--set") != question.contains('.') {
        return Err(missing());
    }
    Ok(Wish::Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    })
}

/// An answer to a question or to an option of a feature.
pub(crate) fn set(text: &str) -> Result<Wish, Problem> {
    let flag = match text.split_once('=') {
        Some((question, _)) if question.contains('.') => "--set",
        _ => "--answer",
    };
    answer(flag, text, "KEY=VALUE").map_err(|mut problem| {
        problem.place = Some(format!("set {text}"));
        problem.hints =
            vec!["write `set database=postgres` or `set memory-cache.capacity=5000`".to_owned()];
        problem
    })
}

/// The tier of that name.
pub(crate) fn tier(name: &str) -> Result<Tier, Problem> {
    Tier::from_name(name).ok_or_else(|| {
        let problem =
            Problem::new(format!("there is no tier `{name}`")).at(format!("--tier {name}"));
        let names: Vec<_> = Tier::ALL.map(Tier::as_str).to_vec();
        nearest::suggest(problem, name, names.iter().copied())
            .hint(format!("the tiers are {}", names.join(", ")))
    })
}

/// Wishes of a file, less those that a wish of the flags answers anew, and then the flags'.
pub(crate) fn overrule(file: Wishes, flags: Vec<Wish>) -> Wishes {
    let about = |wish: &Wish| match wish {
        Wish::Answer { question, .. } => format!("answer {question}"),
        Wish::Tier { .. } => "tier".to_owned(),
        Wish::Pin { feature: id, .. } | Wish::Want { id, .. } | Wish::Refuse { id } => {
            format!("feature {id}")
        }
    };
    let overruled: Vec<_> = flags.iter().map(about).collect();
    let kept = file
        .list
        .into_iter()
        .filter(|wish| !overruled.contains(&about(wish)));
    Wishes {
        list: kept.chain(flags).collect(),
        locked: file.locked,
    }
}

/// The model files of a folder, by name.
pub(crate) fn model_folder(folder: &Path) -> Result<Vec<Source>, Failure> {
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::new(
            Exit::Input,
            Problem::new(format!("cannot read the model: {}", in_words(error)))
                .at(path.display().to_string()),
        )
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::input(
            Problem::new("there is no model file, `*.toml`, in the folder")
                .at(folder.display().to_string()),
        ));
    }
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            Ok(Source::new(path.display().to_string(), text))
        })
        .collect()
}

/// The model files of a preset, by name.
pub(crate) fn preset(name: &str) -> Result<Vec<Source>, Failure> {
    let files = embedded::preset(name);
    if files.is_empty() {
        let problem =
            Problem::new(format!("there is no preset `{name}`")).at(format!("--preset {name}"));
        let presets = embedded::presets();
        let hint = format!("the presets are {}", presets.join(", "));
        return Err(Failure::input(
            nearest::suggest(problem, name, presets).hint(hint),
        ));
    }
    Ok(files
        .into_iter()
        .map(|(path, text)| Source::new(path, text))
        .collect())
}

/// Every mistake of a model, as problems.
pub(crate) fn model_failure(mistakes: &Mistakes) -> Failure {
    let problems = mistakes
        .iter()
        .map(|mistake| {
            let problem = Problem::new(&mistake.message).at(format!(
                "{}:{}:{}",
                mistake.path, mistake.line, mistake.column
            ));
            mistake
                .hint
                .iter()
                .fold(problem, |problem, hint| problem.hint(hint))
        })
        .collect();
    Failure::all(Exit::Input, problems)
}
