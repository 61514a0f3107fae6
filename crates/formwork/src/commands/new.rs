//! `formwork new`: from choices to a project on disk.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use formwork_catalog::Catalog;
use formwork_generate::{RuntimeFrom, WriteError, write_new};
use serde::Serialize;
use serde_json::Value;

use crate::actions::{self, Done};
use crate::cli::New;
use crate::composition::{self, Composed, is_core};
use crate::name::environment_prefix;
use crate::report::{BOLD, Exit, Failure, GREEN, PLAIN, Problem, data, json, say, warn};
use crate::situation::{self, ModelFrom, Request};
use crate::timings::{Phase, Timings};
use crate::{catalog, packs, questions, words};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    ok: bool,
    dry_run: bool,
    path: String,
    plan: Value,
    /// What the project keeps about itself, beside the files of the plan; shown by a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    records: Vec<String>,
    actions: Vec<Done>,
    /// The command that gives the same project again.
    command: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timings: Vec<Phase>,
}

pub(crate) fn run(new: &New) -> Result<(), Failure> {
    let mut timings = Timings::default();
    let catalog = timings.phase("catalog", || catalog::for_new(&new.choices))?;
    let Request { mut order, model } = situation::request(&new.name, &new.choices)?;
    let path = new.path.clone().unwrap_or_else(|| PathBuf::from(&new.name));
    if let Some(answers) = &new.choices.answers {
        let folder = answers.parent().unwrap_or(Path::new(""));
        order.project.packs = packs::moved(&order.project.packs, folder, &path);
    }
    if let Some(title) = &new.title {
        order.project.title.clone_from(title);
    }
    if let Some(summary) = &new.summary {
        order.project.summary.clone_from(summary);
    }
    if !new.yes && io::stdin().is_terminal() && io::stderr().is_terminal() {
        order.wishes = questions::ask(
            &catalog,
            composition::with_core(order.wishes),
            &mut io::stdin().lock(),
        )?;
    }
    let composed = composition::work_out(&catalog, order, &new.choices, &mut timings)?;
    for answer in &composed.plan.unused_answers {
        warn(&Problem::new(format!(
            "the answer `{answer}` is not used: its feature is not in the plan"
        )));
    }
    for circle in words::circles(&composed.plan) {
        warn(&Problem::new(circle));
    }

    let again = again(new, &composed, &model);
    let mut done = Vec::new();
    if !new.dry_run {
        timings.phase("write", || create(&composed, &path))?;
        let mut skip = new.skip.clone();
        if new.no_git {
            skip.push("git-init".to_owned());
        }
        done = actions::run(
            &composed.document().actions,
            &path,
            &skip,
            &new.allow_actions,
        );
    }

    let document = composed.document();
    if new.output.json {
        return json(&Document {
            ok: true,
            dry_run: new.dry_run,
            path: path.display().to_string(),
            plan: document.to_json(),
            records: if new.dry_run {
                composed.records()
            } else {
                Vec::new()
            },
            actions: done,
            command: &again,
            timings: if new.output.timings {
                timings.document()
            } else {
                Vec::new()
            },
        });
    }
    if new.dry_run {
        data(&super::plan::text(&catalog, &composed))?;
    } else {
        say(format!(
            "{GREEN}created{PLAIN} {} features, {} files, tree {}",
            document.features.len(),
            document.files.len(),
            document.tree_hash
        ));
        say(format!("{BOLD}again{PLAIN}   {again}"));
        for setting in needed(&catalog, &composed) {
            say(format!("{BOLD}first{PLAIN}   export {setting}"));
        }
        say(format!(
            "{BOLD}next{PLAIN}    cd {} && cargo run",
            quoted(&path.display().to_string())
        ));
        data(&format!("{}\n", path.display()))?;
    }
    if new.output.timings {
        timings.print();
    }
    Ok(())
}

/// What has to be in the environment before the service starts, as the project's README says it:
/// where its servers are, and the secrets that only its owner knows.
fn needed(catalog: &Catalog, composed: &Composed) -> Vec<String> {
    let prefix = environment_prefix(composed.recipe.project.name());
    let mut needed = Vec::new();
    for (slot, value) in [("end-to-end.needs", "=…"), ("run.needs", "")] {
        let features = composed.document().features.iter();
        let features =
            features.filter_map(|planned| catalog.feature(&planned.id, &planned.version));
        let mut lines: Vec<_> = features
            .flat_map(|feature| feature.wiring.iter().map(|wiring| (wiring, &feature.id)))
            .filter(|(wiring, _)| wiring.slot == slot)
            .map(|(wiring, id)| (wiring.order, id, &wiring.code))
            .collect();
        lines.sort_unstable();
        needed.extend(
            lines
                .iter()
                .map(|(_, _, code)| format!("{prefix}__{code}{value}")),
        );
    }
    needed
}

/// Writes the project; nothing of it is left where that fails.
pub(crate) fn create(composed: &Composed, path: &Path) -> Result<(), Failure> {
    write_new(&composed.composition, &composed.recipe, path).map_err(|error| {
        let exit = match error {
            WriteError::Parent { .. } | WriteError::Io { .. } => Exit::Io,
            _ => Exit::Input,
        };
        let problem = Problem::from_error(&error);
        Failure::new(exit, error.hint().into_iter().fold(problem, Problem::hint))
    })
}

/// The command that gives the same project again, wherever the answers came from.
fn again(new: &New, composed: &Composed, model: &ModelFrom) -> String {
    let mut words = vec!["formwork".to_owned(), "new".to_owned(), new.name.clone()];
    words.extend(new.path.iter().map(|path| path.display().to_string()));
    let project = &composed.recipe.project;
    let plain = formwork_generate::Project::new(project.name()).ok();
    if plain.is_none_or(|plain| plain.title != project.title) {
        words.extend(["--title".to_owned(), project.title.clone()]);
    }
    if !project.summary.is_empty() {
        words.extend(["--summary".to_owned(), project.summary.clone()]);
    }
    match model {
        ModelFrom::Folder(folder) => {
            words.extend(["--model".to_owned(), folder.display().to_string()])
        }
        ModelFrom::Preset(preset) => words.extend(["--preset".to_owned(), preset.clone()]),
        ModelFrom::Nobody => words.extend([
            "--preset".to_owned(),
            crate::choices::DEFAULT_PRESET.to_owned(),
        ]),
    }
    if project.runtime != RuntimeFrom::default() || !project.packs.is_empty() {
        // No flag says where the runtime comes from, and no flag which packs there are.
        if let Some(answers) = &new.choices.answers {
            words.extend(["--answers".to_owned(), answers.display().to_string()]);
        }
    }
    for wish in composed
        .recipe
        .wishes(Default::default())
        .list
        .iter()
        .filter(|wish| !is_core(wish))
    {
        words.extend(words::flags(wish));
    }
    words.push("--yes".to_owned());
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=:,@^".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_for_a_shell_where_they_must_be() {
        assert_eq!(quoted("database=sqlite"), "database=sqlite");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
