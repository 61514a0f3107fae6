//! What is run in a project after its files were written: shown, skippable, and never fatal.

use std::path::Path;
use std::process::{Command, Stdio};

use formwork_generate::PlannedAction;
use serde::Serialize;

use crate::report::{GREEN, PLAIN, Problem, YELLOW, in_words, say, warn};

/// The action that starts a git repository.
const GIT: &str = "git-init";

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Done {
    id: String,
    ok: bool,
    skipped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Runs the actions in the project's folder, one after the other. Those of packs are left out, but for the packs in `allowed`.
pub(crate) fn run(
    actions: &[PlannedAction],
    folder: &Path,
    skip: &[String],
    allowed: &[String],
) -> Vec<Done> {
    actions
        .iter()
        .map(|action| match &action.pack {
            Some(pack) if !allowed.contains(pack) => left_out(action, pack),
            _ => run_one(action, folder, skip),
        })
        .collect()
}

/// What strangers want to run is said, and not run.
fn left_out(action: &PlannedAction, pack: &str) -> Done {
    let message = format!("an action of the pack `{pack}` is not run unless that is allowed");
    say(format!("{YELLOW}left out{PLAIN} {}", in_words_of(action)));
    Done {
        id: action.id.clone(),
        ok: true,
        skipped: true,
        message: Some(message),
    }
}

/// The actions as lines of a plan.
pub(crate) fn in_words_of(action: &PlannedAction) -> String {
    let text = format!(
        "{}: `{}` ({})",
        action.id,
        action.run.join(" "),
        action.summary
    );
    match &action.pack {
        Some(pack) => format!("{text}, of the pack `{pack}`: only with --allow-actions {pack}"),
        None => text,
    }
}

fn run_one(action: &PlannedAction, folder: &Path, skip: &[String]) -> Done {
    let done = |ok, skipped, message: Option<String>| Done {
        id: action.id.clone(),
        ok,
        skipped,
        message,
    };
    if skip.contains(&action.id) {
        return done(true, true, Some("skipped on request".to_owned()));
    }
    if action.id == GIT && inside_repository(folder) {
        return done(
            true,
            true,
            Some("the folder is in a git repository".to_owned()),
        );
    }
    match attempt(&action.run, folder) {
        Ok(()) => {
            say(format!("{GREEN}ran{PLAIN} {}", in_words_of(action)));
            done(true, false, None)
        }
        Err(message) => {
            warn(
                &Problem::new(format!("the action `{}` failed: {message}", action.id))
                    .note("the project is complete without it")
                    .hint(format!(
                        "run `{}` in {}, or leave it out with --skip {}",
                        action.run.join(" "),
                        folder.display(),
                        action.id
                    )),
            );
            done(false, false, Some(message))
        }
    }
}

fn attempt(run: &[String], folder: &Path) -> Result<(), String> {
    let Some((program, arguments)) = run.split_first() else {
        return Err("it names no command".to_owned());
    };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run `{program}`: {}", in_words(&error)))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.trim().lines().last().unwrap_or_default();
    Err(format!(
        "`{}` ended with {}: {last}",
        run.join(" "),
        output.status
    ))
}

/// Whether the folder, or one around it, is a git repository.
fn inside_repository(folder: &Path) -> bool {
    folder
        .ancestors()
        .any(|ancestor| ancestor.join(".git").exists())
}
