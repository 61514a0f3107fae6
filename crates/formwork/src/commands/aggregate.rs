//! `formwork aggregate add` and `remove`: a file of the model comes or goes, and what follows from it.

use std::collections::BTreeMap;

use crate::change::{self, Intent};
use crate::choices;
use crate::cli::{AggregateCommand, AggregateName};
use crate::recipe::{self, Opened};
use crate::report::{BOLD, Failure, PLAIN, Problem, say};
use crate::{catalog, nearest};

/// What the names of an aggregate may be made of; the model's reader says the rest.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 50
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
        })
}

pub(crate) fn run(command: &AggregateCommand) -> Result<(), Failure> {
    match command {
        AggregateCommand::Add(add) => add_one(add),
        AggregateCommand::Remove(remove) => remove_one(remove),
    }
}

fn add_one(arguments: &AggregateName) -> Result<(), Failure> {
    let name = &arguments.name;
    if !is_name(name) {
        return Err(Failure::input(
            Problem::new(format!("`{name}` cannot be the name of an aggregate"))
                .at(format!("aggregate add {name}"))
                .hint("use lower-case words with `-` between them, as in `stock-item`"),
        ));
    }
    let opened = recipe::open(&arguments.change.project)?;
    let file = format!("{name}.toml");
    let known = known(&opened)?;
    let there = known.iter().find(|(_, aggregate)| aggregate == name);
    let path = opened.folder.join(&opened.recipe.model).join(&file);
    if there.is_some() || path.symlink_metadata().is_ok() {
        return Err(Failure::input(
            Problem::new(format!("the model has `{name}` already"))
                .at(path.display().to_string())
                .hint("choose another name, or edit the file and run `formwork sync`"),
        ));
    }
    let mut intent = Intent::new(
        format!("aggregate add {name}"),
        opened.recipe.wishes(BTreeMap::new()).list,
    );
    intent.model.insert(file, Some(beginning(name)));
    change::make(&catalog::read()?, &opened, &intent, &arguments.change)?;
    if !arguments.change.dry_run {
        say(format!(
            "{BOLD}next{PLAIN}    edit {}, then `formwork sync`",
            path.display()
        ));
    }
    Ok(())
}

fn remove_one(arguments: &AggregateName) -> Result<(), Failure> {
    let name = &arguments.name;
    let opened = recipe::open(&arguments.change.project)?;
    let known = known(&opened)?;
    let Some((file, _)) = known.iter().find(|(_, aggregate)| aggregate == name) else {
        let problem = Problem::new(format!("the model has no aggregate `{name}`"))
            .at(format!("aggregate remove {name}"));
        let names = known.iter().map(|(_, aggregate)| aggregate.as_str());
        return Err(Failure::input(nearest::suggest(problem, name, names)));
    };
    let mut intent = Intent::new(
        format!("aggregate remove {name}"),
        opened.recipe.wishes(BTreeMap::new()).list,
    );
    intent.model.insert(file.clone(), None);
    change::make(&catalog::read()?, &opened, &intent, &arguments.change)
}

/// The files of the model and the aggregates they say they are.
fn known(opened: &Opened) -> Result<Vec<(String, String)>, Failure> {
    let sources = choices::model_folder(&opened.folder.join(&opened.recipe.model))?;
    let named = sources.iter().filter_map(|source| {
        let file = source.path.rsplit(['/', '\\']).next()?;
        let document: toml::Table = source.text.parse().ok()?;
        let name = document.get("name")?.as_str()?;
        Some((file.to_owned(), name.to_owned()))
    });
    Ok(named.collect())
}

/// The least that is whole: something with a title that can be made and given another one.
fn beginning(name: &str) -> String {
    let words = name.replace('-', " ");
    format!(
        r#"name = "{name}"
summary = "What a {words} is for."

[fields]
title = {{ type = "text", min = 1, max = 120, summary = "What people call it." }}

[commands.create]
summary = "Makes a {words}."
creates = true
takes = ["title"]
emits = ["created"]

[commands.rename]
summary = "Gives it another title."
inputs.new-title = {{ type = "text", min = 1, max = 120 }}
set.title = "new-title"
emits = ["renamed"]

[events.created]
summary = "A {words} was made."
fields = ["title"]

[events.renamed]
summary = "It has another title."
fields = ["title"]
"#
    )
}
