//! `formwork module new`: a runtime module of a project's own, written once and started with the others.

use formwork_generate::scaffold::{self, ScaffoldChange, ScaffoldError, ScaffoldFile};
use formwork_generate::{RuntimeFrom, TransactionError};
use serde::Serialize;

use crate::cli::{ModuleCommand, ModuleNew};
use crate::embedded::RUNTIME;
use crate::recipe;
use crate::report::{BOLD, Exit, Failure, GREEN, PLAIN, Problem, data, json, say};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    ok: bool,
    dry_run: bool,
    name: &'a str,
    project: String,
    files: &'a [ScaffoldFile],
}

pub(crate) fn run(command: &ModuleCommand) -> Result<(), Failure> {
    match command {
        ModuleCommand::New(new) => create(new),
    }
}

fn create(new: &ModuleNew) -> Result<(), Failure> {
    let project = recipe::open(&new.project)?;
    // Where the runtime is not part of the project, it is the one we carry.
    let carried = project.recipe.project.runtime != RuntimeFrom::Vendor;
    let others = RUNTIME
        .iter()
        .filter(|(path, ..)| carried && path.ends_with(".rs"))
        .filter_map(|(path, bytes, _)| Some((*path, std::str::from_utf8(bytes).ok()?)));
    let scaffold =
        scaffold::module(&project.folder, &new.name, others).map_err(|error| failure(&error))?;
    if !new.dry_run {
        scaffold
            .write(&project.folder)
            .map_err(|error| failure(&error))?;
    }
    if new.json {
        return json(&Document {
            ok: true,
            dry_run: new.dry_run,
            name: &scaffold.name,
            project: project.folder.display().to_string(),
            files: &scaffold.files,
        });
    }
    for file in &scaffold.files {
        let change = match file.change {
            ScaffoldChange::Create => "create",
            ScaffoldChange::Extend => "extend",
        };
        if new.dry_run {
            data(&format!(
                "{BOLD}{change} {}{PLAIN}\n{}\n",
                file.path, file.text
            ))?;
        } else {
            data(&format!("{}\n", file.path))?;
        }
    }
    if !new.dry_run {
        say(format!(
            "{GREEN}created{PLAIN} the module `{}`: its settings are in `[{0}]`, its health is at /health/{0}",
            scaffold.name
        ));
        say(format!("{BOLD}next{PLAIN}    cargo test own::"));
    }
    Ok(())
}

fn failure(error: &ScaffoldError) -> Failure {
    let exit = match error {
        ScaffoldError::Io { .. }
        | ScaffoldError::Write(TransactionError::Io { .. } | TransactionError::Busy { .. }) => {
            Exit::Io
        }
        ScaffoldError::Write(TransactionError::Waiting) => Exit::Failed,
        _ => Exit::Input,
    };
    let problem = Problem::from_error(error);
    Failure::new(exit, error.hint().into_iter().fold(problem, Problem::hint))
}
