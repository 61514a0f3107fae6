//! The resolver on made-up catalogs: its own benchmark, which tells how long the slowest hundredth
//! takes. And its engine on real feature models, with python-sat and flamapy beside it on the same
//! files, when `FORMWORK_MODELS` names a folder of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Row;
use crate::workspace;

/// What the rows are called, before what they measure.
pub(super) const PREFIX: &str = "resolver, slowest hundredth: ";

#[derive(Deserialize)]
struct Measured {
    name: String,
    cases: usize,
    p99: f64,
    goal: f64,
}

/// How often the engine and its peers take turns.
const TURNS: usize = 3;
/// The largest model of the folder, and what python-sat is asked about it.
const LARGEST: &str = "uclinux-config.dimacs";
/// The model of the bar in UVL. flamapy does not read it (it has escapes in its attributes), and is
/// measured on the other one.
const AUTOMOTIVE: &str = "automotive01.uvl";
const BUSYBOX: &str = "busybox-1.18.0.uvl";
/// The selections of each kind both sides are asked about.
const QUERIES: &str = "5";

/// Both parts; the second only where there are models.
pub(super) fn measure(root: &Path) -> Result<Vec<Row>> {
    let mut rows = catalogs(root)?;
    match std::env::var_os("FORMWORK_MODELS") {
        Some(folder) => rows.extend(models(root, Path::new(&folder))?),
        None => eprintln!("FORMWORK_MODELS names no folder: no feature models, no peers"),
    }
    Ok(rows)
}

/// The engine and its peers in turn on the same files.
fn models(root: &Path, folder: &Path) -> Result<Vec<Row>> {
    let python = python(root)?;
    let build = workspace::cargo(root)
        .args(["build", "--quiet", "--release", "--package", "xtask-models"])
        .status()
        .context("could not run `cargo build`")?;
    ensure!(build.success(), "`cargo build` failed");
    let target: PathBuf = workspace::metadata(root)?.target_directory.into();
    let binary = target.join("release/xtask-models");
    let largest = find(folder, LARGEST)?;
    let oracle = largest.with_extension("oracle.json");
    let busybox = find(folder, BUSYBOX)?;
    let mut ours: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    let mut theirs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for turn in 1..=TURNS {
        eprintln!("measuring the engine and its peers on feature models, turn {turn} of {TURNS} …");
        for model in [LARGEST, AUTOMOTIVE, BUSYBOX] {
            let mut command = Command::new(&binary);
            command.args(["--json", "--queries", QUERIES, "--only", model]);
            let fields = object(command.arg(folder))?;
            ensure!(fields["ok"] == true, "wrong answers on `{model}`");
            for field in ["parse_ms", "load_ms", "solve_ms", "explain_ms", "fix_ms"] {
                let value = fields[field]
                    .as_f64()
                    .with_context(|| format!("no `{field}`"))?;
                ours.entry((model, field)).or_default().push(value);
            }
        }
        let mut command = Command::new(&python);
        command.args(["-c", include_str!("peers.py")]);
        let fields = object(command.args([&largest, &oracle, &busybox]))?;
        for field in ["first", "explain", "fix", "fewest", "uvl"] {
            let value = fields[field]
                .as_f64()
                .with_context(|| format!("no `{field}`"))?;
            theirs.entry(field).or_default().push(value);
        }
    }
    let row = |what: &str,
               goal: f64,
               model: &'static str,
               fields: &[&'static str],
               peer: Option<(&'static str, &str)>| {
        let turns = (0..TURNS).map(|turn| {
            let fields = fields.iter().map(|field| ours[&(model, *field)][turn]);
            fields.sum()
        });
        let row = Row::new(
            &format!("resolver, {model}: {what}"),
            "ms",
            goal,
            turns.collect(),
        );
        match peer {
            Some((name, field)) => row.beside(name, theirs[field].clone()),
            None => row,
        }
    };
    let load = ["parse_ms", "load_ms"];
    Ok(vec![
        row("UVL text to a ready solver", 5.0, AUTOMOTIVE, &load, None),
        row(
            "UVL text to a ready solver",
            5.0,
            BUSYBOX,
            &load,
            Some(("flamapy", "uvl")),
        ),
        row(
            "DIMACS text to the first solution",
            8.0,
            LARGEST,
            &load,
            Some(("python-sat", "first")),
        ),
        row(
            "minimal conflict with its rules, cold",
            10.0,
            LARGEST,
            &["explain_ms"],
            Some(("python-sat", "explain")),
        ),
        row(
            "smallest fix, cold",
            5.0,
            LARGEST,
            &["fix_ms"],
            Some(("RC2", "fix")),
        ),
        row(
            "fewest features, cold",
            60.0,
            LARGEST,
            &["solve_ms"],
            Some(("RC2", "fewest")),
        ),
    ])
}

/// A Python with the peers, installed from PyPI into the target folder.
fn python(root: &Path) -> Result<PathBuf> {
    let target: PathBuf = workspace::metadata(root)?.target_directory.into();
    let home = target.join("peers");
    let python = home.join("bin/python");
    let done = home.join("installed");
    if !done.exists() {
        eprintln!(
            "installing python-sat and flamapy into {} …",
            home.display()
        );
        let run = |command: &mut Command| -> Result<()> {
            let status = command.stdout(Stdio::null()).status();
            let status = status.with_context(|| format!("could not run {command:?}"))?;
            ensure!(status.success(), "{command:?} failed");
            Ok(())
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let packages = ["python-sat", "flamapy-fm", "flamapy-sat"];
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(packages))?;
        std::fs::write(&done, packages.join("\n")).context("could not note what is installed")?;
    }
    Ok(python)
}

/// The last line a command prints, as an object.
fn object(command: &mut Command) -> Result<serde_json::Value> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("could not run {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(line) = text.lines().last().filter(|_| output.status.success()) else {
        bail!("{command:?} failed");
    };
    serde_json::from_str(line).with_context(|| format!("not an object: `{line}`"))
}

/// A file of a folder, however deep.
fn find(folder: &Path, name: &str) -> Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("could not read `{}`", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|it| it == name) {
                return Ok(path);
            }
        }
    }
    bail!("there is no `{name}` in `{}`", folder.display())
}

/// Runs it once: its cases are its rounds.
fn catalogs(root: &Path) -> Result<Vec<Row>> {
    eprintln!("measuring the resolver …");
    let output = workspace::cargo(root)
        .args(["bench", "--quiet", "--package", "formwork-resolve"])
        .args(["--bench", "bars"])
        .stderr(Stdio::inherit())
        .output()
        .context("could not run `cargo bench`")?;
    ensure!(output.status.success(), "the resolver's benchmark failed");
    read(&String::from_utf8_lossy(&output.stdout))
}

fn read(output: &str) -> Result<Vec<Row>> {
    let lines = output.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| {
            let measured: Measured =
                serde_json::from_str(line).with_context(|| format!("not a row: `{line}`"))?;
            Ok(Row {
                name: format!("{PREFIX}{}", measured.name),
                unit: "ms",
                goal: measured.goal,
                median: measured.p99,
                rsd: 0.0,
                rounds: measured.cases,
                peer: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let rows = read(
            "building\n{\"name\":\"exact plan, 60 × 3\",\"cases\":200,\"median\":0.5,\"p99\":1.5,\"goal\":2}\n",
        );
        let rows = rows.expect("rows");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].median, 1.5);
        assert!(rows[0].ok());
    }
}
