//! `cargo xtask test`: everything, with the real servers, and plain totals at the end.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde_json::json;

use crate::services::{self, Service};
use crate::{rows, workspace};

/// Runs the tests whose name contains `filter`; prints totals as the last line.
pub(crate) fn run(filter: Option<&str>, json: bool) -> Result<bool> {
    // Ctrl-C reaches Cargo as well, which ends; we stay to stop the services.
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .context("could not listen for Ctrl-C")?;

    let services = services::up()?;
    for service in &services {
        eprintln!("{}: {}", service.name, service.url);
    }
    let tested = if INTERRUPTED.load(Ordering::Relaxed) {
        Ok((Totals::default(), false))
    } else {
        test(filter, &services, json)
    };
    let stopped = services::down(&services);
    let (totals, ok) = tested?;
    stopped?;

    let ok = ok && totals.failed == 0 && totals.passed > 0;
    if totals.passed + totals.failed == 0 {
        eprintln!("error: no test ran");
    }
    let Totals {
        passed,
        failed,
        skipped,
    } = totals;
    if json {
        rows::json(json!({
            "name": "test", "ok": ok, "passed": passed, "failed": failed, "skipped": skipped,
        }));
    } else {
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
    Ok(ok)
}

/// How many tests came out how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Totals {
    /// Adds what a line of a test binary's output tells, if it tells something.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

/// Runs Cargo, passing on what it prints: to stdout, or to stderr when that is for data only.
fn test(filter: Option<&str>, services: &[Service], json: bool) -> Result<(Totals, bool)> {
    let mut command = workspace::cargo(&workspace::root());
    command.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.args(filter);
    for service in services {
        let variable = format!("FORMWORK_TEST_{}", service.name.to_uppercase());
        command.env(format!("{variable}_URL"), &service.url);
        command.env(format!("{variable}_BIN"), &service.programs);
        if let Some(libraries) = &service.libraries {
            command.env(format!("{variable}_LIB"), libraries);
        }
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("could not run `cargo test`")?;
    let output = child.stdout.take().context("the pipe was just made")?;

    let mut totals = Totals::default();
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
        totals.add(text);
        line.clear();
    }
    let status = child.wait()?;
    Ok((totals, status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_the_sum_of_all_result_lines() {
        let mut totals = Totals::default();
        for line in [
            "running 3 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test it::case ... ok",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s",
        ] {
            totals.add(line);
        }
        let expected = Totals {
            passed: 3,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(totals, expected);
    }
}
