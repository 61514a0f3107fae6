//! Where a service listens: at another address while it runs, and not where somebody else does.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::Client;
use crate::project::Project;
use crate::service::Service;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often something expected is looked for.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the generated service listens, as its file says.
const GENERATED: &str = "listen = \"127.0.0.1:8080\"";
const BEFORE: &str = "listen = \"127.0.0.1:0\"";
/// The loopback network has more than one address, and the port is chosen by the system.
const AFTER: &str = "listen = \"127.0.0.2:0\"";

/// What moves.
pub(crate) struct Mover<'a> {
    pub(crate) project: &'a Project,
    pub(crate) binary: &'a Path,
    pub(crate) settings: &'a [(String, String)],
    /// What every request carries.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Of this alone.
    pub(crate) folder: &'a Path,
}

impl Mover<'_> {
    /// Moves a service that is at work to another address and gives its database another pool, in
    /// one reload; then starts another one where it listens.
    pub(crate) fn prove(&self) {
        let (file, text) = self.configuration();
        let mut command = Command::new(self.binary);
        command
            .arg(format!("--config={}", file.display()))
            .current_dir(self.folder)
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null());
        let mut service = Service::run(command, &self.folder.join("moves.log"));
        service.client.headers = self.headers;
        let old = address(&service.client);
        let in_flight = self.begin(old);
        let mut idle = connect(old);

        let (pool, key) = match text.contains("[sqlite]\n") {
            true => ("[sqlite]\n", "readers"),
            false => ("[postgres]\n", "connections"),
        };
        let moved = text.replace(BEFORE, AFTER);
        let moved = moved.replace(pool, &format!("{pool}{key} = 3\n"));
        fs::write(&file, moved).expect("the configuration can be written");
        let new = eventually("it does not move", &service, || {
            addresses(&service).into_iter().find(|it| *it != old)
        });
        assert_ne!(new.ip(), old.ip());
        let path = format!("{}.{key}", pool.trim_matches(['[', ']', '\n']));
        eventually("it does not say so", &service, || {
            let lines = lines(&service);
            let taken_over = |line: &Value| {
                let paths = line["paths"].as_str().unwrap_or_default();
                let paths: Vec<_> = paths.split(", ").collect();
                line["message"] == "configuration reloaded"
                    && paths.contains(&"http.listen")
                    && paths.contains(&path.as_str())
            };
            lines.iter().any(taken_over).then_some(())
        });

        // The new one answers, nobody takes more at the old one, and who is idle there is let go.
        let mut client = Client::new(format!("http://{new}"));
        client.headers = self.headers;
        let answer = client.get("/readyz").expect("the new address answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let products = client.get("/api/orders").expect("it reads its database");
        assert_eq!(products.status, 200, "{}", products.body);
        eventually("the old address still takes connections", &service, || {
            TcpStream::connect_timeout(&old, PATIENCE)
                .is_err()
                .then_some(())
        });
        assert_eq!(idle.read(&mut [0]).expect("it is closed in order"), 0);

        // What was in flight is answered on the old one, which closes then.
        finish(in_flight);

        self.start_where_it_listens(new);
        let status = service.stop();
        assert!(status.success(), "it ended with {status}");
    }

    /// The project's configuration, in a folder of its own, with a free port.
    fn configuration(&self) -> (PathBuf, String) {
        let original = self.project.folder.join("config/default.toml");
        let original = fs::read_to_string(original).expect("the configuration can be read");
        let text = original.replace(GENERATED, BEFORE);
        assert_ne!(text, original, "the service listens where it always has");
        let file = self.folder.join("default.toml");
        fs::write(&file, &text).expect("the configuration can be written");
        (file, text)
    }

    /// A request that the service is at: it waits for the body, of which nothing is sent.
    fn begin(&self, address: SocketAddr) -> BufReader<TcpStream> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let head = format!(
            "POST /api/orders HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
             idempotency-key: in-flight\r\ncontent-length: 2\r\nexpect: 100-continue\r\n{headers}\r\n"
        );
        let mut stream = connect(address);
        stream.write_all(head.as_bytes()).expect("it listens");
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).expect("it answers");
        assert_eq!(line.trim(), "HTTP/1.1 100 Continue");
        stream.read_line(&mut line).expect("it answers");
        stream
    }

    /// The last lines of a process that finds its address taken say what failed, where, and what to
    /// do: on standard error, and in the log.
    fn start_where_it_listens(&self, address: SocketAddr) {
        let process = Command::new(self.binary)
            .args(["--set", &format!("http.listen={address}")])
            .current_dir(&self.project.folder)
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = process.wait_with_output().expect("it ends by itself");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let failed =
            format!("error: module `http` could not start: cannot listen on `{address}`: ");
        let last: Vec<_> = said.lines().collect();
        let [.., failure, advice, origin] = last[..] else {
            panic!("it says nothing: {said}");
        };
        assert!(failure.starts_with(&failed), "{said}");
        let expected = "  hint: another process listens there: stop it, or choose another address";
        assert_eq!(advice, expected, "{said}");
        let expected = "  hint: `http.listen` comes from flag `--set http.listen`";
        assert_eq!(origin, expected, "{said}");
        let log = String::from_utf8_lossy(&output.stdout);
        let line = log.lines().next_back().unwrap_or_default();
        let line: Value = serde_json::from_str(line).expect("its log is JSON");
        let message = line["message"].as_str().unwrap_or_default();
        assert_eq!(line["level"], "error", "{line}");
        assert!(
            message.starts_with("did not start: module `http`"),
            "{line}"
        );
        assert!(message.contains(advice.trim()), "{line}");
    }
}

/// Sends the body of a request that was begun, and reads its answer and the end of the connection.
fn finish(mut stream: BufReader<TcpStream>) {
    stream.get_mut().write_all(b"{}").expect("it is open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    let status = answer.lines().next().unwrap_or_default();
    // An order of nothing is refused by the use case, behind everything that could be in the way.
    assert_eq!(status, "HTTP/1.1 422 Unprocessable Entity", "{answer}");
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    let limit = stream.set_read_timeout(Some(PATIENCE));
    limit.expect("a time can be set");
    stream
}

fn address(client: &Client) -> SocketAddr {
    let address = client.base().trim_start_matches("http://");
    address.parse().expect("an address")
}

/// Where it said that it listens.
fn addresses(service: &Service) -> Vec<SocketAddr> {
    let lines = lines(service);
    let listening = lines.iter().filter(|line| line["message"] == "listening");
    let addresses = listening.filter_map(|line| line["address"].as_str()?.parse().ok());
    addresses.collect()
}

fn lines(service: &Service) -> Vec<Value> {
    let log = service.log();
    let lines = log.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn eventually<T>(otherwise: &str, service: &Service, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{otherwise}: {}", service.log());
        thread::sleep(PAUSE);
    }
}
