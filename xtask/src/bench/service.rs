//! The generated service, as a release build: how soon it is ready, and what it needs to idle.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// How long a started service is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

/// What one start showed.
pub(super) struct Start {
    pub(super) ready_ms: f64,
    pub(super) idle_mb: f64,
}

/// Generates the example on the embedded default with `formwork` and builds it as it is shipped.
pub(super) fn build(formwork: &Path, root: &Path) -> Result<PathBuf> {
    eprintln!("building the example service …");
    let scratch = tempfile::tempdir().context("could not create a temporary folder")?;
    let status = Command::new(formwork)
        .args(["new", "shop", "shop", "--yes", "--no-git"])
        .args(["--preset", "ecommerce", "--with", "prometheus"])
        .current_dir(scratch.path())
        .stdout(Stdio::null())
        .status()
        .context("could not run formwork")?;
    ensure!(status.success(), "`formwork new` failed");
    let target: PathBuf = workspace::metadata(root)?.target_directory.into();
    let target = target.join("generated");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release"])
        .current_dir(scratch.path().join("shop"))
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .context("could not run cargo")?;
    ensure!(status.success(), "the example service does not build");
    Ok(target.join("release/shop"))
}

/// The size of a file in megabytes.
pub(super) fn size(binary: &Path) -> Result<f64> {
    let about =
        fs::metadata(binary).with_context(|| format!("could not read `{}`", binary.display()))?;
    Ok(about.len() as f64 / 1e6)
}

/// Builds the base of every service: the runtime with one module.
pub(super) fn build_base(root: &Path) -> Result<PathBuf> {
    eprintln!("building the base of a service …");
    let status = workspace::cargo(root)
        .args(["build", "--quiet", "--release"])
        .args(["--package", "formwork-app", "--example", "base"])
        .status()
        .context("could not run cargo")?;
    ensure!(status.success(), "the base of a service does not build");
    let target: PathBuf = workspace::metadata(root)?.target_directory.into();
    Ok(target.join("release/examples/base"))
}

/// Starts the base, waits until it accepts work, lets it idle, ends it.
pub(super) fn start_base(binary: &Path) -> Result<Start> {
    let began = Instant::now();
    let child = Command::new(binary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start the process")?;
    let mut process = Running(child);
    let output = process.0.stdout.take().context("its output is not piped")?;
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let accepts = lines.any(|line| line == "formwork.application.accepting");
    ensure!(accepts, "the process ended before it accepted work");
    // The pipe stays open while the process runs.
    thread::spawn(move || lines.for_each(drop));
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    thread::sleep(SETTLE);
    let idle_mb = resident(process.0.id())?;
    Ok(Start { ready_ms, idle_mb })
}

/// Starts the service with an empty database, waits until it is ready, lets it idle, ends it.
pub(super) fn start(binary: &Path) -> Result<Start> {
    let folder = tempfile::tempdir().context("could not create a temporary folder")?;
    let began = Instant::now();
    let child = Command::new(binary)
        .args(["--set", "http.listen=127.0.0.1:0"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start the service")?;
    let mut service = Running(child);
    let output = service.0.stdout.take().context("its output is not piped")?;
    let mut lines = BufReader::new(output).lines();
    let address = loop {
        let Some(line) = lines.next() else {
            bail!("the service ended before it listened");
        };
        let line: serde_json::Value = serde_json::from_str(&line?)?;
        if let Some(address) = line["address"].as_str() {
            break address.to_owned();
        }
    };
    // The pipe must not fill up while the service runs.
    thread::spawn(move || lines.for_each(drop));
    while !is_ready(&address)? {
        ensure!(began.elapsed() < PATIENCE, "the service does not get ready");
        thread::sleep(Duration::from_micros(200));
    }
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    thread::sleep(SETTLE);
    let idle_mb = resident(service.0.id())?;
    Ok(Start { ready_ms, idle_mb })
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_ready(address: &str) -> Result<bool> {
    let mut stream = TcpStream::connect(address).context("could not connect to the service")?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200 "))
}

/// Resident memory of a process in megabytes.
fn resident(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .context("could not read what the process uses")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = kibibytes.context("no `VmRSS` in its status")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
