//! The generated service as a process.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::Client;

/// How long it may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often something expected is looked for.
const PAUSE: Duration = Duration::from_millis(5);

/// A running service; killed when it is dropped.
pub(crate) struct Service {
    process: Child,
    log: PathBuf,
    pub(crate) client: Client,
}

impl Service {
    /// Starts it on a free port and waits until it is ready. Its log goes to a file.
    pub(crate) fn start(
        binary: &Path,
        folder: &Path,
        settings: &[(String, String)],
        log: &Path,
    ) -> Self {
        let mut command = Command::new(binary);
        command
            .args(["--set", "http.listen=127.0.0.1:0"])
            .current_dir(folder)
            .envs(settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null());
        Self::run(command, log)
    }

    /// Starts it with a command that is complete but for its log, and waits until it is ready.
    pub(crate) fn run(mut command: Command, log: &Path) -> Self {
        let file = File::create(log).expect("the log can be made");
        let process = command.stdout(file).spawn().expect("the service starts");
        let mut service = Self {
            process,
            log: log.to_owned(),
            client: Client::new(String::new()),
        };
        let address = service.eventually("no address in its log", |service| {
            service.log().lines().find_map(address_in)
        });
        service.client = Client::new(format!("http://{address}"));
        service.eventually("not ready", |service| {
            let answer = service.client.get("/readyz").ok()?;
            (answer.status == 200).then_some(())
        });
        service
    }

    /// What it wrote to its standard output.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log can be read")
    }

    pub(crate) fn log_file(&self) -> &Path {
        &self.log
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("the service was running");
        let status = self.process.wait().expect("it can be waited for");
        assert_eq!(status.signal(), Some(9), "{status}: {}", self.log());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).expect("process ids are small");
        let pid = Pid::from_raw(pid).expect("process ids are positive");
        kill_process(pid, signal).expect("the service was running");
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not stop: {}",
                self.log()
            );
            thread::sleep(PAUSE);
        }
    }

    fn eventually<T>(&mut self, otherwise: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let ended = self.process.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "it ended by itself: {}", self.log());
            assert!(Instant::now() < deadline, "{otherwise}: {}", self.log());
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address_in(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["address"].as_str()?.to_owned())
}
