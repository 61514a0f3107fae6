//! Load, validate, compare, prepare, commit; or nothing at all.

use std::time::Duration;

use formwork_app::{
    Cause, ModuleDecorator, Outcome, ReloadError, Reloads, Running, Status, Trigger,
};

use super::support::{Files, Knobs, failure, reload, tuned};
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
