//! What takes a process of its own: its signals, its descriptors, its death.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use formwork_app::ConfigReloadModule;

use super::support::{Files, Witness, failure, reload, tuned};
use crate::support::{Act, Journal};

/// Set for the process that plays the service: where its configuration is.
const SERVICE: &str = "FORMWORK_TEST_RELOAD_SERVICE";
/// Set for a process that a test has to itself.
const ALONE: &str = "FORMWORK_TEST_RELOAD_ALONE";

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Runs a test in a process of its own. Returns whether this is that process.
fn alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]).env(ALONE, "1");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    false
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whoever of five fails: generation, sockets and descriptors are what they were.
/// Shows a part of: R-045.
#[test]
fn a_failure_at_any_position_leaves_nothing_behind() {
    if !alone("reload::process::a_failure_at_any_position_leaves_nothing_behind") {
        return;
    }
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    // Printing a backtrace opens files.
    std::panic::set_hook(Box::new(|_| ()));
    let outcome = std::panic::catch_unwind(|| every_position(NAMES));
    drop(std::panic::take_hook());
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

fn every_position(names: [&'static str; 5]) {
    runtime().block_on(async {
        let base = "app.prepare-timeout = \"20ms\"\n";
        let files = Files::new(base);
        let journal = Journal::default();
        let mut app = files.app();
        let mut handles = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let before = index.checked_sub(1).map(|before| names[before]);
            let (module, handle) = tuned(name, before, &journal);
            app = app.module(module);
            handles.push(handle);
        }
        let running = app.start().await.unwrap();
        let changed = |size: u32| {
            let sizes = names.iter().map(|name| format!("{name}.size = {size}\n"));
            sizes.fold(base.to_owned(), |text, line| text + &line)
        };
        // The first reload makes what stays: threads of the runtime, and what they hold.
        files.write(&changed(2));
        reload(&running).await.applied().unwrap();
        let before = descriptors();
        for (position, handle) in handles.iter().enumerate() {
            for act in [Act::Fail, Act::Panic, Act::Hang] {
                handle.prepare(act);
                files.write(&changed(3));
                let error = failure(reload(&running).await);
                assert!(error.to_string().contains(names[position]), "{error}");
                assert_eq!(running.snapshot().generation(), 2, "{position} {act:?}");
                assert_eq!(descriptors(), before, "{position} {act:?}");
                assert!(handles.iter().all(|handle| handle.live().size == 2));
            }
            handle.prepare(Act::Succeed);
        }
        assert_eq!(journal.of("commit").len(), names.len());
        assert_eq!(
            journal.of("abort").len(),
            // Who fails drops its own as well.
            3 * (1..=names.len()).sum::<usize>()
        );
        files.write(&changed(4));
        reload(&running).await.applied().unwrap();
        running.stop().await.unwrap();
    });
}

/// The service: does nothing unless it is started by a test. It says what happens.
#[test]
fn a_service_that_reloads() {
    let Some(location) = std::env::var_os(SERVICE) else {
        return;
    };
    runtime().block_on(async {
        let journal = Journal::default();
        let (a, handle) = tuned("a", None, &journal);
        let loader = formwork_config::Loader::new("shop")
            .with_environment(formwork_config::Environment::default())
            .with_location(location);
        let app = formwork_app::App::new(formwork_app::ServiceInfo::new("shop", "1.0.0"))
            .config(loader)
            .module(a)
            .module(ConfigReloadModule::new())
            .observe(Arc::new(Witness(journal.clone())));
        let running = app.start().await.unwrap();
        if running
            .snapshot()
            .shared::<super::support::Knobs>("a")
            .unwrap()
            .twin
            == 99
        {
            handle.prepare(Act::Hang);
        }
        let say = |line: &str| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "\n> {line}")
                .and_then(|()| out.flush())
                .unwrap();
        };
        say(&format!("started with {}", handle.live().size));
        let mut told = 0;
        loop {
            journal.until(|lines| lines.len() > told).await;
            let lines = journal.lines();
            for line in &lines[told..] {
                say(line);
            }
            told = lines.len();
            // Of what has been said: a commit may come meanwhile.
            let said = |verb: &str| lines.iter().filter(|it| it.starts_with(verb)).count();
            if said("commit ") == said("prepare ") && handle.live().size == 77 {
                break;
            }
        }
        say(&format!("generation {}", running.snapshot().generation()));
        running.stop().await.unwrap();
    });
}

/// A service in a process of its own.
struct Service {
    child: Child,
    /// What it says, line by line.
    said: Receiver<String>,
}

/// Far more than any of it takes, so that a test that would never end fails.
const PATIENCE: Duration = Duration::from_secs(60);

impl Service {
    fn start(location: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "reload::process::a_service_that_reloads",
                "--exact",
                "--nocapture",
            ])
            .env(SERVICE, location)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (say, said) = channel();
        // Ends with the process, or when nobody listens any more.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix("> ")
                    && say.send(line.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Self { child, said }
    }

    /// What it says until a line begins like this, with that line.
    fn until(&self, beginning: &str) -> Vec<String> {
        let mut said = Vec::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(line) => said.push(line),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without `{beginning}`: {said:?}")
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no `{beginning}` within {PATIENCE:?}: {said:?}")
                }
            }
            if said.last().is_some_and(|line| line.starts_with(beginning)) {
                return said;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    fn ends(mut self) {
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            match self.child.try_wait().unwrap() {
                Some(status) => return assert!(status.success(), "{status}"),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        panic!("it does not end");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Gone already, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const QUIET: &str = "config-reload.watch = \"off\"\napp.reload-debounce = \"20ms\"\n";

/// A storm of SIGHUP: what was written before the last one is in force, in few reloads, and the
/// process lives.
/// Shows a part of: R-045.
#[test]
fn a_storm_of_hangups_is_few_reloads() {
    const SIGNALS: u32 = 60;
    let files = Files::new(QUIET);
    let service = Service::start(files.0.path());
    service.until("started with 1");
    for number in 0..SIGNALS {
        files.write(&format!("{QUIET}a.size = {}\n", 10 + number));
        service.signal("HUP");
    }
    files.write(&format!("{QUIET}a.size = 77\n"));
    service.signal("HUP");
    let said = service.until("generation");
    let reloads = said.iter().filter(|line| *line == "reload started").count();
    assert!(reloads >= 1 && reloads < SIGNALS as usize, "{said:?}");
    assert!(said.contains(&"commit a".to_owned()), "{said:?}");
    service.ends();
}

/// Killed while a module prepares: the files are as they were written, and the next start takes
/// them.
/// Shows a part of: R-045.
#[test]
fn killed_while_preparing_it_starts_again() {
    let base = format!("{QUIET}a.twin = 99\n");
    let files = Files::new(&base);
    let mut service = Service::start(files.0.path());
    service.until("started with 1");
    let changed = format!("{base}a.size = 5\n");
    files.write(&changed);
    service.signal("HUP");
    service.until("prepare a 1→5");
    service.signal("KILL");
    let status = service.child.wait().unwrap();
    assert!(!status.success());
    drop(service);

    assert_eq!(std::fs::read_to_string(files.path()).unwrap(), changed);
    let names: Vec<_> = std::fs::read_dir(files.0.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left behind: {names:?}");
    files.write(&changed.replace("99", "1"));
    let service = Service::start(files.0.path());
    service.until("started with 5");
    files.write(&format!("{QUIET}a.size = 77\n"));
    service.signal("HUP");
    service.until("generation 2");
    service.ends();
}
