//! Load, validate, compare, prepare, commit; or nothing at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use formwork_app::{
    Cause, ConfigReloadModule, Declaration, Module, ModuleDecorator, Outcome, ReloadError, Reloads,
    Running, Status, Trigger,
};
use formwork_config::{Checks, Config};
use formwork_domain::Identifiers;

use super::support::{Files, Knobs, Witness, failure, reload, tuned};
use crate::support::{Act, Journal, keep_awake, set};

/// Every module prepares before the first commits, both in the order of their start; the numbers
/// of a module are of one generation.
/// Shows a part of: R-045.
#[tokio::test]
async fn everyone_prepares_before_anyone_commits() {
    let journal = Journal::default();
    let files = Files::new("a.size = 1\n");
    // The names say nothing about the order: `b` needs `c` needs `a`.
    let (a, first) = tuned("a", None, &journal);
    let (b, last) = tuned("b", Some("c"), &journal);
    let (c, _) = tuned("c", Some("a"), &journal);
    let running = files
        .app()
        .module(b)
        .module(c)
        .module(a)
        .start()
        .await
        .unwrap();
    assert_eq!(running.snapshot().generation(), 1);

    files.write("a.size = 2\na.twin = 2\nb.size = 3\nc.size = 4\n");
    let applied = reload(&running).await.applied().unwrap();

    assert_eq!(applied.generation, 2);
    assert_eq!(applied.paths, ["a.size", "a.twin", "b.size", "c.size"]);
    assert_eq!(
        journal.lines(),
        [
            "prepare a 1→2",
            "prepare c 1→4",
            "prepare b 1→3",
            "commit a",
            "commit c",
            "commit b"
        ]
    );
    assert_eq!(running.snapshot().generation(), 2);
    assert_eq!((first.live().size, first.live().twin), (2, 2));
    assert_eq!(last.live().size, 3);
    running.stop().await.unwrap();
}

struct Transparent;

impl ModuleDecorator for Transparent {}

/// What is wrapped prepares and commits as it would alone.
/// Shows a part of.
#[tokio::test]
async fn a_decorated_module_prepares() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (a, handle) = tuned("a", None, &journal);
    let app = files.app().module(a);
    let app = app.decorate_modules(|_| Some(Transparent));
    let running = app.start().await.unwrap();
    files.write("a.size = 2\n");
    reload(&running).await.applied().unwrap();
    assert_eq!(journal.lines(), ["prepare a 1→2", "commit a"]);
    assert_eq!(handle.live().size, 2);
    running.stop().await.unwrap();
}

/// A module whose own values stay as they are is not asked.
/// Shows a part of: R-045.
#[tokio::test]
async fn only_affected_modules_prepare() {
    let journal = Journal::default();
    let files = Files::new("");
    let (a, _) = tuned("a", None, &journal);
    let (b, _) = tuned("b", None, &journal);
    let running = files.app().module(a).module(b).start().await.unwrap();

    files.write("b.size = 9\n");
    reload(&running).await.applied().unwrap();

    assert_eq!(journal.lines(), ["prepare b 1→9", "commit b"]);
    running.stop().await.unwrap();
}

/// The same values, though the file is another: nothing happens, and the number stays.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_same_values_are_a_noop() {
    let journal = Journal::default();
    let files = Files::new("a.size = 5\n");
    let (a, _) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();

    files.write("# The size.\n[a]\nsize = 5\nmode = \"fixed\"\n");
    let outcome = reload(&running).await;

    assert!(
        matches!(outcome, Outcome::Unchanged { generation: 1, .. }),
        "{outcome:?}"
    );
    assert_eq!(journal.lines(), [""; 0]);
    running.stop().await.unwrap();
}

/// Every mistake of the candidate is told, and nobody hears of the values that were fine.
/// Shows a part of: R-045.
#[tokio::test]
async fn an_invalid_candidate_touches_nothing() {
    let journal = Journal::default();
    let files = Files::new("");
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();

    files.write("a.size = 101\na.twin = \"two\"\na.sice = 3\n");
    let error = failure(reload(&running).await);

    let ReloadError::Invalid(errors) = &*error else {
        panic!("{error}");
    };
    assert_eq!(errors.iter().count(), 3, "{errors}");
    assert_eq!(error.paths(), ["a.sice", "a.size", "a.twin"]);
    assert_eq!(running.snapshot().generation(), 1);
    assert_eq!(handle.live().size, 1);
    assert_eq!(journal.lines(), [""; 0]);
    running.stop().await.unwrap();
}

/// A static value among the changed ones rejects all of them, and is named.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_changed_static_value_rejects_the_whole() {
    let journal = Journal::default();
    let files = Files::new("");
    let (a, handle) = tuned("a", None, &journal);
    let (b, _) = tuned("b", None, &journal);
    let running = files.app().module(a).module(b).start().await.unwrap();

    files.write("a.size = 2\na.mode = \"other\"\nb.mode = \"other\"\n");
    let error = failure(reload(&running).await);

    assert_eq!(
        error.to_string(),
        "only a restart takes over `a.mode`, `b.mode`"
    );
    assert_eq!(error.paths(), ["a.mode", "b.mode"]);
    assert_eq!(running.snapshot().generation(), 1);
    assert_eq!(
        (handle.live().size, handle.live().mode.as_str()),
        (1, "fixed")
    );
    assert_eq!(journal.lines(), [""; 0]);
    running.stop().await.unwrap();
}

/// `apply-dynamic` takes over the rest; what is held is listed, and everybody goes on seeing the
/// old value of it.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_dynamic_part_can_be_taken_over_alone() {
    const BASE: &str = "app.static-changes = \"apply-dynamic\"\n";
    let journal = Journal::default();
    let files = Files::new(BASE);
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();

    files.write(&format!("{BASE}a.size = 2\na.mode = \"other\"\n"));
    let applied = reload(&running).await.applied().unwrap();

    assert_eq!(applied.paths, ["a.size"]);
    assert_eq!(applied.held, ["a.mode"]);
    assert_eq!(
        (handle.live().size, handle.live().mode.as_str()),
        (2, "fixed")
    );
    let seen = running.snapshot().shared::<Knobs>("a").unwrap();
    assert_eq!((seen.size, seen.mode.as_str()), (2, "fixed"));
    assert_eq!(journal.lines(), ["prepare a 1→2", "commit a"]);

    // It is never silent: as long as it is held, every reload says so.
    let outcome = reload(&running).await;
    let Outcome::Unchanged { generation, held } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((generation, held), (2, vec!["a.mode".to_owned()]));

    files.write(&format!("{BASE}a.size = 3\n"));
    let applied = reload(&running).await.applied().unwrap();
    assert_eq!(applied.held, [""; 0]);
    running.stop().await.unwrap();
}

/// After a failure the identical bytes are not tried again, corrected ones at once.
/// Shows a part of: R-045.
#[tokio::test]
async fn only_identical_bytes_are_refused() {
    let journal = Journal::default();
    let files = Files::new("");
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();

    files.write("a.size = 101\n");
    let first = failure(reload(&running).await);
    assert!(matches!(*first, ReloadError::Invalid(_)), "{first}");
    let again = failure(reload(&running).await);
    let ReloadError::Again(before) = &*again else {
        panic!("{again}");
    };
    assert_eq!(before.to_string(), first.to_string());
    assert_eq!(again.kind(), "invalid");
    // Still wrong, but not the same.
    files.write("a.size = 102\n");
    let other = failure(reload(&running).await);
    assert!(matches!(*other, ReloadError::Invalid(_)), "{other}");
    files.write("a.size = 100\n");
    reload(&running).await.applied().unwrap();

    // What a module could not do it may be able to do later, when somebody asks for it.
    handle.prepare(Act::Fail);
    files.write("a.size = 50\n");
    failure(reload(&running).await);
    handle.prepare(Act::Succeed);
    let reloads = running.get::<Reloads>().unwrap();
    let touched = failure(reloads.reload(Trigger::File).await);
    assert!(matches!(*touched, ReloadError::Again(_)), "{touched}");
    let applied = reloads.reload(Trigger::Signal).await.applied().unwrap();
    assert_eq!(applied.paths, ["a.size"]);
    running.stop().await.unwrap();
}

/// Whoever fails, and however: what the others had prepared is dropped, the last first, and all
/// goes on as before. The same configuration is fine once the module is.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_failed_preparation_drops_the_others_in_reverse() {
    for (act, text) in [
        (
            Act::Fail,
            "module `c` could not prepare: no pool: connection refused",
        ),
        (Act::Panic, "module `c` panicked in prepare: c is broken"),
        (Act::Hang, "module `c` did not prepare within 20ms"),
    ] {
        let journal = Journal::default();
        let files = Files::new("app.prepare-timeout = \"20ms\"\n");
        let (a, first) = tuned("a", None, &journal);
        let (b, _) = tuned("b", Some("a"), &journal);
        let (c, third) = tuned("c", Some("b"), &journal);
        let (d, _) = tuned("d", Some("c"), &journal);
        let app = files.app().module(a).module(b).module(c).module(d);
        let running = app.start().await.unwrap();
        third.prepare(act);

        let changed = "app.prepare-timeout = \"20ms\"\na.size=2\nb.size=2\nc.size=2\nd.size=2\n";
        files.write(changed);
        let error = failure(reload(&running).await);

        assert_eq!(error.to_string(), text);
        assert_eq!(running.snapshot().generation(), 1);
        assert_eq!(first.live().size, 1);
        let mut expected = vec!["prepare a 1→2", "prepare b 1→2", "prepare c 1→2"];
        expected.extend(["abort c", "abort b", "abort a"]);
        assert_eq!(journal.lines(), expected, "{text}");

        third.prepare(Act::Succeed);
        reload(&running).await.applied().unwrap();
        assert_eq!(first.live().size, 2);
        running.stop().await.unwrap();
        assert_eq!(journal.of("stop"), ["d", "c", "b", "a"]);
    }
}

/// A module that blocks its thread is given up, and is still stopped when it has come back.
/// Shows a part of: R-045.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_preparation_that_blocks_is_given_up() {
    let awake = keep_awake();
    let journal = Journal::default();
    let files = Files::new("app.prepare-timeout = \"10ms\"\n");
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();
    handle.prepare(Act::Take(Duration::from_millis(300)));

    files.write("app.prepare-timeout = \"10ms\"\na.size = 2\n");
    let error = failure(reload(&running).await);
    assert_eq!(error.to_string(), "module `a` did not prepare within 10ms");

    handle.prepare(Act::Succeed);
    let applied = loop {
        match reload(&running).await.applied() {
            Ok(applied) => break applied,
            Err(error) => {
                let error = error.expect("the file has changed");
                let ReloadError::Prepare(failure) = &*error else {
                    panic!("{error}");
                };
                assert!(matches!(failure.cause, Cause::LeftBehind), "{error}");
                tokio::task::yield_now().await;
            }
        }
    };
    assert_eq!(applied.generation, 2);
    running.stop().await.unwrap();
    assert_eq!(journal.of("stop"), ["a"]);
    awake.abort();
}

/// A failed reload degrades the component `config` and never the readiness; the next good one
/// heals it. The message names no value.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_failed_reload_degrades_and_never_unreadies() {
    let journal = Journal::default();
    let files = Files::new("");
    let (a, _) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();

    files.write("a.size = 4711\n");
    failure(reload(&running).await);
    let report = running.health().report();
    let component = report
        .components
        .iter()
        .find(|it| it.name == "config")
        .unwrap();
    assert_eq!(component.status, Status::Degraded);
    assert!(!component.required);
    assert_eq!(
        component.message.as_deref(),
        Some("the last reload failed: the configuration has 1 mistake: `a.size`")
    );
    assert!(running.health().ready());

    files.write("a.size = 47\n");
    reload(&running).await.applied().unwrap();
    let report = running.health().report();
    let component = report
        .components
        .iter()
        .find(|it| it.name == "config")
        .unwrap();
    assert_eq!(component.status, Status::Healthy);
    running.stop().await.unwrap();
}

/// A commit must not panic. One that does is told, and degrades the service until it is started
/// anew; the others commit, the generation is in force, and reloads go on.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_commit_that_panics_takes_nobody_along() {
    let config = |running: &Running| {
        let report = running.health().report();
        let component = report.component("config").unwrap();
        (component.status, component.message.clone())
    };
    let journal = Journal::default();
    let files = Files::new("");
    let (a, first) = tuned("a", None, &journal);
    let (b, second) = tuned("b", Some("a"), &journal);
    let (c, third) = tuned("c", Some("b"), &journal);
    let app = files.app().module(a).module(b).module(c);
    let running = app.start().await.unwrap();
    second.commit(Act::Panic);

    files.write("a.size = 2\nb.size = 2\nc.size = 2\n");
    let applied = reload(&running).await.applied().unwrap();

    assert_eq!(
        (applied.generation, applied.panicked),
        (2, vec!["b".to_owned()])
    );
    assert_eq!(journal.of("commit"), ["a", "b", "c"]);
    assert_eq!(journal.of("abort"), [""; 0]);
    assert_eq!((first.live().size, third.live().size), (2, 2));
    let message = "took over a configuration and panicked: `b`; restart";
    let degraded = (Status::Degraded, Some(message.to_owned()));
    assert_eq!(config(&running), degraded);
    assert!(running.health().ready());

    // Nobody knows what `b` goes on with, whatever comes after.
    second.commit(Act::Succeed);
    files.write("a.size = 3\nb.size = 3\nc.size = 3\n");
    let applied = reload(&running).await.applied().unwrap();
    assert_eq!((applied.generation, applied.panicked), (3, vec![]));
    assert_eq!(config(&running), degraded);
    running.stop().await.unwrap();
    assert_eq!(journal.of("stop"), ["c", "b", "a"]);
}

/// Two values whose check breaks down over some of what it gets.
#[derive(Debug, Config)]
#[config(check = "Brittle::check")]
struct Brittle {
    /// Taken over while it runs.
    #[config(default = 1, dynamic)]
    width: u32,
    /// Only a restart takes it over.
    #[config(default = 1)]
    height: u32,
}

impl Brittle {
    fn check(&self, _: &mut Checks) {
        assert!(self.width <= self.height, "{} is too wide", self.width);
    }
}

struct Frame;

impl Module for Frame {
    fn declare(&self) -> Declaration {
        Declaration::new("frame").config::<Brittle>("frame")
    }
}

/// A check that panics fails the reload it panics in, whoever calls it: also when what is to be
/// taken over is put together from the old and the new. It says what happened, and the next reload
/// is made like any other.
/// Shows a part of: R-045.
#[tokio::test]
async fn a_check_that_panics_fails_its_reload_and_no_other() {
    const BASE: &str = "app.static-changes = \"apply-dynamic\"\n";
    let (files, journal) = (Files::new(BASE), Journal::default());
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(Frame).module(a).start().await.unwrap();
    for broken in [
        // As it is read.
        "frame.width = 2\n",
        // As it would be with the old height: as it is read it is fine.
        "frame.width = 2\nframe.height = 2\n",
    ] {
        files.write(&format!("{BASE}a.size = 2\n{broken}"));
        let outcome = tokio::time::timeout(Duration::from_secs(20), reload(&running)).await;
        let error = failure(outcome.expect("it is told"));
        assert_eq!(
            error.to_string(),
            "the configuration could not be read and compared, its code panicked: 2 is too wide"
        );
        assert_eq!(error.kind(), "panicked");
        let report = running.health().report();
        let config = report.component("config").expect("a reload has failed");
        assert_eq!(config.status, Status::Degraded);
        let message = config.message.as_deref().unwrap_or_default();
        assert!(message.contains("its code panicked"), "{message}");
        assert!(!message.contains("too wide"), "it may speak of values");
        assert_eq!(running.snapshot().generation(), 1);
        assert_eq!(handle.live().size, 1);
        assert_eq!(journal.lines(), [""; 0]);
        assert!(!running.get::<Reloads>().unwrap().status().busy);
    }
    files.write(&format!("{BASE}a.size = 2\n"));
    reload(&running).await.applied().unwrap();
    assert_eq!(handle.live().size, 2);
    running.stop().await.unwrap();
}

/// Breaks down while it is told to.
struct Faulty {
    broken: Arc<AtomicBool>,
    next: AtomicU8,
}

impl Identifiers for Faulty {
    fn next(&self) -> [u8; 16] {
        assert!(!self.broken.load(Ordering::SeqCst), "no more numbers");
        [self.next.fetch_add(1, Ordering::SeqCst); 16]
    }
}

/// What stamps the events of a reload is the application's own, and no part of it.
/// Shows a part of: R-045.
#[tokio::test]
async fn who_cannot_tell_of_a_reload_fails_none() {
    let (files, journal, told) = (Files::new(""), Journal::default(), Journal::default());
    let (a, handle) = tuned("a", None, &journal);
    let broken = Arc::new(AtomicBool::new(false));
    let identifiers = Faulty {
        broken: Arc::clone(&broken),
        next: AtomicU8::new(0),
    };
    let app = files
        .app()
        .provide::<dyn Identifiers>(Arc::new(identifiers))
        .observe(Arc::new(Witness(told.clone())))
        .module(a);
    let running = app.start().await.unwrap();
    broken.store(true, Ordering::SeqCst);
    for size in 2..4 {
        files.write(&format!("a.size = {size}\n"));
        let outcome = tokio::time::timeout(Duration::from_secs(20), reload(&running)).await;
        outcome.expect("it is told").applied().unwrap();
        assert_eq!(handle.live().size, size);
    }
    running.stop().await.unwrap();
    let twice = ["reload started", "reload completed"].repeat(2);
    assert_eq!(told.lines(), twice, "it is told all the same");
}

/// Where a reload can be asked for, how the last one went is a component from the start: none has
/// failed. Nowhere else is there such a component, and no module's check has its name.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_component_of_reloads_is_there_from_the_start() {
    let group = "app.health-groups = { files = [\"config\"] }\n";
    let files = Files::new(group);
    let app = files.app().module(ConfigReloadModule::new());
    let running = app.start().await.unwrap();
    let health = running.health();
    let report = health.report();
    let config = report.component("config").expect("it is there");
    assert_eq!((config.status, config.required), (Status::Healthy, false));
    for name in ["config", "files"] {
        let group = health.group(name).expect("it has a component");
        assert_eq!((group.status, group.components.len()), (Status::Healthy, 1));
    }
    let mut changes = health.changes();
    files.write(&format!("{group}app.workers = \"many\"\n"));
    failure(reload(&running).await);
    let change = changes.next().await.expect("the application lives");
    assert_eq!(&*change.component, "config");
    assert_eq!(
        (change.from, change.to),
        (Status::Healthy, Status::Degraded)
    );
    running.stop().await.unwrap();

    let running = Files::new("").app().start().await.unwrap();
    assert!(running.health().report().component("config").is_none());
    running.stop().await.unwrap();
    let error = Files::new(group).app().check().unwrap_err().to_string();
    assert!(error.contains("names `config`, which no health"), "{error}");
}

/// Who reads takes all values from one generation, whenever it reads, and keeps them however long it
/// goes on.
/// Shows a part of: R-045.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_of_two_generations_at_once() {
    let (files, journal) = (Files::new(""), Journal::default());
    let (a, handle) = tuned("a", None, &journal);
    let running = files.app().module(a).start().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let reader = tokio::task::spawn_blocking({
        let (over, handle) = (Arc::clone(&over), handle.clone());
        move || {
            let (mut seen, mut reads) = (0, 0_u64);
            while !over.load(Ordering::Relaxed) || reads == 0 {
                let knobs = handle.live();
                assert_eq!(knobs.size, knobs.twin);
                assert!(knobs.size >= seen, "no generation comes back");
                seen = knobs.size;
                reads += 1;
            }
            seen
        }
    });
    let first = handle.live();
    for size in 2..=100 {
        files.write(&format!("a.size = {size}\na.twin = {size}\n"));
        reload(&running).await.applied().unwrap();
    }
    over.store(true, Ordering::Relaxed);
    reader.await.expect("nothing was torn");
    assert_eq!((first.size, first.twin), (1, 1), "who has begun goes on");
    assert_eq!(handle.live().size, 100);
    running.stop().await.unwrap();
}

/// What the deadline of preparing is, is itself taken over.
/// Shows a part of: R-045.
#[tokio::test]
async fn the_applications_own_values_reload_too() {
    let files = Files::new("");
    let running = set(files.app(), "app.workers", "1").start().await.unwrap();
    files.write("app.prepare-timeout = \"3s\"\n");
    let applied = reload(&running).await.applied().unwrap();
    assert_eq!(applied.paths, ["app.prepare-timeout"]);
    running.stop().await.unwrap();
}
