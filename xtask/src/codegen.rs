//! `cargo xtask codegen`: generates the services in `examples/` again, from their own recipes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace;

/// The file that makes a folder of `examples/` a generated service.
const RECIPE: &str = "formwork.toml";

/// Written once and then the owner's: Cargo keeps it up to date.
const SEEDS: [&str; 1] = ["Cargo.lock"];

#[derive(Deserialize)]
struct Recipe {
    project: Project,
}

#[derive(Deserialize)]
struct Project {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default = "model")]
    model: String,
}

fn model() -> String {
    "model".to_owned()
}

/// Writes what is stale, or with `check` only names it.
pub(crate) fn run(check: bool) -> Result<bool> {
    let root = workspace::root();
    let examples = examples(&root)?;
    ensure!(
        !examples.is_empty(),
        "no folder of `examples` has a `{RECIPE}`"
    );
    let mut stale = false;
    for example in &examples {
        eprintln!("generating {} …", example.folder);
        let generated = example.generate(&root)?;
        let committed = example.committed(&root)?;
        for difference in differences(&generated, &committed) {
            stale = true;
            let path = format!("{}/{}", example.folder, difference.path);
            println!("{path}: {}", difference.what);
            if !check {
                difference.settle(&root.join(path))?;
            }
        }
    }
    if stale && check {
        eprintln!("hint: run `cargo xtask codegen`");
    }
    Ok(!(stale && check))
}

/// The files that are not as they would be generated, with what is wrong.
pub(crate) fn stale(root: &Path) -> Result<Vec<(String, &'static str)>> {
    let mut stale = Vec::new();
    for example in examples(root)? {
        let generated = example.generate(root)?;
        let committed = example.committed(root)?;
        for difference in differences(&generated, &committed) {
            let path = format!("{}/{}", example.folder, difference.path);
            stale.push((path, difference.what));
        }
    }
    Ok(stale)
}

struct Example {
    /// Relative to the root.
    folder: String,
    recipe: Recipe,
}

fn examples(root: &Path) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for path in workspace::files(root)? {
        let Some(folder) = path.strip_suffix(&format!("/{RECIPE}")) else {
            continue;
        };
        if Path::new(folder).parent() != Some(Path::new("examples")) {
            continue;
        }
        let text = fs::read_to_string(root.join(&path))
            .with_context(|| format!("could not read `{path}`"))?;
        let recipe = toml::from_str(&text).with_context(|| format!("could not read `{path}`"))?;
        examples.push(Example {
            folder: folder.to_owned(),
            recipe,
        });
    }
    Ok(examples)
}

impl Example {
    /// The files of the service, generated elsewhere.
    fn generate(&self, root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
        let project = &self.recipe.project;
        let scratch = tempfile::tempdir().context("could not create a temporary folder")?;
        let target = scratch.path().join(&project.name);
        let folder = root.join(&self.folder);
        let output = workspace::cargo(root)
            .args(["run", "--quiet", "--package", "formwork", "--", "new"])
            .arg(&project.name)
            .arg(&target)
            .args(["--yes", "--no-git", "--title", &project.title])
            .args(["--summary", &project.summary])
            .arg("--answers")
            .arg(folder.join(RECIPE))
            .arg("--model")
            .arg(folder.join(&project.model))
            .output()
            .context("could not run `formwork new`")?;
        ensure!(
            output.status.success(),
            "`formwork new` failed for `{}`: {}",
            self.folder,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let mut files = BTreeMap::new();
        collect(&target, &target, &mut files)?;
        Ok(files)
    }

    /// The files of the service that are under version control, or could be.
    fn committed(&self, root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
        let prefix = format!("{}/", self.folder);
        let mut files = BTreeMap::new();
        for path in workspace::files(root)? {
            if let Some(inside) = path.strip_prefix(&prefix) {
                let bytes = fs::read(root.join(&path))
                    .with_context(|| format!("could not read `{path}`"))?;
                files.insert(inside.to_owned(), bytes);
            }
        }
        Ok(files)
    }
}

fn collect(folder: &Path, base: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path: PathBuf = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, base, files)?;
            continue;
        }
        let name = path.strip_prefix(base).context("the walk stays inside")?;
        let name = name.to_str().context("a generated path is not UTF-8")?;
        let bytes =
            fs::read(&path).with_context(|| format!("could not read `{}`", path.display()))?;
        files.insert(name.to_owned(), bytes);
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Difference<'a> {
    path: &'a str,
    what: &'static str,
    /// What it should hold; `None` when it should not be there.
    expected: Option<&'a [u8]>,
}

fn differences<'a>(
    generated: &'a BTreeMap<String, Vec<u8>>,
    committed: &'a BTreeMap<String, Vec<u8>>,
) -> Vec<Difference<'a>> {
    let paths: BTreeSet<&String> = generated.keys().chain(committed.keys()).collect();
    let mut differences = Vec::new();
    for path in paths {
        let what = match (generated.get(path), committed.get(path)) {
            (Some(_), None) => "missing",
            (None, Some(_)) => "not generated any more",
            (Some(new), Some(old)) if new != old && !SEEDS.contains(&path.as_str()) => "stale",
            _ => continue,
        };
        differences.push(Difference {
            path,
            what,
            expected: generated.get(path).map(Vec::as_slice),
        });
    }
    differences
}

impl Difference<'_> {
    fn settle(&self, path: &Path) -> Result<()> {
        let settled = match self.expected {
            Some(bytes) => path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(path, bytes)),
            None => fs::remove_file(path),
        };
        settled.with_context(|| format!("could not change `{}`", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_apart_and_seeds_are_left_alone() {
        let files = |list: &[(&str, &str)]| {
            let pair = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
            list.iter().map(pair).collect::<BTreeMap<_, _>>()
        };
        let generated = files(&[("a", "1"), ("b", "2"), ("c", "3"), ("Cargo.lock", "x")]);
        let committed = files(&[("a", "1"), ("b", "0"), ("d", "4"), ("Cargo.lock", "y")]);
        let found: Vec<(&str, &str)> = differences(&generated, &committed)
            .iter()
            .map(|difference| (difference.path, difference.what))
            .collect();
        assert_eq!(
            found,
            [
                ("b", "stale"),
                ("c", "missing"),
                ("d", "not generated any more")
            ]
        );
    }
}
