//! `cargo xtask models`: a program of its own, so that it runs with optimisation.

use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

/// Builds the program as a release and lets it speak.
pub(crate) fn run(folder: &Path, json: bool) -> Result<bool> {
    let mut command = workspace::cargo(&workspace::root());
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "xtask-models",
        "--",
    ]);
    command.arg(std::path::absolute(folder).context("could not find the folder")?);
    if json {
        command.arg("--json");
    }
    let status = command.status().context("could not run `cargo run`")?;
    Ok(status.success())
}
