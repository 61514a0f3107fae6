//! `cargo build` of a generated project, with progress and a readable failure.

use std::collections::{BTreeSet, VecDeque};
use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{Exit, Failure, Problem, in_words};

/// How many lines of Cargo's messages a failure shows, and how many are kept to find the first mistake in.
const SHOWN_LINES: usize = 40;
const KEPT_LINES: usize = 10_000;

/// How often the signal flag is looked at while Cargo says nothing.
const PAUSE: Duration = Duration::from_millis(100);

enum Line {
    /// A JSON message of stdout.
    Message(String),
    /// A line of stderr for people.
    Words(String),
}

/// Builds the project and returns the path of its binary. `CARGO_TARGET_DIR` wins over `target`.
pub(crate) fn build(
    project: &Path,
    binary: &str,
    target: &Path,
    optimized: bool,
    interrupt: &Interrupt,
) -> Result<PathBuf, Failure> {
    let failed = |problem: Problem| Failure::new(Exit::Service, problem);
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&program);
    command
        .args([
            "build",
            "--message-format=json-render-diagnostics",
            "--package",
            binary,
        ])
        .current_dir(project)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if optimized {
        command.arg("--release");
    }
    if env::var_os("CARGO_TARGET_DIR").is_none() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let mut child = command.spawn().map_err(|error| {
        failed(
            Problem::new(format!(
                "cannot run `{}`: {}",
                PathBuf::from(&program).display(),
                in_words(&error)
            ))
            .hint("install Rust from https://rustup.rs"),
        )
    })?;

    let mut progress = Progress::start("building the service", packages(&program, project, binary));
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take(), sender.clone(), Line::Message);
    forward(child.stderr.take(), sender, Line::Words);

    let mut executable = None;
    let mut built = BTreeSet::new();
    let mut words = VecDeque::new();
    loop {
        if interrupt.is_set() {
            // Cargo may be gone already: the terminal sends Ctrl-C to it as well.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::interrupted("building the service"));
        }
        match lines.recv_timeout(PAUSE) {
            Ok(Line::Message(line)) => {
                let Ok(message) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                if message["reason"] != "compiler-artifact" {
                    continue;
                }
                if message["target"]["name"] == binary
                    && let Some(path) = message["executable"].as_str()
                {
                    executable = Some(PathBuf::from(path));
                }
                if built.insert(message["package_id"].to_string()) {
                    progress.step();
                }
            }
            Ok(Line::Words(line)) => {
                progress.message(line.trim());
                if words.len() == KEPT_LINES {
                    words.pop_front();
                }
                words.push_back(line);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child
        .wait()
        .map_err(|error| Failure::io("cannot wait for cargo", &error))?;
    if !status.success() {
        drop(progress);
        let mut problem = Problem::new(format!(
            "the service did not build: cargo ended with {status}"
        ))
        .at(project.display().to_string());
        problem.notes.extend(shown(&words).cloned());
        return Err(failed(problem));
    }
    progress.finish("done");
    executable.ok_or_else(|| {
        failed(Problem::new(format!(
            "cargo built no binary called `{binary}`"
        )))
    })
}

/// The first mistake among Cargo's messages and what follows it; without one, the end of the messages.
fn shown(words: &VecDeque<String>) -> impl Iterator<Item = &String> {
    let first = words.iter().position(|line| line.starts_with("error"));
    let start = first.unwrap_or_else(|| words.len().saturating_sub(SHOWN_LINES));
    words.iter().skip(start).take(SHOWN_LINES)
}

/// How many packages are built for this machine, as far as Cargo tells.
fn packages(program: &OsStr, project: &Path, binary: &str) -> u64 {
    let output = Command::new(program)
        .args([
            "tree",
            "--quiet",
            "--package",
            binary,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(project)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else { return 0 };
    let text = String::from_utf8_lossy(&output.stdout);
    let packages: BTreeSet<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    packages.len() as u64
}

fn forward(
    stream: Option<impl std::io::Read + Send + 'static>,
    sender: mpsc::Sender<Line>,
    wrap: fn(String) -> Line,
) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(wrap(line)).is_err() {
                break;
            }
        }
    });
}
