//! The service as a process of its own, and all it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::service::{ARGUMENTS, CHILD, Modules};

const PATIENCE: Duration = Duration::from_secs(60);

/// How the service is started.
pub(super) struct Start<'a> {
    pub(super) modules: Modules,
    pub(super) folder: &'a Path,
    pub(super) arguments: &'a [&'a str],
    pub(super) variables: &'a [(String, String)],
}

impl Start<'_> {
    fn command(&self) -> Command {
        let program = std::env::current_exe().expect("a test is a program");
        let mut command = Command::new(program);
        command
            .args(["--exact", "canary::service::service", "--nocapture"])
            .current_dir(self.folder)
            .env(CHILD, self.modules.name())
            .env(ARGUMENTS, self.arguments.join("\n"))
            .env("RUST_BACKTRACE", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end. Whether it succeeded, and all it printed.
    pub(super) fn run(&self) -> (bool, String) {
        let output = self.command().output().expect("the service can be run");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.success(), text)
    }

    /// Runs it until it is told to end.
    pub(super) fn serve(&self) -> Service {
        let mut child = self.command().spawn().expect("the service can be run");
        let said = Arc::<Mutex<String>>::default();
        let readers = [
            child.stdout.take().map(|output| listen(output, &said)),
            child.stderr.take().map(|output| listen(output, &said)),
        ];
        let mut service = Service {
            child,
            said,
            readers: readers.into_iter().flatten().collect(),
            address: None,
        };
        service.until("it listens", |service| {
            let said = service.said.lock().expect("no reader panics");
            let mut lines = said.lines();
            let line = lines.find(|line| line.contains("listening"))?;
            let at = line.find("127.0.0.1:")?;
            let address = line[at..]
                .split(|symbol: char| !symbol.is_ascii_digit() && symbol != '.' && symbol != ':');
            service.address = address.clone().next()?.parse().ok();
            service.address
        });
        service
    }
}

fn listen(output: impl Read + Send + 'static, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            said.lock().expect("no reader panics").push_str(&text);
            line.clear();
        }
    })
}

/// A running service.
pub(super) struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    address: Option<SocketAddr>,
}

impl Service {
    /// The whole answer, head and body.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> String {
        self.ask("GET", path, token)
    }

    pub(super) fn ask(&self, method: &str, path: &str, token: Option<&str>) -> String {
        let address = self.address.expect("it listens");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let token = token.map_or_else(String::new, |token| {
            format!("authorization: Bearer {token}\r\n")
        });
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: shop\r\n{token}content-length: 0\r\nconnection: close\r\n\r\n"
        )
        .expect("a request");
        let mut answer = Vec::new();
        // A connection that a panic cut off is an answer as well.
        stream.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until something it says or answers is there.
    pub(super) fn until<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let ended = self.child.try_wait().expect("it is our child");
            let late = Instant::now() >= until;
            if ended.is_some() || late {
                self.child.kill().ok();
                let said = self.said.lock().expect("no reader panics");
                panic!("{what}: not in time, ended: {ended:?}\n{said}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("`kill` is there").success(), "{signal}");
    }

    /// Asks it to end. How it did, and all it said.
    pub(super) fn stop(mut self) -> (ExitStatus, String) {
        self.signal("-TERM");
        let status = self.child.wait().expect("it ends");
        for reader in self.readers.drain(..) {
            reader.join().expect("no reader panics");
        }
        let said = std::mem::take(&mut *self.said.lock().expect("no reader panics"));
        (status, said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}
