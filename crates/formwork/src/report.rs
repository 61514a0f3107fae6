//! What is said to people and machines: problems with places and hints, exit codes, and where each byte goes.
//!
//! Data goes to stdout, everything else to stderr. Nothing relies on colour.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstream::ColorChoice;
use serde::Serialize;

use crate::words::Obstruction;

/// The stable exit codes; `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A check failed, or the wishes cannot hold together.
    Failed = 1,
    /// The command line itself is wrong.
    Usage = 2,
    /// A name, manifest, model, recipe or answers file is wrong.
    Input = 3,
    /// Reading or writing failed.
    Io = 4,
    /// The service did not build, start or answer its probes.
    Service = 5,
    /// Stopped by a signal before the work was done.
    Interrupted = 130,
}

/// One mistake: what is wrong, where, why, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hints: Vec<String>,
    /// A conflict of choices as data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conflict: Option<Box<Obstruction>>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// A problem from an error and the chain of its sources.
    pub(crate) fn from_error(error: &dyn Error) -> Self {
        let mut problem = Self::new(error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let words = cause
                .downcast_ref::<io::Error>()
                .map_or_else(|| cause.to_string(), in_words);
            problem.notes.push(format!("caused by: {words}"));
            source = cause.source();
        }
        problem
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Why a command did not do its job: every mistake, and the exit code they share.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) problems: Vec<Problem>,
    /// Whether the JSON on stdout says it already.
    pub(crate) is_told: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, problem: Problem) -> Self {
        Self::all(exit, vec![problem])
    }

    pub(crate) fn all(exit: Exit, problems: Vec<Problem>) -> Self {
        Self {
            exit,
            problems,
            is_told: false,
        }
    }

    pub(crate) fn input(problem: Problem) -> Self {
        Self::new(Exit::Input, problem)
    }

    /// A failed read or write: what was attempted, and what the system said.
    pub(crate) fn io(attempt: impl std::fmt::Display, source: &io::Error) -> Self {
        Self::new(
            Exit::Io,
            Problem::new(format!("{attempt}: {}", in_words(source))),
        )
    }

    pub(crate) fn interrupted(doing: &str) -> Self {
        Self::new(
            Exit::Interrupted,
            Problem::new(format!("interrupted while {doing}")),
        )
    }
}

/// What the operating system said, in lower case and without the error number.
pub(crate) fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Sets what `--color` asked for; without it, NO_COLOR, CLICOLOR and the terminal decide.
pub(crate) fn set_color(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Writes data to stdout. A reader that went away is no failure of ours.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write to stdout", &error))
        }
        _ => Ok(()),
    }
}

/// Writes one JSON document and a newline to stdout, indented.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    data(&(serde_json::to_string_pretty(document).expect("our documents have string keys") + "\n"))
}

/// Writes one JSON object as one line to stdout.
pub(crate) fn json_line(document: &impl Serialize) -> Result<(), Failure> {
    data(&(serde_json::to_string(document).expect("our documents have string keys") + "\n"))
}

/// Says something to the person at the terminal. Losing it changes nothing.
pub(crate) fn say(text: impl AsRef<str>) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", text.as_ref());
}

/// Prints the mistakes to stderr.
pub(crate) fn complain(failure: &Failure) {
    let mut text = String::new();
    for problem in &failure.problems {
        write_problem(&mut text, "error", RED, problem);
    }
    if failure.problems.len() > 1 {
        let _ = writeln!(text, "{} mistakes", failure.problems.len());
    }
    say(text.trim_end());
}

/// Prints something worth knowing that stops nothing.
pub(crate) fn warn(problem: &Problem) {
    let mut text = String::new();
    write_problem(&mut text, "warning", YELLOW, problem);
    say(text.trim_end());
}

pub(crate) const RED: &str = "\u{1b}[1;31m";
pub(crate) const YELLOW: &str = "\u{1b}[1;33m";
pub(crate) const GREEN: &str = "\u{1b}[1;32m";
pub(crate) const CYAN: &str = "\u{1b}[1;36m";
pub(crate) const BOLD: &str = "\u{1b}[1m";
pub(crate) const PLAIN: &str = "\u{1b}[0m";

fn write_problem(text: &mut String, label: &str, color: &str, problem: &Problem) {
    let _ = writeln!(text, "{color}{label}{PLAIN}: {}", problem.message);
    if let Some(place) = &problem.place {
        let _ = writeln!(text, "  --> {place}");
    }
    for note in &problem.notes {
        for line in note.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    for hint in &problem.hints {
        let _ = writeln!(text, "{CYAN}hint{PLAIN}: {hint}");
    }
}

#[derive(Serialize)]
struct FailureDocument<'a> {
    ok: bool,
    exit: i32,
    problems: &'a [Problem],
}

/// The failure as one JSON line on stdout, for `--json`.
pub(crate) fn complain_json(failure: &Failure) {
    let document = FailureDocument {
        ok: false,
        exit: failure.exit as i32,
        problems: &failure.problems,
    };
    // Stdout is gone when this fails; the exit code still tells.
    let _ = json_line(&document);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_read_as_words() {
        let error = io::Error::from_raw_os_error(28);
        assert_eq!(in_words(&error), "no space left on device");
    }

    /// Shows a part of: C-54.
    #[test]
    fn a_problem_says_what_where_and_what_to_do() {
        let problem = Problem::new("no feature is called `sqlit`")
            .at("formwork.toml:3:1")
            .note("17 features are known")
            .hint("did you mean `sqlite`?");
        let mut text = String::new();
        write_problem(&mut text, "error", "", &problem);
        assert_eq!(
            text.replace(CYAN, "").replace(PLAIN, ""),
            "error: no feature is called `sqlit`\n  --> formwork.toml:3:1\n  17 features are known\nhint: did you mean `sqlite`?\n"
        );
    }
}
