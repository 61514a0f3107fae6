//! `cargo xtask models DIR`: the engine on every feature model of a folder that has recorded answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use formwork_resolve::engine::Lit;
use serde_json::json;
use xtask_models::oracle::Oracle;
use xtask_models::{Model, check, dimacs, now, uvl};

/// Puts feature models with recorded answers to the resolver's engine.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask models")]
struct Arguments {
    /// A folder with `*.dimacs` and `*.uvl`, each answer file `*.oracle.json` beside the first; folders
    /// below it count as well.
    folder: PathBuf,
    /// One JSON object per model.
    #[arg(long)]
    json: bool,
    /// Only the file of this name.
    #[arg(long)]
    only: Option<String>,
    /// Only the first so many selections that can be completed, and as many that cannot.
    #[arg(long)]
    queries: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let mut files = Vec::new();
    collect(&arguments.folder, &mut files)?;
    files.sort();
    let oracles: BTreeMap<String, &PathBuf> = files
        .iter()
        .filter_map(|path| Some((stem(path, ".oracle.json")?, path)))
        .collect();
    let mut asked = 0;
    let mut all_ok = true;
    for path in &files {
        let (stem, is_dimacs) = match (stem(path, ".dimacs"), stem(path, ".uvl")) {
            (Some(stem), _) => (stem, true),
            (_, Some(stem)) => (stem, false),
            _ => continue,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if arguments.only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let Some(oracle) = oracles.get(&stem) else {
            eprintln!("{}: no recorded answers, left out", path.display());
            continue;
        };
        let text = read(oracle)?;
        let mut oracle_read: Oracle = serde_json::from_str(&text)
            .with_context(|| format!("could not read `{}`", oracle.display()))?;
        if let Some(most) = arguments.queries {
            let mut taken = [0, 0];
            oracle_read.queries.retain(|query| {
                let taken = &mut taken[usize::from(query.satisfiable)];
                *taken += 1;
                *taken <= most
            });
        }
        let text = read(path)?;
        let start = now();
        let model = if is_dimacs {
            dimacs::read(&text)
        } else {
            uvl::read(&text)
        };
        let model = model.with_context(|| format!("could not read `{}`", path.display()))?;
        let parse_ms = now() - start;
        let numbers = if is_dimacs {
            None
        } else {
            Some(names(&oracle.with_file_name(format!("{stem}.dimacs")))?)
        };
        let outcome = check(&model, &oracle_read, |number| {
            literal(&model, numbers.as_ref(), number)
        });
        asked += 1;
        all_ok &= outcome.ok();
        if arguments.json {
            let mut object = json!({ "name": format!("models: {name}"), "ok": outcome.ok(), "model": name, "parse_ms": parse_ms });
            if let (Some(object), serde_json::Value::Object(fields)) =
                (object.as_object_mut(), serde_json::to_value(&outcome)?)
            {
                object.extend(fields);
            }
            println!("{object}");
        } else {
            let forced = match outcome.forced_agree {
                Some(true) => format!("forced agree in {:.1} ms", outcome.forced_ms),
                Some(false) => "forced DIFFER".to_owned(),
                None => "forced not recorded".to_owned(),
            };
            println!(
                "{name}: {}; {} features; parsed {parse_ms:.1} ms, loaded {:.1} ms; verdicts {}/{} at {:.2} ms; \
                 fewest {}/{} ({} unproved) at {:.1} ms; conflicts minimal {}/{} at {:.1} ms; fixes {}/{} at {:.1} ms; {forced}",
                if outcome.ok() { "ok" } else { "WRONG" },
                model.features.len(),
                outcome.load_ms,
                outcome.agree,
                outcome.verdicts,
                outcome.verdict_ms,
                outcome.optimal,
                outcome.completable,
                outcome.unproved,
                outcome.solve_ms,
                outcome.explanation_minimal,
                outcome.explained,
                outcome.explain_ms,
                outcome.fixed,
                outcome.explained,
                outcome.fix_ms,
            );
        }
    }
    if asked == 0 {
        bail!(
            "no model with recorded answers in `{}`",
            arguments.folder.display()
        );
    }
    Ok(all_ok)
}

/// The feature a number of the recorded answers stands for. In UVL features have names only.
fn literal(model: &Model, names: Option<&BTreeMap<u64, String>>, number: i64) -> Option<Lit> {
    let variable = number.unsigned_abs();
    let positive = match names {
        None => *model
            .features
            .get(usize::try_from(variable).ok()?.checked_sub(1)?)?,
        Some(names) => *model.names.get(names.get(&variable)?)?,
    };
    Some(if number > 0 { positive } else { !positive })
}

/// The names a DIMACS file gives its variables.
fn names(path: &Path) -> Result<BTreeMap<u64, String>> {
    let model = dimacs::read(&read(path)?)?;
    let names = model.names.into_iter();
    Ok(names
        .map(|(name, literal)| (literal.variable() as u64 + 1, name))
        .collect())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

fn stem(path: &Path, suffix: &str) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(suffix).map(str::to_owned)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
