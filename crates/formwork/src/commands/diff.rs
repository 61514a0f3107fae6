//! `formwork diff`: what `sync` would change, line by line.

use std::collections::BTreeMap;

use formwork_generate::{ChangedFile, unified_diff};
use serde::Serialize;

use crate::change::{self, Intent};
use crate::cli::{Choices, Diff};
use crate::report::{CYAN, Failure, GREEN, PLAIN, RED, data, json};
use crate::{catalog, recipe};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    ok: bool,
    project: String,
    features: &'a formwork_resolve::Diff,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(flatten)]
    file: &'a ChangedFile,
    diff: String,
}

pub(crate) fn run(arguments: &Diff) -> Result<(), Failure> {
    let opened = recipe::open(&arguments.project)?;
    let catalog = catalog::for_project(Some(&arguments.project), &Choices::default())?;
    let intent = Intent::new("sync", opened.recipe.wishes(BTreeMap::new()).list);
    let planned = change::plan(&catalog, &opened, &intent, None)?;
    let files = planned.change.files.iter().map(|file| File {
        diff: unified_diff(&file.path, file.before.as_deref(), file.after.as_deref()),
        file,
    });
    if arguments.json {
        return json(&Document {
            ok: true,
            project: opened.folder.display().to_string(),
            features: &planned.features,
            files: files.collect(),
        });
    }
    for File { diff, .. } in files {
        let mut text = String::new();
        for line in diff.split_inclusive('\n') {
            let color = match line.as_bytes().first() {
                Some(b'+') => GREEN,
                Some(b'-') => RED,
                Some(b'@') => CYAN,
                _ => "",
            };
            let plain = if color.is_empty() { "" } else { PLAIN };
            text += &format!("{color}{}{plain}\n", line.trim_end_matches('\n'));
        }
        data(&text)?;
    }
    Ok(())
}
