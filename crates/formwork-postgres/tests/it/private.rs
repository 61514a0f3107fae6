//! A server of a test's own, which it may kill.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A server on a free port with data of its own. Stopped and removed when dropped.
pub(crate) struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// A running server, or none and a word when the programs are not known.
    pub(crate) fn start() -> Option<Self> {
        let programs =
            std::env::var_os("FORMWORK_TEST_POSTGRES_BIN").filter(|path| !path.is_empty());
        let Some(programs) = programs else {
            let test = std::thread::current();
            // Not `eprintln!`, which is only shown when the test fails.
            writeln!(
                std::io::stderr(),
                "skipped: {} needs FORMWORK_TEST_POSTGRES_BIN",
                test.name().unwrap_or("a test")
            )
            .ok();
            return None;
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let server = Self {
            programs: programs.into(),
            folder: tempfile::tempdir().expect("a folder"),
            port: listener.local_addr().expect("an address").port(),
        };
        drop(listener);
        if let Some((user, group)) = unprivileged() {
            chown(server.folder.path(), Some(user), Some(group)).expect("a folder to give away");
        }
        let data = server.data();
        let mut initdb = server.command("initdb");
        initdb.arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(&mut initdb);
        server.up();
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, on the port it had, and waits until it answers.
    pub(crate) fn up(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off",
            self.port
        );
        run(self
            .control()
            .arg("--log")
            .arg(self.folder.path().join("log"))
            .args(["--wait", "--timeout=120", "--options", &options, "start"]));
    }

    /// Ends it as a crash would: without a word to its clients, and without a checkpoint.
    pub(crate) fn kill(&self) {
        run(self.control().args(["--mode=immediate", "--wait", "stop"]));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self) -> Command {
        let mut command = self.command("pg_ctl");
        command.arg("--pgdata").arg(self.data());
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // Settings of the caller's clients must not reach the server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some(libraries) = std::env::var_os("FORMWORK_TEST_POSTGRES_LIB") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        if let Some((user, group)) = unprivileged() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be down already.
        self.control()
            .args(["--mode=immediate", "stop"])
            .output()
            .ok();
    }
}

fn run(command: &mut Command) {
    // To a file: the server that is left behind would hold a pipe open.
    let output = tempfile::tempfile().expect("a file");
    let status = command
        .stdout(output.try_clone().expect("the file once more"))
        .stderr(output)
        .status()
        .expect("the program can be run");
    assert!(status.success(), "{command:?}: {status}");
}

/// The account a server must run under when we are root, which PostgreSQL refuses to be.
fn unprivileged() -> Option<(u32, u32)> {
    let root = fs::metadata(Path::new("/proc/self")).is_ok_and(|us| us.uid() == 0);
    let accounts = root.then(|| fs::read_to_string("/etc/passwd").expect("the accounts"))?;
    let account = |wanted: &str| {
        let mut lines = accounts.lines();
        lines.find_map(|line| match line.split(':').collect::<Vec<_>>()[..] {
            [name, _, user, group, ..] if name == wanted => {
                Some((user.parse().ok()?, group.parse().ok()?))
            }
            _ => None,
        })
    };
    let account = account("postgres").or_else(|| account("nobody"));
    Some(account.expect("an account that is not root's"))
}
