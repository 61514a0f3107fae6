//! How reloads are asked for: one runs, one waits, none is lost.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use formwork_app::{
    Commit, Context, Declaration, Error, Module, Outcome, Reload, ReloadError, Reloads, Running,
    Trigger,
};
use formwork_config::{Checks, Config};
use formwork_domain::BoxFuture;
use futures_util::future::join_all;

use super::support::{Files, Handle, Knobs, failure, reload, tuned};
use crate::support::{Journal, keep_awake};

/// No test waits longer for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

async fn started(files: &Files, journal: &Journal) -> (Running, Arc<Reloads>, Handle) {
    let (a, handle) = tuned("a", None, journal);
    let running = files.app().module(a).start().await.expect("a start");
    let reloads = running.get::<Reloads>().expect("every application has it");
    (running, reloads, handle)
}

/// Shows a part of: R-045.
#[tokio::test(start_paused = true)]
async fn a_request_during_a_reload_is_not_lost() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, handle) = started(&files, &journal).await;
    handle.gate.forget_permits(usize::MAX);

    files.write("a.size = 2\n");
    reloads.request(Trigger::File);
    journal.written("prepare a 1→2").await;
    // While the first is at it, the file changes again.
    files.write("a.size = 3\n");
    reloads.request(Trigger::File);
    handle.gate.add_permits(2);

    journal.written("prepare a 2→3").await;
    journal.until(|lines| lines.len() == 4).await;
    assert_eq!(handle.live().size, 3);
    assert_eq!(running.snapshot().generation(), 3);
    running.stop().await.unwrap();
}

/// Several may ask for the generation in force before the first of them is done: none of the others
/// reloads another one, and what is refused so is no attempt.
/// Shows a part of: R-045.
#[tokio::test(start_paused = true)]
async fn a_reload_of_a_generation_reloads_no_other() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, handle) = started(&files, &journal).await;
    handle.gate.forget_permits(usize::MAX);

    files.write("a.size = 2\n");
    let first = reloads.reload_if(1, Trigger::Admin);
    let others = async {
        journal.written("prepare a 1→2").await;
        files.write("a.size = 3\n");
        let others = join_all((0..3).map(|_| reloads.reload_if(1, Trigger::Admin)));
        let release = async { handle.gate.add_permits(1) };
        tokio::join!(others, release).0
    };
    let (first, others) = tokio::join!(first, others);
    assert_eq!(first.applied().expect("it is in force").generation, 2);
    for other in others {
        let error = failure(other);
        assert!(matches!(*error, ReloadError::Superseded { generation: 2 }));
        assert_eq!(
            error.to_string(),
            "generation 2 is in force, not the one it was asked for"
        );
    }
    let status = reloads.status();
    assert!(!status.busy);
    let last = status.last.expect("there was one");
    assert!(matches!(last.outcome, Outcome::Applied(_)));

    // Who asks whatever is in force is served all the same, with its own trigger.
    handle.gate.add_permits(1);
    let (anyway, refused) = tokio::join!(
        reloads.reload(Trigger::Program),
        reloads.reload_if(1, Trigger::Admin)
    );
    assert_eq!(anyway.applied().expect("it is in force").generation, 3);
    assert_eq!(failure(refused).kind(), "superseded");
    let last = reloads.status().last.expect("there was one");
    assert_eq!(last.trigger, Trigger::Program);
    running.stop().await.unwrap();
}

/// However many ask while one runs, one more follows, with the last one's trigger.
/// Shows a part of: R-045.
#[tokio::test]
async fn one_place_waits_and_the_latest_wins() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, handle) = started(&files, &journal).await;
    handle.gate.forget_permits(usize::MAX);

    files.write("a.size = 2\n");
    let first = tokio::spawn({
        let reloads = Arc::clone(&reloads);
        async move { reloads.reload(Trigger::Program).await }
    });
    journal.written("prepare a 1→2").await;
    files.write("a.size = 3\n");
    let mut rest: Vec<_> = (0..100)
        .map(|_| Box::pin(reloads.reload(Trigger::Signal)))
        .collect();
    rest.push(Box::pin(reloads.reload(Trigger::Admin)));
    // All have asked before the first may end.
    assert!(futures_util::poll!(join_all(rest.iter_mut())).is_pending());
    handle.gate.add_permits(2);

    assert_eq!(first.await.unwrap().applied().unwrap().generation, 2);
    for outcome in join_all(rest).await {
        assert_eq!(outcome.applied().unwrap().generation, 3);
    }
    let last = reloads.status().last.unwrap();
    assert_eq!(last.trigger, Trigger::Admin);
    assert_eq!(running.snapshot().generation(), 3);
    running.stop().await.unwrap();
}

/// A burst is one reload, 250 ms after the last of it; one that never ends is not waited for.
/// Shows a part of: R-045.
#[tokio::test(start_paused = true)]
async fn bursts_are_debounced() {
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, _) = started(&files, &journal).await;
    let begun = Instant::now();
    for size in 2..6 {
        files.write(&format!("a.size = {size}\n"));
        reloads.request(Trigger::File);
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(journal.lines(), [""; 0]);
    journal.written("commit a").await;
    assert_eq!(journal.lines(), ["prepare a 1→5", "commit a"]);
    assert!(
        begun.elapsed() >= Duration::from_millis(850),
        "{:?}",
        begun.elapsed()
    );

    files.write("a.size = 9\n");
    let begun = Instant::now();
    let storm = async {
        loop {
            reloads.request(Trigger::File);
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = storm => {}
        () = journal.written("prepare a 5→9") => {}
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    running.stop().await.unwrap();
}

/// The application does not wait for a module that prepares, and stops it like every other.
/// Shows a part of: R-045.
#[tokio::test]
async fn stopping_interrupts_a_reload() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, handle) = started(&files, &journal).await;
    handle.gate.forget_permits(usize::MAX);

    files.write("a.size = 2\n");
    let asking = tokio::spawn({
        let reloads = Arc::clone(&reloads);
        async move { reloads.reload(Trigger::Program).await }
    });
    journal.written("prepare a 1→2").await;
    running.stop().await.unwrap();

    failure(asking.await.unwrap());
    assert_eq!(journal.lines(), ["prepare a 1→2", "abort a", "stop a"]);
    let after = reloads.reload(Trigger::Program).await;
    assert!(matches!(*failure(after), ReloadError::Stopping));
    assert_eq!(reloads.current().generation(), 1);
}

/// Shows a part of: R-045.
#[tokio::test]
async fn who_stops_waiting_stops_nothing() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, _) = started(&files, &journal).await;
    files.write("a.size = 2\n");
    {
        let mut asking = Box::pin(reloads.reload(Trigger::Admin));
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    journal.written("commit a").await;
    let outcome = reload(&running).await;
    assert!(
        matches!(outcome, Outcome::Unchanged { generation: 2, .. }),
        "{outcome:?}"
    );
    running.stop().await.unwrap();
}

/// Told when the check of [`Slow`] is at it; drops what it waits for.
static STUCK: Mutex<Option<(Sender<()>, Receiver<()>)>> = Mutex::new(None);

/// What takes as long to check as a test likes.
#[derive(Debug, Clone, Config)]
#[config(check = "Slow::check")]
struct Slow {
    /// Whether to wait for the test.
    #[config(default = false, dynamic)]
    stuck: bool,
}

impl Slow {
    fn check(&self, _: &mut Checks) {
        let stuck = STUCK.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (true, Some((reached, released))) = (self.stuck, stuck) {
            let _ = reached.send(());
            // Fails when the other side is dropped, which ends the wait.
            let _ = released.recv();
        }
    }
}

struct Slowly;

impl Module for Slowly {
    fn declare(&self) -> Declaration {
        Declaration::new("slow").config::<Slow>("slow")
    }
}

/// Blocks its thread while it prepares, until the other side is dropped.
struct Blocking(Option<Receiver<()>>);

impl Module for Blocking {
    fn declare(&self) -> Declaration {
        Declaration::new("blocking").config::<Knobs>("blocking")
    }

    fn prepare<'a>(
        &'a mut self,
        _reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async {
            if let Some(blocked) = self.0.take() {
                let _ = blocked.recv();
            }
            Ok(None)
        })
    }
}

/// Reading the configuration may take for ever, as of a disk that does not answer; the application
/// stops all the same.
#[tokio::test]
async fn stopping_does_not_wait_for_what_is_being_read() {
    let files = Files::new("");
    let running = files.app().module(Slowly).start().await.unwrap();
    let reloads = running.get::<Reloads>().expect("every application has it");
    let (reached, at_it) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel();
    *STUCK.lock().unwrap() = Some((reached, released));
    files.write("slow.stuck = true\n");
    let asking = tokio::spawn(async move { reloads.reload(Trigger::Program).await });
    let at_it = tokio::task::spawn_blocking(move || at_it.recv_timeout(PATIENCE));
    at_it.await.unwrap().expect("the file is read");

    let stopped = tokio::time::timeout(PATIENCE, running.stop()).await;
    drop(release);
    stopped.expect("it does not wait").expect("nothing fails");
    let error = failure(asking.await.expect("it is told"));
    assert!(matches!(*error, ReloadError::Stopping), "{error}");
}

/// Nobody writes to the pipe that has taken the place of a file: it is refused, not waited for.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_refused() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (running, reloads, _) = started(&files, &journal).await;
    std::fs::remove_file(files.path()).expect("it was there");
    let made = std::process::Command::new("mkfifo")
        .arg(files.path())
        .status();
    assert!(made.expect("there is `mkfifo`").success());
    for _ in 0..2 {
        let outcome = tokio::time::timeout(PATIENCE, reloads.reload(Trigger::Program)).await;
        let error = failure(outcome.expect("nobody waits for a pipe")).to_string();
        assert!(error.contains("is a pipe, expected a file"), "{error}");
    }
    running.stop().await.unwrap();
}

/// A module that blocks its thread while it prepares cannot be stopped; that is told, and is no
/// orderly end.
/// Shows a part of: R-013.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_module_that_blocks_while_it_prepares_is_named_at_the_end() {
    let awake = keep_awake();
    let journal = Journal::default();
    let files = Files::new("app.prepare-timeout = \"10ms\"\n");
    let (other, _) = tuned("other", None, &journal);
    let (release, blocked) = std::sync::mpsc::channel();
    let app = files.app().module(other).module(Blocking(Some(blocked)));
    let running = app.start().await.unwrap();
    files.write("app.prepare-timeout = \"10ms\"\nblocking.size = 2\n");
    let error = failure(reload(&running).await);
    let expected = "module `blocking` did not prepare within 10ms";
    assert_eq!(error.to_string(), expected);

    let failures = running.stop().await.expect_err("it was not stopped");
    drop(release);
    assert_eq!(
        failures.to_string(),
        "module `blocking` could not stop: an earlier call blocks its thread"
    );
    assert_eq!(failures.cut_off(), 1);
    assert_eq!(journal.of("stop"), ["other"]);
    awake.abort();
}
