//! What a server is to us, and how one is started.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::home::Home;
use super::packages;
use super::state::Running;

/// How long a server may take until it answers; recovery after a crash is part of that.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of server.
pub(super) trait Server {
    /// The service's name, such as `postgres`.
    fn name(&self) -> &'static str;

    /// The file name of its program.
    fn program(&self) -> &'static str;

    /// The Debian package it comes from.
    fn package(&self) -> &'static str;

    /// Where its program may be, besides `PATH`, below the system's or the packages' root.
    fn folders(&self, root: &Path) -> Vec<PathBuf>;

    /// Makes the data ready and returns the arguments to start with.
    fn prepare(&self, home: &Home, program: &Program, port: u16) -> Result<Vec<String>>;

    /// The version, once the server is ready to be used.
    fn probe(&self, port: u16) -> Result<String>;

    /// How clients reach it.
    fn url(&self, port: u16) -> String;

    /// The signals that stop it, from polite to immediate.
    fn stop_signals(&self) -> &'static [&'static str];
}

/// A program that was found.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// The libraries unpacked with it, where it was.
    libraries: Vec<PathBuf>,
}

impl Program {
    /// A command for the program, or one beside it.
    pub(super) fn command(&self, home: &Home, program: &Path) -> Command {
        let mut command = home.command(program);
        self.with_libraries(&mut command);
        command
    }

    fn with_libraries(&self, command: &mut Command) {
        if let Some(path) = self.library_path() {
            command.env("LD_LIBRARY_PATH", path);
        }
    }

    /// Where the program's libraries are, when the system's will not do.
    pub(super) fn library_path(&self) -> Option<OsString> {
        let unpacked = !self.libraries.is_empty();
        unpacked.then(|| std::env::join_paths(&self.libraries).ok())?
    }
}

/// Starts a server on `preferred`, when that port is free, or on another.
pub(super) fn start(server: &dyn Server, home: &Home, preferred: Option<u16>) -> Result<Running> {
    let program = find_or_unpack(server, home)?;
    eprintln!("starting {} …", server.name());
    let mut preferred = preferred;
    let mut failure = None;
    // Somebody may take the port between our choice and the server's start.
    for _ in 0..3 {
        let port = free_port(preferred.take())?;
        match start_on(server, home, &program, port) {
            Ok(running) => return Ok(running),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.expect("the loop ran"))
}

fn start_on(server: &dyn Server, home: &Home, program: &Program, port: u16) -> Result<Running> {
    let arguments = server.prepare(home, program, port)?;
    let log = home.log(server.name());
    let output =
        fs::File::create(&log).with_context(|| format!("could not create `{}`", log.display()))?;
    // A session of its own: the server outlives us and our terminal. `setsid` becomes the server,
    // so the child's pid is the server's.
    let mut child = program
        .command(home, Path::new("setsid"))
        .arg(&program.path)
        .args(arguments)
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(Stdio::from(output))
        .spawn()
        .with_context(|| format!("could not start `{}`", program.path.display()))?;
    match wait_until_ready(server, &mut child, port) {
        Ok(version) => Ok(Running {
            pid: child.id(),
            port,
            url: server.url(port),
            version,
        }),
        Err(error) => {
            // The child is ours and did not become a usable server.
            child.kill().ok();
            child.wait().ok();
            let printed = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let last = lines[lines.len().saturating_sub(10)..].join("\n");
            Err(error.context(format!(
                "{} did not start; it printed:\n{last}",
                server.name()
            )))
        }
    }
}

fn wait_until_ready(server: &dyn Server, child: &mut Child, port: u16) -> Result<String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        match server.probe(port) {
            Ok(version) => return Ok(version),
            Err(error) => ensure!(
                start.elapsed() < PATIENCE,
                "not ready after {} s: {error:#}",
                PATIENCE.as_secs()
            ),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn free_port(preferred: Option<u16>) -> Result<u16> {
    let listener = preferred
        .and_then(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)
        .context("could not find a free port on loopback")?;
    Ok(listener.local_addr()?.port())
}

/// The server's program, from a package when the machine does not have it.
pub(super) fn find_or_unpack(server: &dyn Server, home: &Home) -> Result<Program> {
    let unpacked = home.packages().join("root");
    let find = || {
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let system = std::env::split_paths(&on_path).chain(server.folders(Path::new("/")));
        let system = system.map(|folder| (folder, false));
        let own = server.folders(&unpacked).into_iter();
        let own = own.map(|folder| (folder, true));
        system
            .chain(own)
            .map(|(folder, unpacked)| (folder.join(server.program()), unpacked))
            .find(|(path, _)| path.is_file())
    };
    let found = match find() {
        Some(found) => found,
        None => {
            packages::unpack(home, server.package())?;
            find().with_context(|| {
                format!(
                    "the package `{}` has no program `{}`",
                    server.package(),
                    server.program()
                )
            })?
        }
    };
    let (path, from_package) = found;
    let libraries = if from_package {
        packages::libraries(&unpacked)
    } else {
        Vec::new()
    };
    Ok(Program { path, libraries })
}
