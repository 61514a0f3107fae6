//! `formwork completions`, `man` and `schema`: texts made from the program itself.

use clap::CommandFactory as _;

use crate::cli::{Cli, SchemaOf};
use crate::nearest;
use crate::report::{Exit, Failure, Problem, data, json};

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "formwork", &mut script);
    data(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(command: Option<&str>) -> Result<(), Failure> {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let problem = Problem::new(format!("there is no command `{name}`"));
                let known: Vec<_> = program
                    .get_subcommands()
                    .map(clap::Command::get_name)
                    .collect();
                return Err(Failure::new(
                    Exit::Usage,
                    nearest::suggest(problem, name, known),
                ));
            }
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Failure::io("cannot render the page", &error))?;
    data(&String::from_utf8_lossy(&text))
}

pub(crate) fn schema(of: Option<SchemaOf>) -> Result<(), Failure> {
    match of {
        Some(SchemaOf::Model) => json(&formwork_model::json_schema()),
        Some(of) => data(text(of)),
        None => data(
            "feature\nmodel\npack\nrecipe\npack-new\npack-change\npack-verify\npack-list\nnew\nplan\nfeatures-list\nfeatures-show\nwhy\nwhy-not\nchange\ndiff\nmodule-new\ncheck\nprobe\ndemo\nerror\n",
        ),
    }
}

/// The schema of a file people write, or of a command's JSON; for the commands that write lines, of one line.
fn text(of: SchemaOf) -> &'static str {
    match of {
        SchemaOf::Feature => include_str!("../../schemas/feature.json"),
        SchemaOf::Model => "",
        SchemaOf::Pack => include_str!("../../schemas/pack.json"),
        SchemaOf::Recipe => include_str!("../../schemas/recipe.json"),
        SchemaOf::PackNew => include_str!("../../schemas/pack-new.json"),
        SchemaOf::PackChange => include_str!("../../schemas/pack-change.json"),
        SchemaOf::PackVerify => include_str!("../../schemas/pack-verify.json"),
        SchemaOf::PackList => include_str!("../../schemas/pack-list.json"),
        SchemaOf::New => include_str!("../../schemas/new.json"),
        SchemaOf::Plan => include_str!("../../schemas/plan.json"),
        SchemaOf::FeaturesList => include_str!("../../schemas/features-list.json"),
        SchemaOf::FeaturesShow => include_str!("../../schemas/features-show.json"),
        SchemaOf::Why => include_str!("../../schemas/why.json"),
        SchemaOf::WhatIf => include_str!("../../schemas/what-if.json"),
        SchemaOf::WhyNot => include_str!("../../schemas/why-not.json"),
        SchemaOf::Change => include_str!("../../schemas/change.json"),
        SchemaOf::Diff => include_str!("../../schemas/diff.json"),
        SchemaOf::ModuleNew => include_str!("../../schemas/module-new.json"),
        SchemaOf::Check => include_str!("../../schemas/check.json"),
        SchemaOf::Probe => include_str!("../../schemas/probe.json"),
        SchemaOf::Demo => include_str!("../../schemas/demo.json"),
        SchemaOf::Error => include_str!("../../schemas/error.json"),
    }
}
