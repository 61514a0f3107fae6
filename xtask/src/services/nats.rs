//! NATS with JetStream.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::home::Home;
use super::server::{Program, Server};

pub(super) struct Nats;

impl Server for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn program(&self) -> &'static str {
        "nats-server"
    }

    fn package(&self) -> &'static str {
        "nats-server"
    }

    fn folders(&self, root: &Path) -> Vec<PathBuf> {
        ["usr/local/sbin", "usr/sbin", "usr/local/bin", "usr/bin"]
            .map(|folder| root.join(folder))
            .to_vec()
    }

    fn prepare(&self, home: &Home, program: &Program, port: u16) -> Result<Vec<String>> {
        let data = home.data(self.name());
        home.create(&data)?;
        let path = data.join("server.conf");
        let text = data
            .to_str()
            .context("the data folder's path is not UTF-8")?;
        let store = serde_json::to_string(text)?;
        let settings = |sync: &str| {
            format!(
                "# Written by `cargo xtask services up`.\n\
                 host: \"127.0.0.1\"\n\
                 jetstream {{\n    store_dir: {store}\n{sync}}}\n"
            )
        };
        // Without this an acknowledged message may be lost with the machine. Servers before 2.10
        // do not know the setting and refuse to start with it.
        fs::write(&path, settings("    sync_interval: always\n"))?;
        let understood = program
            .command(home, &program.path)
            .arg("-c")
            .arg(&path)
            .arg("-t")
            .output()
            .context("could not run `nats-server`")?;
        if !understood.status.success() {
            fs::write(&path, settings(""))?;
        }
        let path = path
            .to_str()
            .context("the data folder's path is not UTF-8")?;
        Ok(["-c", path, "-p", &port.to_string()]
            .map(str::to_owned)
            .to_vec())
    }

    fn probe(&self, port: u16) -> Result<String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        greet(stream)
    }

    fn url(&self, port: u16) -> String {
        format!("nats://127.0.0.1:{port}")
    }

    fn stop_signals(&self) -> &'static [&'static str] {
        &["TERM", "KILL"]
    }
}

/// What a server says of itself first.
#[derive(Deserialize)]
struct Info {
    version: String,
    #[serde(default)]
    jetstream: bool,
}

/// Opens a session far enough to know that JetStream is there; returns the version.
fn greet(stream: TcpStream) -> Result<String> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let info = line
        .strip_prefix("INFO ")
        .context("this is no NATS server")?;
    let info: Info = serde_json::from_str(info)?;
    ensure!(info.jetstream, "JetStream is not enabled");

    writer.write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n")?;
    line.clear();
    reader.read_line(&mut line)?;
    ensure!(
        line.trim() == "PONG",
        "expected `PONG`, got `{}`",
        line.trim()
    );
    Ok(info.version)
}
