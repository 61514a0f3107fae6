//! Real processes and real signals: a service is this test binary, run again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use formwork_app::event::{Event, Observer, ObserverOptions, Overflow};
use formwork_app::{
    App, Context, Declaration, Error, Module, Policy, ServiceInfo, State, WireError, Wiring,
};
use formwork_config::Config;
use formwork_domain::BoxFuture;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Set in the child: what the service is made of.
const SCENARIO: &str = "FORMWORK_APP_TEST_SCENARIO";
/// Set in the child: its command line, one option to a line.
const ARGUMENTS: &str = "FORMWORK_APP_TEST_ARGUMENTS";
/// No child takes as long, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A misfortune in one phase.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Panic,
    Block,
    Hang,
    Devour,
    Gorge,
}

/// A module that meets a fault in one phase and says what it does.
struct Unlucky {
    name: &'static str,
    phase: String,
    fault: Fault,
    after: Option<&'static str>,
}

impl Unlucky {
    fn calm(name: &'static str) -> Self {
        Self {
            name,
            phase: String::new(),
            fault: Fault::Hang,
            after: None,
        }
    }

    fn meet(&self, phase: &str) -> BoxFuture<'static, Result<(), Error>> {
        println!("{phase} {}", self.name);
        if self.phase == phase {
            match self.fault {
                Fault::Panic => panic!("out of luck in {phase}"),
                Fault::Block => loop {
                    std::thread::park();
                },
                Fault::Devour => {
                    let mut eaten: Vec<Vec<u8>> = Vec::new();
                    loop {
                        eaten.push(Vec::with_capacity(64 << 20));
                    }
                }
                Fault::Gorge => gorge(),
                Fault::Hang => return Box::pin(std::future::pending()),
            }
        }
        Box::pin(async { Ok(()) })
    }
}

/// Uses more and more memory, 16 MiB at a time, and gives up after 8 GiB.
fn gorge() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    for _ in 0..512 {
        eaten.push(vec![1; 16 << 20]);
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Module for Unlucky {
    fn declare(&self) -> Declaration {
        if self.phase == "declare" {
            drop(self.meet("declare"));
        }
        let declaration = Declaration::new(self.name).provides_named::<String>(self.name);
        match self.after {
            Some(other) => declaration.needs_named::<String>(other),
            None => declaration,
        }
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        drop(self.meet("wire"));
        wiring.provide_named(self.name, Arc::new(String::new()))
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.meet("start")
    }

    fn drain<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.meet("drain")
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.meet("stop")
    }
}

/// Answers each line of each connection with `done` when it gets another one.
struct Server;

impl Module for Server {
    fn declare(&self) -> Declaration {
        Declaration::new("server").needs_named::<String>("store")
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let listener = TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.map_err(|error| Error::dependency("bind").because(error))?;
            let address = listener.local_addr().expect("it is bound");
            let listener = Arc::new(listener);
            let (tasks, context) = (context.tasks().clone(), context.clone());
            tasks.clone().spawn("accept", Policy::default(), move || {
                let (listener, shutdown) = (Arc::clone(&listener), context.shutdown());
                let tasks = tasks.clone();
                async move {
                    let accept = async {
                        while let Ok((stream, _)) = listener.accept().await {
                            let mut stream = Some(stream);
                            tasks.spawn("connection", Policy::Once, move || serve(stream.take()));
                        }
                    };
                    shutdown.run_until_cancelled(accept).await;
                    println!("stopped accepting");
                    Ok(())
                }
            });
            println!("listening {address}");
            Ok(())
        })
    }

    fn drain<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            println!("drain server");
            while context.tasks().names().iter().any(|it| it == "connection") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            println!("drained server");
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        println!("stop server");
        Box::pin(async { Ok(()) })
    }
}

async fn serve(stream: Option<tokio::net::TcpStream>) -> Result<(), Error> {
    let mut stream = stream.expect("a connection is served once");
    let failed = |error| Error::dependency("serve").because(error);
    for answer in ["hello\n", "done\n"] {
        stream.read_u8().await.map_err(failed)?;
        stream.write_all(answer.as_bytes()).await.map_err(failed)?;
    }
    Ok(())
}

/// Consumes until it is told to take no more, and says when readiness goes away.
struct Consumer;

impl Module for Consumer {
    fn declare(&self) -> Declaration {
        Declaration::new("consumer").needs_named::<String>("store")
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        let (lifecycle, health) = (context.lifecycle().clone(), context.health().clone());
        let shutdown = context.shutdown();
        context.tasks().spawn("consume", Policy::Once, move || {
            let (lifecycle, health) = (lifecycle.clone(), health.clone());
            let shutdown = shutdown.clone();
            async move {
                lifecycle.reached(State::Accepting).await;
                println!("ready {}", health.ready());
                lifecycle.reached(State::Draining).await;
                println!("ready {}", health.ready());
                shutdown.cancelled().await;
                println!("stopped consuming");
                Ok(())
            }
        });
        Box::pin(async { Ok(()) })
    }
}

/// Says what is told before it is done, so that the last line names whoever was at work.
struct Announcer;

impl Observer for Announcer {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        println!("told {} {}", event.kind, event.subject);
        Box::pin(async { Ok(()) })
    }

    fn options(&self) -> ObserverOptions {
        ObserverOptions::new("announcer")
            .with_capacity(1)
            .with_overflow(Overflow::Block)
    }
}

fn build(app: App, scenario: &str) -> App {
    let (fault, phase) = scenario.split_once(' ').unwrap_or((scenario, ""));
    let fault = match fault {
        "orderly" => {
            return app
                .module(Server)
                .module(Consumer)
                .module(Unlucky::calm("store"))
                .module(LogLike);
        }
        "taken" | "ends" => {
            let fragile = Fragile {
                ends: scenario == "ends",
                listen: String::new(),
            };
            return app
                .module(LogLike)
                .module(Unlucky::calm("store"))
                .module(fragile);
        }
        "panic" => Fault::Panic,
        "block" => Fault::Block,
        "hang" => Fault::Hang,
        "devour" => Fault::Devour,
        "gorge" => Fault::Gorge,
        other => panic!("no such scenario: {other}"),
    };
    app.module(Unlucky::calm("store"))
        .module(Unlucky {
            name: "unlucky",
            phase: phase.to_owned(),
            fault,
            after: Some("store"),
        })
        .module(Unlucky {
            after: Some("unlucky"),
            ..Unlucky::calm("last")
        })
        .observe(Arc::new(Announcer))
}

/// Where [`Fragile`] listens.
#[derive(Config)]
struct FragileConfig {
    /// The address.
    #[config(default = "127.0.0.1:1")]
    listen: String,
}

/// Cannot start, or has a task that ends.
struct Fragile {
    ends: bool,
    listen: String,
}

impl Module for Fragile {
    fn declare(&self) -> Declaration {
        Declaration::new("fragile")
            .config::<FragileConfig>("fragile")
            .needs_named::<String>("store")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: FragileConfig = wiring.config()?;
        self.listen = config.listen;
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            if self.ends {
                context
                    .tasks()
                    .spawn("listen", Policy::StopProcess, || async {
                        Err(Error::dependency("the network is gone"))
                    });
                return Ok(());
            }
            Err(Error::config(format!("cannot listen on {}", self.listen))
                .because("address in use")
                .hint("stop whoever listens there")
                .setting("listen"))
        })
    }
}

/// Starts first, and so stops last.
struct LogLike;

impl Module for LogLike {
    fn declare(&self) -> Declaration {
        Declaration::new("log").starts_first()
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        println!("flushed log");
        Box::pin(async { Ok(()) })
    }
}

/// The service: does nothing unless it is started by [`Service::start`].
#[test]
fn child() {
    let Ok(scenario) = std::env::var(SCENARIO) else {
        return;
    };
    if scenario == "inspect" {
        return inspect();
    }
    if scenario.starts_with("devour") {
        let most = Some(4 << 30);
        let limit = Rlimit {
            current: most,
            maximum: most,
        };
        setrlimit(Resource::As, limit).expect("a process may limit itself");
    }
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();
    let arguments = arguments.lines().map(Into::into);
    let service = ServiceInfo::new("shop", "1.0.0");
    // A line of its own, after the words of the test harness.
    println!();
    let code = formwork_app::main_with(arguments, service, |app| build(app, &scenario));
    // The test harness has exit codes of its own.
    let codes = [0, 1, 2].map(|code| (code, format!("{:?}", ExitCode::from(code))));
    let code = codes.iter().find(|(_, text)| *text == format!("{code:?}"));
    std::process::exit(code.map_or(99, |(code, _)| i32::from(*code)));
}

/// What the process has: open files and sockets, threads, and tasks of the runtime.
fn belongings() -> [usize; 3] {
    let count = |folder: &str| {
        let entries = std::fs::read_dir(folder).expect("the kernel tells");
        entries.count()
    };
    let tasks = tokio::runtime::Handle::current().metrics();
    [
        count("/proc/self/fd"),
        count("/proc/self/task"),
        tasks.num_alive_tasks(),
    ]
}

/// Checks an application, and says what is there afterwards that was not there before.
#[tokio::main(flavor = "current_thread")]
async fn inspect() {
    let app = build(App::new(ServiceInfo::new("shop", "1.0.0")), "orderly");
    let app = app.observe(Arc::new(Announcer));
    let before = belongings();
    let checked = app.check().expect("all is well");
    assert!(checked.warnings.is_empty(), "{checked:?}");
    let after = belongings();
    println!("before {before:?}");
    println!("after {after:?}");
}

/// A running child.
struct Service {
    child: Child,
    stdout: BufReader<ChildStdout>,
    seen: Vec<String>,
}

/// How a child ended.
#[derive(Debug)]
struct Ended {
    /// `None` when a signal ended it.
    code: Option<i32>,
    lines: Vec<String>,
    stderr: String,
    took: Duration,
}

impl Service {
    fn start(scenario: &str, arguments: &[&str]) -> Self {
        Self::start_in(".".as_ref(), scenario, arguments)
    }

    fn start_in(folder: &Path, scenario: &str, arguments: &[&str]) -> Self {
        Self::start_with(folder, scenario, arguments, &[])
    }

    /// With these variables in its environment.
    fn start_with(
        folder: &Path,
        scenario: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this is a program"))
            .current_dir(folder)
            .args(["--exact", "process::child", "--nocapture"])
            .args(["--test-threads", "1"])
            .env(SCENARIO, scenario)
            .env(ARGUMENTS, arguments.join("\n"))
            .env("RUST_BACKTRACE", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            stdout,
            seen: Vec::new(),
        }
    }

    /// Waits for a line that begins so; returns the rest of it.
    fn until(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("the child speaks");
            assert!(read > 0, "`{start}` never came: {:?}", self.seen);
            self.seen.push(line.trim_end().to_owned());
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Waits for all these lines, in any order.
    fn until_all(&mut self, lines: &[&str]) {
        let from = self.seen.len();
        while !lines
            .iter()
            .all(|line| self.seen[from..].iter().any(|it| it == line))
        {
            self.until("");
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the child is there");
    }

    fn end(mut self) -> Ended {
        let begun = Instant::now();
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("text");
        self.seen.extend(text.lines().map(str::to_owned));
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("it is piped");
        pipe.read_to_string(&mut stderr).expect("text");
        let status = self.child.wait().expect("the child ends");
        let took = begun.elapsed();
        assert!(took < PATIENCE, "the end was not bounded: {took:?}");
        Ended {
            code: status.code(),
            lines: std::mem::take(&mut self.seen),
            stderr,
            took,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Has ended already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// What the child said, from the first line with these words on.
    fn from(&self, first: &str) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        lines.skip_while(|line| *line != first).collect()
    }

    fn said(&self, line: &str) -> bool {
        self.lines.iter().any(|other| other == line)
    }
}

/// The whole sequence of an orderly stop, by a real signal.
#[test]
fn sigterm_drains_and_stops_in_order_with_exit_code_0() {
    let mut service = Service::start(
        "orderly",
        &["--set=app.drain-delay=1s", "--set=app.drain-timeout=50s"],
    );
    let address = service.until("listening ");
    service.until("ready true");
    service.signal(Signal::TERM);
    service.until("ready false");
    // Not ready, and still accepting.
    let mut stream = TcpStream::connect(&address).expect("it still accepts");
    stream.write_all(b"1").expect("it reads");
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).expect("it answers");
    // All are told before anybody is waited for; who says so first is theirs.
    service.until_all(&["stopped accepting", "stopped consuming", "drain server"]);
    // The listener is gone once its task has ended.
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    // What is in flight is waited for.
    stream.write_all(b"2").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert_eq!(answer, "done\n");
    let ended = service.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = [
        "drained server",
        "drain store",
        "stop server",
        "stop store",
        "flushed log",
    ];
    assert_eq!(ended.from("drained server"), expected);
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_is_cut_off_is_counted_and_named_with_exit_code_1() {
    let timeouts = ["--set=app.drain-timeout=50ms", "--set=app.stop-timeout=1s"];
    let mut service = Service::start("hang drain", &timeouts);
    service.until("told formwork.application.accepting");
    service.signal(Signal::INT);
    let ended = service.end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "error: stopped with failures, 1 cut off\n\
                    module `unlucky` did not drain within 250ms\n";
    assert_eq!(ended.stderr, expected);
    assert!(ended.said("stop unlucky") && ended.said("stop store"));
}

/// What made the process end is not to be looked for among what the stops of all modules tell: the
/// last lines say which module failed, why, what to do, and where the value is set it is about.
///
/// Shows a part of: R-013.
#[test]
fn the_last_words_say_what_failed_where_and_what_to_do() {
    const FAILED: &str = "error: module `fragile` could not start: cannot listen on ";
    const ADVICE: &str = ": address in use\n  hint: stop whoever listens there\n  hint: ";
    let directory = tempfile::TempDir::new().expect("a directory");
    let file = directory.path().join("default.toml");
    std::fs::write(&file, "[fragile]\nlisten = \"127.0.0.1:80\"\n").expect("it is ours");
    let location = format!("--config={}", file.display());
    let flag = "--set=fragile.listen=127.0.0.1:80";
    for (arguments, address, origin) in [
        (
            &[][..],
            "127.0.0.1:1",
            "`fragile.listen` is not set: set it in a file, or with `SHOP__FRAGILE__LISTEN`",
        ),
        (
            &[&*location],
            "127.0.0.1:80",
            &format!("`fragile.listen` comes from {}:2:10", file.display()),
        ),
        (
            &[flag],
            "127.0.0.1:80",
            "`fragile.listen` comes from flag `--set fragile.listen`",
        ),
    ] {
        let ended = Service::start("taken", arguments).end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stderr, format!("{FAILED}{address}{ADVICE}{origin}\n"));
        assert!(ended.said("stop store") && ended.said("flushed log"));
    }

    let ended = Service::start("ends", &[]).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: stopped because task `listen` of module `fragile` failed: the network is gone\n"
    );
    assert!(ended.said("stop store") && ended.said("flushed log"));
}

#[test]
fn a_second_signal_ends_the_process_at_once_whatever_goes_on() {
    for (scenario, phase) in [("hang drain", "drain"), ("block stop", "stop")] {
        for second in [Signal::TERM, Signal::INT] {
            let hours = [
                "--set=app.drain-timeout=1h",
                "--set=app.stop-timeout=1h",
                "--set=app.workers=1",
            ];
            let mut service = Service::start(scenario, &hours);
            service.until("told formwork.application.accepting");
            service.signal(Signal::TERM);
            service.until(&format!("{phase} unlucky"));
            service.signal(second);
            let ended = service.end();
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(!ended.said("stop store"), "{ended:?}");
        }
    }
}

#[test]
fn a_signal_while_starting_stops_what_had_started() {
    let mut service = Service::start("hang start", &["--set=app.start-timeout=1h"]);
    service.until("start unlucky");
    service.signal(Signal::TERM);
    let ended = service.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.said("stop store") && !ended.said("start last"));
}

/// The Go ancestor left running what had started.
///
/// Shows a part of: R-013.
#[test]
fn a_failed_start_leaves_nothing_running() {
    let ended = Service::start("hang start", &["--set=app.start-timeout=1s"]).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: module `unlucky` did not start within 1s\n"
    );
    assert!(ended.said("stop store") && !ended.said("start last"));
    assert!(!ended.said("stop unlucky"), "it never started");
}

#[test]
fn a_panic_in_any_phase_is_named_and_ends_the_process_in_order() {
    for phase in ["declare", "wire", "start", "drain", "stop"] {
        let mut service = Service::start(&format!("panic {phase}"), &[]);
        if matches!(phase, "drain" | "stop") {
            service.until("told formwork.application.accepting");
            service.signal(Signal::TERM);
        }
        let ended = service.end();
        assert_eq!(ended.code, Some(1), "{phase}: {ended:?}");
        let named = ["declare", "wire"].contains(&phase) || ended.stderr.contains("`unlucky`");
        let words = format!("out of luck in {phase}");
        assert!(named && ended.stderr.contains(&words), "{phase}: {ended:?}");
        let started = ended.said("start store");
        assert_eq!(started, !["declare", "wire"].contains(&phase));
        assert_eq!(ended.said("stop store"), started, "{phase}: {ended:?}");
    }
}

/// With a thread left, the others are stopped; without one, the process ends all the same.
#[test]
fn a_blocked_thread_is_named_in_any_phase_and_the_process_ends() {
    for (phase, workers, others_stop) in [
        ("wire", "4", false),
        ("start", "4", true),
        ("start", "1", false),
        ("drain", "1", false),
        ("stop", "4", true),
        ("stop", "1", false),
    ] {
        let workers = format!("--set=app.workers={workers}");
        // Long enough for the others on a machine that is busy.
        let arguments = [
            &workers,
            "--set=app.start-timeout=1s",
            "--set=app.drain-timeout=300ms",
            "--set=app.stop-timeout=300ms",
        ];
        let mut service = Service::start(&format!("block {phase}"), &arguments);
        if matches!(phase, "drain" | "stop") {
            service.until("told formwork.application.accepting");
            service.signal(Signal::TERM);
        }
        let ended = service.end();
        assert_eq!(ended.code, Some(1), "{phase} {workers}: {ended:?}");
        let text = format!("module `unlucky` did not {phase} within ");
        assert!(ended.stderr.contains(&text), "{phase} {workers}: {ended:?}");
        if others_stop {
            assert!(ended.said("stop store"), "{phase} {workers}: {ended:?}");
        }
    }
}

#[test]
fn a_declaration_that_blocks_ends_the_process() {
    let ended = Service::start("block declare", &["--check-config"]).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let text = "did not declare within 5s and blocks its thread";
    assert!(ended.stderr.contains(text), "{ended:?}");
}

/// A process that asks for more than it may have is ended by the allocator, at once and without a
/// word of ours: nobody can be stopped then. What was told last names who was at work, when a
/// strict observer writes it down; in `declare` and `wire`, which come before observers, nothing does.
#[test]
fn memory_without_end_is_bounded_by_the_limit_of_the_process() {
    for phase in ["declare", "wire", "start", "drain", "stop"] {
        let mut service = Service::start(&format!("devour {phase}"), &[]);
        if matches!(phase, "drain" | "stop") {
            service.until("told formwork.application.accepting");
            service.signal(Signal::TERM);
        }
        let ended = service.end();
        assert_eq!(ended.code, None, "{phase}: ended by a signal: {ended:?}");
        assert!(
            ended
                .stderr
                .contains("memory allocation of 67108864 bytes failed")
        );
        let told = ended
            .lines
            .iter()
            .rev()
            .find(|line| line.starts_with("told"));
        let expected = match phase {
            "start" => Some("told formwork.module.starting unlucky"),
            "drain" => Some("told formwork.module.draining unlucky"),
            "stop" => Some("told formwork.module.stopping unlucky"),
            _ => None,
        };
        assert_eq!(told.map(String::as_str), expected, "{ended:?}");
    }
}

#[test]
fn memory_without_end_is_bounded_by_the_configured_limit_and_names_who_is_at_work() {
    for phase in ["wire", "start", "drain", "stop"] {
        let scenario = format!("gorge {phase}");
        let mut service = Service::start(&scenario, &["--set=app.memory-limit=256MiB"]);
        if matches!(phase, "drain" | "stop") {
            service.until("told formwork.application.accepting");
            service.signal(Signal::TERM);
        }
        let ended = service.end();
        assert_eq!(ended.code, Some(1), "{phase}: {ended:?}");
        let (limit, at_work) = (
            "MiB of memory and may use 256 MiB (`app.memory-limit`); at work were ",
            format!("`unlucky` in {phase}"),
        );
        for text in [limit, &at_work] {
            assert!(ended.stderr.contains(text), "{phase}: {ended:?}");
        }
    }
}

#[test]
fn checking_and_printing_need_no_start_and_have_exit_codes() {
    for (arguments, code, stdout) in [
        (
            &["--check-config"][..],
            0,
            "the configuration and the wiring are fine",
        ),
        (&["--print-config"], 0, "app.drain-delay"),
        (&["--print-graph"], 0, "store"),
        (&["--print-sample"], 0, "drain-delay"),
        (&["--version"], 0, "shop 1.0.0"),
        (&["--check-config", "--set=app.workers=many"], 1, ""),
        (&["--print-config", "--set=app.wrokers=1"], 1, ""),
        (&["--verbose"], 2, ""),
    ] {
        let ended = Service::start("orderly", arguments).end();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.lines.join("\n").contains(stdout), "{ended:?}");
        assert_eq!(code == 0, ended.stderr.is_empty(), "{ended:?}");
        assert!(!ended.lines.iter().any(|line| line.starts_with("start ")));
    }
}

/// The environment and the command line of the process lie over its files, whatever these are
/// written in: the base, the profile's, and secret files below the environment; also when what they
/// say is `0` or nothing.
///
/// Proves: R-010.
#[test]
fn the_environment_and_flags_of_the_process_override_its_files() {
    let files = [
        (
            "toml",
            "app.drain-delay = \"1s\"\napp.workers = 4\napp.static-changes = \"apply-dynamic\"\n",
        ),
        (
            "yaml",
            "app:\n  drain-delay: 1s\n  workers: 4\n  static-changes: apply-dynamic\n",
        ),
        (
            "json",
            r#"{"app": {"drain-delay": "1s", "workers": 4, "static-changes": "apply-dynamic"}}"#,
        ),
    ];
    for (extension, text) in files {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        };
        write(&format!("config/default.{extension}"), text);
        write(
            &format!("config/dev.{extension}"),
            &text.replace("1s", "2s"),
        );
        write("secrets/app.drain-delay", "3s");
        let printed = |arguments: &[&str], variables: &[(&str, &str)]| {
            let arguments = [&["--print-config"], arguments].concat();
            let ended = Service::start_with(folder.path(), "orderly", &arguments, variables).end();
            assert_eq!(ended.code, Some(0), "{ended:?}");
            let row = |path: &str| {
                let mut lines = ended.lines.iter();
                let line = lines.find(|line| line.split_whitespace().next() == Some(path));
                let words = line.expect("it is printed").split_whitespace();
                words.skip(1).collect::<Vec<_>>().join(" ")
            };
            ["app.drain-delay", "app.workers", "app.static-changes"].map(row)
        };
        let base = |place| format!("config/default.{extension}:{place}");
        let places = match extension {
            "toml" => ["1:19", "2:15", "3:22"],
            "yaml" => ["2:16", "3:12", "4:19"],
            _ => ["1:25", "1:42", "1:63"],
        };
        let [delay, workers, changes] = printed(&[], &[]);
        assert_eq!(delay, format!("\"1s\" {}", base(places[0])));
        assert_eq!(workers, format!("4 {}", base(places[1])));
        assert_eq!(
            changes,
            format!("\"apply-dynamic\" {} (dynamic)", base(places[2]))
        );
        let [delay, ..] = printed(&[], &[("SHOP_PROFILE", "dev")]);
        assert_eq!(
            delay,
            format!("\"2s\" config/dev.{extension}:{}", places[0])
        );
        let secrets = ("SHOP_SECRETS_DIR", "secrets");
        let [delay, ..] = printed(&["--profile=dev"], &[secrets]);
        assert_eq!(delay, "\"3s\" secrets/app.drain-delay");
        let variables = [
            secrets,
            ("SHOP_PROFILE", "dev"),
            ("SHOP__APP__DRAIN_DELAY", "0"),
            ("SHOP__APP__WORKERS", "0"),
            ("SHOP__APP__STATIC_CHANGES", "reject"),
        ];
        let [delay, workers, changes] = printed(&[], &variables);
        assert_eq!(delay, "\"0\" environment variable `SHOP__APP__DRAIN_DELAY`");
        assert_eq!(workers, "0 environment variable `SHOP__APP__WORKERS`");
        assert_eq!(
            changes,
            "\"reject\" environment variable `SHOP__APP__STATIC_CHANGES` (dynamic)"
        );
        let flags = [
            "--set=app.drain-delay=5s",
            "--set",
            "app.workers=5",
            "--set=app.static-changes=apply-dynamic",
        ];
        let [delay, workers, changes] = printed(&flags, &variables);
        assert_eq!(delay, "\"5s\" flag `--set app.drain-delay`");
        assert_eq!(workers, "5 flag `--set app.workers`");
        assert_eq!(
            changes,
            "\"apply-dynamic\" flag `--set app.static-changes` (dynamic)"
        );
    }
}

#[test]
fn a_check_makes_no_file_socket_thread_or_task() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut service = Service::start_in(folder.path(), "inspect", &[]);
    let before = service.until("before ");
    assert_eq!(service.until("after "), before);
    let ended = service.end();
    assert!(!ended.lines.iter().any(|line| line.starts_with("told ")));
    let check = Service::start_in(folder.path(), "orderly", &["--check-config"]).end();
    assert_eq!(check.code, Some(0), "{check:?}");
    let files = std::fs::read_dir(folder.path()).expect("it is there");
    assert_eq!(files.count(), 0);
}

#[test]
fn the_timeline_is_printed_when_asked_for() {
    let mut service = Service::start("orderly", &["--timeline"]);
    service.until("ready true");
    service.signal(Signal::TERM);
    let ended = service.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let modules: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(modules.len(), 5, "{}", ended.stderr);
    assert!(modules[0].starts_with("0 log "), "{}", ended.stderr);
    assert!(
        modules[4].starts_with("accepting after "),
        "{}",
        ended.stderr
    );
}

/// Ends are bounded by what the configuration says.
#[test]
fn a_stop_takes_no_longer_than_the_longest() {
    let timeouts = [
        "--set=app.drain-delay=100ms",
        "--set=app.drain-timeout=300ms",
        "--set=app.stop-timeout=300ms",
    ];
    let mut service = Service::start("hang stop", &timeouts);
    service.until("told formwork.application.accepting");
    service.signal(Signal::TERM);
    let ended = service.end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    // The sum is 1.7 s; the rest is for a machine that has other things to do.
    assert!(ended.took < Duration::from_secs(20), "{ended:?}");
}
