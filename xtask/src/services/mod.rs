//! The real servers tests run against: on loopback, on free ports, with data of their own.
//!
//! Nothing of the machine is touched: programs that are missing are unpacked from their Debian
//! packages below the services' own folder, never installed; data directories and ports are never
//! those of the machine's services; only processes whose command line names our data are stopped.

mod home;
mod nats;
mod packages;
mod postgres;
mod process;
mod server;
mod state;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;

use crate::{rows, workspace};
use home::Home;
use server::Server;
use state::{Running, State};

/// The servers, in the order they are started.
const SERVERS: [&dyn Server; 2] = [&postgres::Postgres, &nats::Nats];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Action {
    /// Start what is not running yet.
    Up,
    /// Stop what `up` started.
    Down,
    /// Show what is running.
    Status,
}

/// A server that answers, as tests need it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    /// Whether this call started it.
    pub(crate) started: bool,
    /// The folder of its programs, for tests that start and kill a server of their own.
    pub(crate) programs: PathBuf,
    /// Where the libraries of these programs are, when the system's will not do.
    pub(crate) libraries: Option<OsString>,
}

/// Carries out `action` and prints a row per service.
pub(crate) fn run(action: Action, json: bool) -> Result<bool> {
    let session = Session::open()?;
    let mut ok = true;
    let mut lines = Vec::new();
    for server in SERVERS {
        let row = match action {
            Action::Up => session.up(server).map(|(running, _)| Some(running)),
            Action::Down => session.down(server).map(|()| None),
            Action::Status => session.find(server),
        };
        let (running, error) = match row {
            Ok(running) => (running, None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        let good = error.is_none() && (action == Action::Down || running.is_some());
        ok &= good;
        if let Some(error) = &error {
            eprintln!("error: {}: {error}", server.name());
        }
        if json {
            rows::json(json!({
                "name": format!("services-{}", server.name()),
                "ok": good,
                "service": server.name(),
                "url": running.as_ref().map(|running| &running.url),
                "version": running.as_ref().map(|running| &running.version),
                "pid": running.as_ref().map(|running| running.pid),
            }));
        } else {
            let cells = match running {
                Some(running) => [running.url, running.version, running.pid.to_string()],
                None => ["-".into(), "-".into(), "-".into()],
            };
            lines.push([vec![server.name().to_owned()], cells.to_vec()].concat());
        }
    }
    rows::table(&lines);
    Ok(ok)
}

/// Starts every server that is not running.
pub(crate) fn up() -> Result<Vec<Service>> {
    let session = Session::open()?;
    let mut services = Vec::new();
    for server in SERVERS {
        match session.service(server) {
            Ok(service) => services.push(service),
            Err(error) => {
                session.stop(&services)?;
                return Err(error.context(format!("could not start {}", server.name())));
            }
        }
    }
    Ok(services)
}

/// Stops those of `services` that [`up`] started.
pub(crate) fn down(services: &[Service]) -> Result<()> {
    Session::open()?.stop(services)
}

/// Exclusive use of the services' folder.
struct Session {
    home: Home,
    state: State,
}

impl Session {
    fn open() -> Result<Self> {
        let root = workspace::root();
        let state = State::open(&root.join(".services"))?;
        let home = Home::find(&root)?;
        Ok(Self { home, state })
    }

    /// The running server, whether or not it was remembered.
    fn find(&self, server: &dyn Server) -> Result<Option<Running>> {
        let data = self.home.data(server.name());
        let Some(process) = process::find(server.program(), &data)? else {
            return Ok(None);
        };
        // A server that is stopping or still recovering is no running server.
        let Ok(version) = server.probe(process.port) else {
            return Ok(None);
        };
        Ok(Some(Running {
            pid: process.pid,
            port: process.port,
            url: server.url(process.port),
            version,
        }))
    }

    fn up(&self, server: &dyn Server) -> Result<(Running, bool)> {
        if let Some(running) = self.find(server)? {
            self.state.remember(server.name(), &running)?;
            return Ok((running, false));
        }
        // One that does not answer is in the way of its successor.
        self.down(server)?;
        let preferred = self.state.recall(server.name())?.map(|last| last.port);
        let running = server::start(server, &self.home, preferred)?;
        self.state.remember(server.name(), &running)?;
        Ok((running, true))
    }

    fn service(&self, server: &dyn Server) -> Result<Service> {
        let program = server::find_or_unpack(server, &self.home)?;
        let folder = program.path.parent().context("the program has no folder")?;
        let (running, started) = self.up(server)?;
        Ok(Service {
            name: server.name(),
            url: running.url,
            started,
            programs: folder.to_owned(),
            libraries: program.library_path(),
        })
    }

    fn down(&self, server: &dyn Server) -> Result<()> {
        let data = self.home.data(server.name());
        process::stop(server.program(), &data, server.stop_signals())
    }

    fn stop(&self, services: &[Service]) -> Result<()> {
        for server in SERVERS {
            let ours = |service: &&Service| service.started && service.name == server.name();
            if services.iter().find(ours).is_some() {
                self.down(server)?;
            }
        }
        Ok(())
    }
}
