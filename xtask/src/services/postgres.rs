//! PostgreSQL.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::home::Home;
use super::process;
use super::server::{Program, Server};

/// The longest path of a Unix socket the system accepts, less the name PostgreSQL adds.
const SOCKET_FOLDER_LIMIT: usize = 107 - "/.s.PGSQL.65535.lock".len();

pub(super) struct Postgres;

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn program(&self) -> &'static str {
        "postgres"
    }

    fn package(&self) -> &'static str {
        "postgresql"
    }

    fn folders(&self, root: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(root.join("usr/lib/postgresql")) else {
            return Vec::new();
        };
        let mut versions: Vec<(u32, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let version = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .collect();
        versions.sort();
        versions.into_iter().rev().map(|(_, path)| path).collect()
    }

    fn prepare(&self, home: &Home, program: &Program, port: u16) -> Result<Vec<String>> {
        let data = home.data(self.name());
        initialise(home, program, &data)?;
        let sockets = match data.to_str() {
            Some(path) if path.len() <= SOCKET_FOLDER_LIMIT && !path.contains('\'') => path,
            _ => "",
        };
        let settings = format!(
            "# Written by `cargo xtask services up`.\n\
             listen_addresses = '127.0.0.1'\n\
             unix_socket_directories = '{sockets}'\n\
             max_connections = 200\n\
             shared_buffers = '128MB'\n\
             fsync = on\n\
             synchronous_commit = on\n\
             wal_level = logical\n\
             log_line_prefix = '%m [%p] '\n"
        );
        write(&data.join("postgresql.conf"), &settings)?;
        write(
            &data.join("pg_hba.conf"),
            "# Written by `cargo xtask services up`.\nhost all all 127.0.0.1/32 trust\n",
        )?;
        let data = data
            .to_str()
            .context("the data folder's path is not UTF-8")?;
        Ok(["-D", data, "-p", &port.to_string()]
            .map(str::to_owned)
            .to_vec())
    }

    fn probe(&self, port: u16) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        greet(&mut stream)
    }

    fn url(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    fn stop_signals(&self) -> &'static [&'static str] {
        // Fast, then immediate shutdown; the next start recovers from the latter.
        &["INT", "QUIT", "KILL"]
    }
}

/// Creates the cluster unless there is one this program understands.
fn initialise(home: &Home, program: &Program, data: &Path) -> Result<()> {
    let folder = program.path.parent().context("the program has no folder")?;
    let printed = program
        .command(home, &program.path)
        .arg("--version")
        .output()?;
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    let version = printed
        .split_whitespace()
        .find_map(|word| word.split('.').next()?.parse::<u32>().ok())
        .with_context(|| format!("`postgres --version` printed `{}`", printed.trim()))?;
    let existing = fs::read_to_string(data.join("PG_VERSION")).ok();
    // The last thing initdb writes into the configuration tells a whole cluster from a part.
    let whole = data.join("global/pg_control").is_file() && data.join("postgresql.conf").is_file();
    if whole && existing.is_some_and(|text| text.trim() == version.to_string()) {
        // The lock a killed server left stops the next start when its pid belongs to somebody
        // else by now. It may go only once the last of the killed server's children has gone:
        // it is also what keeps two servers from using the same data.
        process::wait_until_unused(data)?;
        fs::remove_file(data.join("postmaster.pid")).ok();
        return Ok(());
    }
    if data.exists() {
        fs::remove_dir_all(data)
            .with_context(|| format!("could not remove `{}`", data.display()))?;
    }
    home.create(data)?;
    let output = program
        .command(home, &folder.join("initdb"))
        .arg("--pgdata")
        .arg(data)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
        .args(["--locale=C.UTF-8", "--no-sync"])
        .output()
        .context("could not run `initdb`")?;
    ensure!(
        output.status.success(),
        "`initdb` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    // In place: the file keeps the owner initdb gave it.
    fs::write(path, text).with_context(|| format!("could not write `{}`", path.display()))
}

/// Opens a session far enough to know that queries would be answered; returns the version.
fn greet(stream: &mut TcpStream) -> Result<String> {
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let mut message = Vec::new();
    message.extend((8 + parameters.len() as u32).to_be_bytes());
    message.extend(196_608_u32.to_be_bytes());
    message.extend(parameters);
    stream.write_all(&message)?;

    let mut version = None;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        ensure!(
            (4..65_536).contains(&length),
            "this is no PostgreSQL server"
        );
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body)?;
        match head[0] {
            b'S' => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let mut parts = text.split('\0');
                if parts.next() == Some("server_version") {
                    version = parts
                        .next()
                        .and_then(|text| text.split(' ').next())
                        .map(str::to_owned);
                }
            }
            b'Z' => {
                // Terminate; the session is over whether or not this arrives.
                stream.write_all(b"X\0\0\0\x04").ok();
                return version.context("the server told no version");
            }
            b'E' => bail!("{}", String::from_utf8_lossy(&body).replace('\0', " ")),
            _ => {}
        }
    }
}
