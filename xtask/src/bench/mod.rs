//! `cargo xtask bench`: whole processes, measured from outside, and parts of the runtime, measured
//! by their own benchmarks beside peers.

mod go;
mod resolver;
mod runtime;
mod service;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use self::service::Start;
use crate::{rows, workspace};

const PAGE: &str = "docs/benchmarks.md";
const WARM_UP: usize = 2;
const ROUNDS: usize = 15;

/// A row of the table.
struct Row {
    name: String,
    unit: &'static str,
    goal: f64,
    median: f64,
    /// Relative standard deviation, in percent.
    rsd: f64,
    rounds: usize,
    peer: Option<Peer>,
}

/// What did the same work in the same run.
struct Peer {
    name: &'static str,
    /// In the unit of the row.
    median: f64,
}

impl Row {
    fn new(name: &str, unit: &'static str, goal: f64, values: Vec<f64>) -> Self {
        let rounds = values.len();
        let (median, rsd) = summary(values);
        Self {
            name: name.to_owned(),
            unit,
            goal,
            median,
            rsd,
            rounds,
            peer: None,
        }
    }

    fn beside(mut self, name: &'static str, values: Vec<f64>) -> Self {
        let median = summary(values).0;
        self.peer = Some(Peer { name, median });
        self
    }

    fn ok(&self) -> bool {
        self.median <= self.goal
    }

    /// The row of the page.
    fn line(&self) -> String {
        format!(
            "| {} | {} {unit} | ≤ {} {unit} | {} | {} | ± {:.1} % | {} |",
            self.name,
            figure(self.median),
            self.goal,
            if self.ok() { "yes" } else { "no" },
            self.rounds,
            self.rsd,
            self.peer_text(),
            unit = self.unit,
        )
    }

    fn peer_text(&self) -> String {
        let Some(peer) = &self.peer else {
            return String::new();
        };
        format!("{}: {} {}", peer.name, figure(peer.median), self.unit)
    }
}

const NEW_CPU: &str = "formwork new, example: CPU";
const NEW_DISK: &str = "formwork new, example, on disk: CPU beside `cp -r` of the result";
const NEW_MEMORY: &str = "formwork new, example: peak memory";
const SERVICE_READY: &str = "generated service: start to ready";
const SERVICE_IDLE: &str = "generated service: idle memory";
const SERVICE_SIZE: &str = "generated service: stripped binary";

const BASE_START: &str = "base process: start to accepting";
const BASE_IDLE: &str = "base process: idle memory";
const BASE_SIZE: &str = "base process: stripped binary";

/// Measures what `filter` selects; the page keeps its other rows.
pub(crate) fn run(filter: Option<&str>, json: bool) -> Result<bool> {
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
    let root = workspace::root();
    let mut table = Vec::new();
    if [NEW_CPU, NEW_DISK, NEW_MEMORY].into_iter().any(wanted) {
        let binary = build(&root)?;
        let disk = std::env::temp_dir();
        let memory = Path::new("/dev/shm");
        let memory = if memory.is_dir() { memory } else { &disk };
        let usages = generate(&binary, memory)?.0;
        let cpu = usages.iter().map(|usage| usage.cpu_ms).collect();
        table.push(Row::new(NEW_CPU, "ms", 50.0, cpu));
        let (written, copied) = generate(&binary, &disk)?;
        let pairs = written.iter().zip(&copied);
        let ratios = pairs.map(|(new, copy)| new.cpu_ms / copy.cpu_ms).collect();
        table.push(Row::new(NEW_DISK, "×", 2.0, ratios));
        let memory = usages.iter().map(|usage| usage.peak_mb).collect();
        table.push(Row::new(NEW_MEMORY, "MB", 30.0, memory));
    }
    if [SERVICE_READY, SERVICE_IDLE, SERVICE_SIZE]
        .into_iter()
        .any(wanted)
    {
        let binary = service::build(&build(&root)?, &root)?;
        eprintln!("measuring {ROUNDS} starts of the example service …");
        let (ready, idle) = starts(|| service::start(&binary))?;
        table.push(Row::new(SERVICE_READY, "ms", 50.0, ready));
        table.push(Row::new(SERVICE_IDLE, "MB", 20.0, idle));
        let size = service::size(&binary)?;
        table.push(Row::new(SERVICE_SIZE, "MB", 15.0, vec![size]));
    }
    if [BASE_START, BASE_IDLE, BASE_SIZE].into_iter().any(wanted) {
        let binary = service::build_base(&root)?;
        eprintln!("measuring {ROUNDS} starts of the base of a service …");
        let (ready, idle) = starts(|| service::start_base(&binary))?;
        table.push(Row::new(BASE_START, "ms", 3.0, ready));
        table.push(Row::new(BASE_IDLE, "MB", 6.0, idle));
        let size = service::size(&binary)?;
        table.push(Row::new(BASE_SIZE, "MB", 8.0, vec![size]));
    }
    table.extend(runtime::measure(&root, wanted)?);
    if filter.is_none_or(|filter| resolver::PREFIX.contains(filter)) {
        table.extend(resolver::measure(&root)?);
    }
    table.retain(|row| wanted(&row.name));
    if table.is_empty() {
        bail!(
            "no benchmark has `{}` in its name",
            filter.unwrap_or_default()
        );
    }
    let path = root.join(PAGE);
    let known = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, page(&table, &known))
        .with_context(|| format!("could not write `{}`", path.display()))?;
    print(&table, json);
    Ok(table.iter().all(Row::ok))
}

/// Starts a process again and again: how soon it was ready each time, and what it needed to idle.
fn starts(start: impl Fn() -> Result<Start>) -> Result<(Vec<f64>, Vec<f64>)> {
    for _ in 0..WARM_UP {
        start()?;
    }
    let starts = (0..ROUNDS).map(|_| start());
    let pairs = starts.map(|start| start.map(|start| (start.ready_ms, start.idle_mb)));
    pairs.collect()
}

/// `formwork new` of the example below `place`, again and again, and each time `cp -r` of what came
/// of it: what the file system alone takes.
fn generate(binary: &Path, place: &Path) -> Result<(Vec<Usage>, Vec<Usage>)> {
    eprintln!(
        "measuring {ROUNDS} rounds of `formwork new` in {} …",
        place.display()
    );
    let (mut written, mut copied) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let scratch = tempfile::tempdir_in(place).context("could not create a temporary folder")?;
        let mut command = Command::new(binary);
        command
            .args(["new", "shop", "shop", "--yes", "--no-git"])
            .args(["--preset", "ecommerce"])
            .current_dir(scratch.path());
        let new = measure(&mut command)?;
        let mut copy = Command::new("cp");
        copy.args(["-r", "shop", "copy"])
            .current_dir(scratch.path());
        let copy = measure(&mut copy)?;
        if round >= WARM_UP {
            written.push(new);
            copied.push(copy);
        }
    }
    Ok((written, copied))
}

/// The binary as it is shipped.
fn build(root: &Path) -> Result<PathBuf> {
    eprintln!("building formwork …");
    let status = workspace::cargo(root)
        .args(["build", "--quiet", "--release", "--package", "formwork"])
        .status()
        .context("could not run `cargo build`")?;
    ensure!(status.success(), "`cargo build` failed");
    let target = workspace::metadata(root)?.target_directory;
    Ok(target.join("release/formwork").into())
}

struct Usage {
    cpu_ms: f64,
    peak_mb: f64,
}

/// Runs a process to its end and asks the system what it used.
fn measure(command: &mut Command) -> Result<Usage> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start the process")?;
    let pid = i32::try_from(child.id()).context("the process number is out of range")?;
    let mut status = 0;
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    #[expect(
        unsafe_code,
        reason = "the standard library does not tell what a child used"
    )]
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values; nobody else waits for the child, whose handle is
    // not used again.
    #[expect(
        unsafe_code,
        reason = "the standard library does not tell what a child used"
    )]
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    ensure!(
        waited == pid,
        "could not wait for the process: {}",
        std::io::Error::last_os_error()
    );
    ensure!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "the process failed with status {status}"
    );
    let milliseconds = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    Ok(Usage {
        cpu_ms: milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime),
        // Kibibytes, on Linux.
        peak_mb: usage.ru_maxrss as f64 * 1024.0 / 1e6,
    })
}

/// The median, and the relative standard deviation in percent.
fn summary(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    let median = f64::midpoint(values[low], values[high]);
    (median, variance.sqrt() / mean * 100.0)
}

/// The page, with what `known` says of rows that were not measured.
fn page(table: &[Row], known: &str) -> String {
    let mut page = String::from(
        "# Benchmarks\n\n\
         <!-- Written by `cargo xtask bench`; do not edit. -->\n\n\
         Release builds; medians of the rounds, and the noise between them. Absolute figures are those of the \
         machine of the last run (two cores). `formwork` and the generated service are whole processes, measured \
         from outside; `formwork new` writes to a file system in memory, and what a disk adds is told beside \
         `cp -r` of the same files. The rows of the runtime are its own benchmarks (`cargo bench`); a peer did \
         the same work in the same run, round by round in turns. Its source is below `benches/`.\n\n\
         | what | median | goal | held | rounds | noise | peer |\n|---|---|---|---|---|---|---|\n",
    );
    let mut lines: Vec<(String, String)> = known
        .lines()
        .filter_map(|line| Some((line.strip_prefix("| ")?.split_once(" |")?.0, line)))
        .filter(|(name, _)| *name != "what")
        .map(|(name, line)| (name.to_owned(), line.to_owned()))
        .collect();
    for row in table {
        let line = row.line();
        match lines.iter_mut().find(|(name, _)| *name == row.name) {
            Some((_, known)) => *known = line,
            None => lines.push((row.name.clone(), line)),
        }
    }
    for (_, line) in lines {
        page.push_str(&line);
        page.push('\n');
    }
    page
}

/// One digit after the point, two when there is nothing before it.
fn figure(value: f64) -> String {
    let digits = if value < 1.0 { 2 } else { 1 };
    format!("{value:.digits$}")
}

fn print(table: &[Row], json: bool) {
    if json {
        for row in table {
            let peer = row.peer.as_ref();
            rows::json(json!({
                "name": row.name, "ok": row.ok(), "median": row.median, "unit": row.unit,
                "peer": peer.map(|peer| peer.name),
                "peer_median": peer.map(|peer| peer.median),
                "ratio": peer.map(|peer| row.median / peer.median),
                "goal": row.goal, "rounds": row.rounds, "rsd": row.rsd,
            }));
        }
        return;
    }
    let cells = |row: &Row| {
        vec![
            row.name.clone(),
            format!("{} {}", figure(row.median), row.unit),
            format!("goal {} {}", row.goal, row.unit),
            if row.ok() { "held" } else { "missed" }.to_owned(),
            format!("± {:.1} %", row.rsd),
            row.peer_text(),
        ]
    };
    rows::table(&table.iter().map(cells).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_were_not_measured_stay() {
        let row = |name, value| Row::new(name, "ms", 2.0, vec![value]);
        let before = page(&[row("one", 1.0), row("two", 1.0)], "");
        let after = page(&[row("two", 3.0), row("three", 1.0)], &before);
        assert_eq!(
            after,
            page(&[row("one", 1.0), row("two", 3.0), row("three", 1.0)], "")
        );
    }

    #[test]
    fn the_median_is_the_middle_and_noise_is_relative() {
        assert_eq!(summary(vec![3.0, 1.0, 2.0]).0, 2.0);
        assert_eq!(summary(vec![4.0, 1.0, 3.0, 2.0]).0, 2.5);
        assert_eq!(summary(vec![2.0, 2.0]).1, 0.0);
    }

    #[test]
    fn a_process_that_ends_is_measured_and_one_that_fails_is_an_error() {
        let usage = measure(&mut Command::new("true")).expect("measured");
        assert!(usage.peak_mb > 0.0);
        assert!(measure(&mut Command::new("false")).is_err());
    }
}
