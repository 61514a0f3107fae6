//! A server of a test's own, which demands credentials that change.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No server takes longer to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with JetStream on a free port, with data of its own. Stopped and removed when dropped.
pub(crate) struct Server {
    program: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Server {
    /// A running server that lets in whoever has the password, or none and a word when the program
    /// is not known.
    pub(crate) fn start(password: &str) -> Option<Self> {
        let programs = std::env::var_os("FORMWORK_TEST_NATS_BIN").filter(|path| !path.is_empty());
        let Some(programs) = programs else {
            let test = std::thread::current();
            // Not `eprintln!`, which is only shown when the test fails.
            writeln!(
                std::io::stderr(),
                "skipped: {} needs FORMWORK_TEST_NATS_BIN",
                test.name().unwrap_or("a test")
            )
            .ok();
            return None;
        };
        let program = PathBuf::from(programs).join("nats-server");
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        write_settings(&folder, port, password);
        let mut command = Command::new(&program);
        command
            .arg("-c")
            .arg(folder.path().join("server.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = with_libraries(&mut command).spawn();
        let server = Self {
            program,
            folder,
            port,
            process: process.expect("the program can be run"),
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "the server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Only this password is good from now on. Who came in with another one is put out.
    pub(crate) fn demand(&self, password: &str) {
        write_settings(&self.folder, self.port, password);
        let mut command = Command::new(&self.program);
        command.arg("--signal");
        command.arg(format!("reload={}", self.process.id()));
        let output = with_libraries(&mut command).output();
        let output = output.expect("the program can be run");
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_settings(folder: &tempfile::TempDir, port: u16, password: &str) {
    let store = folder.path().join("data");
    let text = format!(
        "host: \"127.0.0.1\"\nport: {port}\njetstream {{ store_dir: {store:?} }}\n\
         authorization {{ user: shop, password: {password:?} }}\n"
    );
    fs::write(folder.path().join("server.conf"), text).expect("the folder is ours");
}

fn with_libraries(command: &mut Command) -> &mut Command {
    match std::env::var_os("FORMWORK_TEST_NATS_LIB") {
        Some(libraries) => command.env("LD_LIBRARY_PATH", libraries),
        None => command,
    }
}
