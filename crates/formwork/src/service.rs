//! A generated service as a child process: started, watched, stopped gracefully, and never left behind.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::interrupt::Interrupt;
use crate::report::{Exit, Failure, Problem, in_words};

/// How many lines of the log are kept; the first ones are dropped beyond that.
const KEPT_LINES: usize = 10_000;

/// How many lines of the log a failure shows.
const SHOWN_LINES: usize = 30;

/// How long the last lines of an ended process may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often a process is looked at while waiting for its end.
const PAUSE: Duration = Duration::from_millis(10);

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    output: Lines,
    errors: Lines,
    addresses: Receiver<SocketAddr>,
    readers: Vec<JoinHandle<()>>,
}

/// The lines a stream brought so far.
type Lines = Arc<Mutex<VecDeque<String>>>;

impl Service {
    /// Starts the command in a process group of its own, so that Ctrl-C reaches it through us alone.
    pub(crate) fn start(mut command: Command) -> Result<Self, Failure> {
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = spawned.map_err(|error| {
            let program = command.get_program().display();
            let message = format!("cannot start `{program}`: {}", in_words(&error));
            Failure::new(Exit::Service, Problem::new(message))
        })?;
        let (sender, addresses) = mpsc::channel();
        let (output, errors) = (Lines::default(), Lines::default());
        let readers = [
            child
                .stdout
                .take()
                .map(|stream| collect(stream, &output, Some(sender))),
            child
                .stderr
                .take()
                .map(|stream| collect(stream, &errors, None)),
        ];
        Ok(Self {
            child,
            output,
            errors,
            addresses,
            readers: readers.into_iter().flatten().collect(),
        })
    }

    /// Waits for the line of the log that names the bound address.
    pub(crate) fn address(
        &mut self,
        patience: Duration,
        interrupt: &Interrupt,
    ) -> Result<SocketAddr, Failure> {
        let deadline = Instant::now() + patience;
        loop {
            match self.addresses.recv_timeout(PAUSE) {
                Ok(address) => return Ok(address),
                Err(RecvTimeoutError::Disconnected) => thread::sleep(PAUSE),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if interrupt.is_set() {
                return Err(Failure::interrupted("starting the service"));
            }
            self.still_running()?;
            if Instant::now() > deadline {
                return Err(self.failure(format!(
                    "the service named no address within {} s",
                    patience.as_secs()
                )));
            }
        }
    }

    /// Fails with the tail of the log when the process has ended.
    pub(crate) fn still_running(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(Some(status)) => {
                self.await_last_words();
                Err(self.failure(format!("the service ended by itself: {status}")))
            }
            _ => Ok(()),
        }
    }

    /// Waits until everything an ended process wrote is read. A process it left behind may keep the streams open.
    fn await_last_words(&self) {
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline && !self.readers.iter().all(JoinHandle::is_finished) {
            thread::sleep(PAUSE);
        }
    }

    /// What went wrong, with the tail of the log.
    pub(crate) fn failure(&self, message: impl Into<String>) -> Failure {
        let mut problem = Problem::new(message);
        problem.notes = self.tail();
        Failure::new(Exit::Service, problem)
    }

    /// The end of what the service wrote.
    pub(crate) fn tail(&self) -> Vec<String> {
        let mut tail = Vec::new();
        for (stream, lines) in [("log", &self.output), ("stderr", &self.errors)] {
            let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if !lines.is_empty() {
                tail.push(format!("the end of the service's {stream}:"));
                let shown = lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES));
                tail.extend(shown.map(|line| format!("  {line}")));
            }
        }
        tail
    }

    /// Every line of standard output so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the service to stop and waits for its graceful end; after `patience` it is killed, which is a failure.
    pub(crate) fn stop(&mut self, patience: Duration) -> Result<ExitStatus, Failure> {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.await_last_words();
                return if status.success() {
                    Ok(status)
                } else {
                    Err(self.failure(format!("the service did not stop cleanly: {status}")))
                };
            }
            thread::sleep(PAUSE);
        }
        self.kill();
        Err(self.failure(format!(
            "the service did not stop within {} s and was killed",
            patience.as_secs()
        )))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group is gone when this fails, which is what we are after.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
        }
    }
}

/// Collects the lines of a stream, and passes on the addresses they name.
fn collect(
    stream: impl io::Read + Send + 'static,
    lines: &Lines,
    addresses: Option<mpsc::Sender<SocketAddr>>,
) -> JoinHandle<()> {
    let collected = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if let (Some(addresses), Some(address)) = (&addresses, address_in(&line)) {
                // Nobody waits for a second address.
                let _ = addresses.send(address);
            }
            let mut lines = collected.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == KEPT_LINES {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    })
}

/// The `address` field of a line of JSON log, at the top or under `fields`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let field = line
        .get("address")
        .or_else(|| line.get("fields")?.get("address"))?;
    field.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Service {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Service::start(command).expect("there is a shell")
    }

    /// A service that says where it is and works until it is told to stop.
    fn polite() -> Service {
        shell(
            "trap 'exit 0' TERM; echo '{\"address\":\"127.0.0.1:1\"}'; while :; do sleep 0.02; done",
        )
    }

    fn is_running(id: u32) -> bool {
        let pid = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .expect("it was a process");
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[test]
    fn a_service_says_where_it_is_and_stops_when_asked() {
        let mut service = polite();
        let address = service
            .address(PATIENCE, &Interrupt::default())
            .expect("it says so");
        assert_eq!(address.port(), 1);
        assert!(service.stop(PATIENCE).expect("it stops").success());
        assert!(!is_running(service.id()));
    }

    #[test]
    fn a_service_that_does_not_stop_is_killed_and_that_is_a_failure() {
        let mut service = shell(
            "trap '' TERM; echo '{\"address\":\"127.0.0.1:1\"}'; while :; do sleep 0.02; done",
        );
        service
            .address(PATIENCE, &Interrupt::default())
            .expect("it says so");
        let failure = service
            .stop(Duration::from_millis(100))
            .expect_err("it was killed");
        assert!(failure.problems[0].message.contains("was killed"));
        assert!(!is_running(service.id()));
    }

    #[test]
    fn a_service_that_ends_by_itself_is_a_failure_with_its_last_words() {
        let mut service = shell("echo 'no database' >&2; exit 3");
        let failure = service
            .address(PATIENCE, &Interrupt::default())
            .expect_err("it ended");
        assert_eq!(failure.exit, Exit::Service);
        assert!(failure.problems[0].message.contains("exit status: 3"));
        assert!(
            failure.problems[0]
                .notes
                .contains(&"  no database".to_owned())
        );
    }

    #[test]
    fn no_service_is_left_behind() {
        let service = polite();
        let id = service.id();
        drop(service);
        assert!(!is_running(id));
    }

    #[test]
    fn the_address_is_read_from_the_log() {
        let expected: SocketAddr = ([127, 0, 0, 1], 4711).into();
        assert_eq!(
            address_in(r#"{"message":"listening","address":"127.0.0.1:4711"}"#),
            Some(expected)
        );
        assert_eq!(
            address_in(r#"{"fields":{"message":"listening","address":"127.0.0.1:4711"}}"#),
            Some(expected)
        );
        assert_eq!(address_in("listening on 127.0.0.1:4711"), None);
    }
}
