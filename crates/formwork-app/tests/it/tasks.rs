//! Background work: named, counted, never lost silently.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use formwork_app::event::{Event, Observer, kind};
use formwork_app::{Context, Error, Policy, Running, Status, StopReason};
use formwork_domain::{BoxFuture, TenantId};

use crate::support::{Journal, app, module, set};

/// An application with one module that spawns in its start.
async fn spawning(hook: impl Fn(&Context) + Send + Sync + 'static) -> Running {
    let journal = Journal::default();
    let app = app().module(module("worker", &journal).hook(hook));
    app.start().await.expect("the application starts")
}

async fn reason(running: &Running) -> String {
    running.stop_requested().await.to_string()
}

#[tokio::test]
async fn a_task_that_ends_panics_or_fails_stops_the_process() {
    let running = spawning(|context| {
        context
            .tasks()
            .spawn("loop", Policy::StopProcess, || async { Ok(()) });
    })
    .await;
    assert_eq!(
        reason(&running).await,
        "task `loop` of module `worker` ended"
    );

    let running = spawning(|context| {
        context
            .tasks()
            .spawn("loop", Policy::default(), || async { panic!("no {}", 1) });
    })
    .await;
    assert_eq!(
        reason(&running).await,
        "task `loop` of module `worker` panicked: no 1"
    );

    let running = spawning(|context| {
        context.tasks().spawn("loop", Policy::Once, || async {
            Err(Error::dependency("could not read").because("gone"))
        });
    })
    .await;
    let stop = running.stop_requested().await;
    assert_eq!(
        stop.to_string(),
        "task `loop` of module `worker` failed: could not read: gone"
    );
    assert!(stop.is_failure());
}

#[tokio::test(start_paused = true)]
async fn a_task_restarts_with_growing_pauses_and_its_component_is_degraded_meanwhile() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let running = spawning(move |context| {
        let counter = Arc::clone(&counter);
        let policy = Policy::Restart {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
        };
        context.tasks().spawn("fragile", policy, move || {
            let run = counter.fetch_add(1, Ordering::SeqCst);
            async move {
                match run {
                    0 => Ok(()),
                    1 => panic!("again"),
                    2 | 3 => Err(Error::dependency("could not read")),
                    _ => std::future::pending().await,
                }
            }
        });
    })
    .await;
    let status = || {
        let report = running.health().report();
        let component = report.component("worker/fragile").expect("it ended once");
        (
            runs.load(Ordering::SeqCst),
            component.status,
            component.message.clone(),
        )
    };
    let second = Duration::from_secs(1);
    // Ends at 0, 1, 3 and 6: pauses of one, two, three and three seconds.
    tokio::time::sleep(second / 2).await;
    assert_eq!(status(), (1, Status::Degraded, Some("ended".to_owned())));
    tokio::time::sleep(second).await;
    assert_eq!(
        status(),
        (2, Status::Degraded, Some("panicked: again".to_owned()))
    );
    tokio::time::sleep(2 * second).await;
    assert_eq!(status().0, 3);
    tokio::time::sleep(3 * second).await;
    assert_eq!(status().0, 4);
    // The fifth run begins at nine, and has lasted as long as its pause at twelve.
    tokio::time::sleep(3 * second).await;
    assert_eq!((status().0, status().1), (5, Status::Degraded));
    tokio::time::sleep(2 * second).await;
    assert_eq!(status().1, Status::Degraded);
    tokio::time::sleep(second).await;
    assert_eq!(status(), (5, Status::Healthy, None));
    assert!(running.health().ready(), "a task is no required component");
    running.stop().await.expect_err("the task hangs");
}

#[tokio::test]
async fn tasks_are_named_and_counted() {
    let running = spawning(|context| {
        let until = context.shutdown();
        context
            .tasks()
            .spawn("first", Policy::StopProcess, move || {
                let until = until.clone();
                async move {
                    until.cancelled().await;
                    Ok(())
                }
            });
        let until = context.stopping();
        context
            .tasks()
            .spawn("second", Policy::StopProcess, move || {
                let until = until.clone();
                async move {
                    until.cancelled().await;
                    Ok(())
                }
            });
        context
            .tasks()
            .spawn("done", Policy::Once, || async { Ok(()) });
        assert_eq!(context.tasks().count(), 3);
    })
    .await;
    while running.modules()[0].tasks.len() > 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.modules()[0].tasks, ["first", "second"]);
    running
        .stop()
        .await
        .expect("both tasks end when they are told to");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_do_not_end_are_cut_off_and_named() {
    let journal = Journal::default();
    let module = module("worker", &journal).hook(|context| {
        for name in ["a", "b"] {
            context.tasks().spawn(
                name,
                Policy::StopProcess,
                std::future::pending::<Result<(), Error>>,
            );
        }
        let until = context.shutdown();
        context.tasks().spawn("ends", Policy::StopProcess, move || {
            let until = until.clone();
            async move {
                until.cancelled().await;
                Ok(())
            }
        });
    });
    let running = set(app(), "app.stop-timeout", "2s")
        .module(module)
        .start()
        .await;
    let running = running.expect("the application starts");
    let failures = running.stop().await.expect_err("two tasks hang");
    assert_eq!(failures.cut_off(), 2);
    assert_eq!(
        failures.to_string(),
        "tasks of module `worker` did not end in time: a, b"
    );
    assert_eq!(
        journal.of("stop"),
        ["worker"],
        "the module is stopped all the same"
    );
}

#[tokio::test]
async fn the_first_reason_to_stop_counts() {
    let running = spawning(|_| ()).await;
    let lifecycle = running.lifecycle();
    assert_eq!(lifecycle.stop("enough"), Ok(()));
    let error = lifecycle.stop("too late").expect_err("it is stopping");
    assert_eq!(
        error.to_string(),
        "the application is stopping already: enough"
    );
    assert_eq!(
        running.stop_requested().await,
        StopReason::Requested("enough".to_owned())
    );
    running.stop().await.expect("the application stops");
}

/// Each tenant may have a task of the same name, and a task is handed its tenant at every start.
///
/// Shows a part of: R-014.
#[tokio::test(start_paused = true)]
async fn a_task_of_a_tenant_is_handed_it_again_whenever_it_restarts() {
    let runs: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&runs);
    let observer = Events::default();
    let journal = Journal::default();
    let worker = module("worker", &journal).hook(move |context| {
        for name in ["acme", "umbrella"] {
            let tenant: TenantId = name.parse().expect("a tenant");
            let (log, shutdown) = (Arc::clone(&log), context.shutdown());
            let tasks = context.tasks();
            tasks.spawn_for(&tenant, "expire", Policy::restart(), move |tenant| {
                let mut log = log.lock().expect("nobody panics");
                log.push(tenant.to_string());
                let run = log.iter().filter(|it| **it == *tenant.as_str()).count();
                let shutdown = shutdown.clone();
                async move {
                    match run {
                        1 => Err(Error::dependency("could not read")),
                        2 => panic!("again"),
                        _ => {
                            shutdown.cancelled().await;
                            Ok(())
                        }
                    }
                }
            });
        }
    });
    let app = app().module(worker).observe(Arc::new(observer.clone()));
    let running = app.start().await.expect("the application starts");
    assert_eq!(
        running.modules()[0].tasks,
        ["expire@acme", "expire@umbrella"]
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    let report = running.health().report();
    for name in ["worker/expire@acme", "worker/expire@umbrella"] {
        assert!(report.component(name).is_some(), "{name}");
    }
    running.stop().await.expect("both end when they are told");
    let mut runs = runs.lock().expect("nobody panics").clone();
    runs.sort_unstable();
    let three = |name: &'static str| [name; 3];
    assert_eq!(runs, [three("acme"), three("umbrella")].concat());

    let events = observer.0.lock().expect("nobody panics");
    let restarts = events.iter().filter(|it| it.kind == kind::TASK_RESTARTING);
    let mut told: Vec<_> = restarts
        .map(|it| format!("{} {}", it.subject, it.data["tenant"]))
        .collect();
    told.sort_unstable();
    let acme = "worker/expire@acme \"acme\"";
    let umbrella = "worker/expire@umbrella \"umbrella\"";
    assert_eq!(told, [acme, acme, umbrella, umbrella]);
}

/// Keeps every event.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<Event>>>);

impl Observer for Events {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        self.0.lock().expect("nobody panics").push(event.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Whoever keeps a module's context beyond its end cannot make work that nobody stops.
#[tokio::test]
async fn what_is_spawned_after_the_end_of_its_module_does_not_run() {
    let kept = Arc::new(std::sync::Mutex::new(None));
    let slot = Arc::clone(&kept);
    let running = spawning(move |context| {
        *slot.lock().expect("no test panics here") = Some(context.clone());
    })
    .await;
    running.stop().await.expect("the application stops");

    let context = kept.lock().expect("no test panics here").take();
    let context: Context = context.expect("the module was started");
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let mut sender = Some(sender);
    context.tasks().spawn("late", Policy::StopProcess, move || {
        let sender = sender.take();
        async move {
            std::future::pending::<()>().await;
            drop(sender);
            Ok(())
        }
    });
    receiver.await.expect_err("it was dropped, not run");
    assert_eq!(context.tasks().count(), 0);
}

/// A policy without a pause is no leave to take a processor and to flood the log.
#[tokio::test(start_paused = true)]
async fn a_task_that_ends_at_once_never_spins() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let running = spawning(move |context| {
        let counter = Arc::clone(&counter);
        let policy = Policy::Restart {
            first: Duration::ZERO,
            longest: Duration::ZERO,
        };
        context.tasks().spawn("broken", policy, move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async { panic!("at once") }
        });
    })
    .await;
    // No time passes meanwhile.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let runs = runs.load(Ordering::SeqCst);
    assert!((2..=101).contains(&runs), "{runs}");
    running.stop().await.expect("the application stops");
}

/// Panics when it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Panics when somebody wants to know what it says.
#[derive(Debug)]
struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words");
    }
}

impl std::error::Error for Speechless {}

/// A future written by hand that is done at once.
struct Done(Grenade);

impl Future for Done {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let _ = &self.0;
        Poll::Ready(Ok(()))
    }
}

/// Whatever of a task panics, and be it when it is dropped, the process does not go on without it.
#[tokio::test]
async fn a_panic_in_what_a_task_leaves_behind_is_told() {
    let running = spawning(|context| {
        let tasks = context.tasks();
        tasks.spawn("future", Policy::Once, || Done(Grenade));
    })
    .await;
    assert_eq!(
        reason(&running).await,
        "task `future` of module `worker` panicked: dropped"
    );

    let running = spawning(|context| {
        let grenade = Grenade;
        context.tasks().spawn("closure", Policy::Once, move || {
            let _ = &grenade;
            async { Ok(()) }
        });
    })
    .await;
    let stop = tokio::time::timeout(Duration::from_secs(20), reason(&running)).await;
    assert_eq!(
        stop.expect("it is told"),
        "task `closure` of module `worker` panicked: dropped"
    );

    let running = spawning(|context| {
        context.tasks().spawn("error", Policy::Once, || async {
            Err(Error::dependency("could not read").because(Speechless))
        });
    })
    .await;
    let stop = tokio::time::timeout(Duration::from_secs(20), reason(&running)).await;
    assert_eq!(
        stop.expect("it is told"),
        "task `error` of module `worker` panicked: no words"
    );
}

/// One whose error cannot be told runs again like any other.
#[tokio::test(start_paused = true)]
async fn a_task_whose_error_panics_restarts() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let running = spawning(move |context| {
        let counter = Arc::clone(&counter);
        context.tasks().spawn("mute", Policy::restart(), move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Err(Error::dependency("could not read").because(Speechless)) }
        });
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(runs.load(Ordering::SeqCst) > 1);
    running.stop().await.expect("a pause is cut short");
}

/// Waits for `until`, then panics; `dropped` does so only when it is cut off instead.
fn panics_late(context: &Context) {
    let until = context.shutdown();
    context.tasks().spawn("told", Policy::StopProcess, move || {
        let until = until.clone();
        async move {
            until.cancelled().await;
            panic!("too late")
        }
    });
    context
        .tasks()
        .spawn("dropped", Policy::StopProcess, || async {
            let _grenade = Grenade;
            std::future::pending().await
        });
}

/// A panic at the end is a failure of the module like one before: neither what panics when it is
/// told to end nor what panics when it is cut off is silent.
/// Shows a part of: R-013.
#[tokio::test(start_paused = true)]
async fn a_task_that_panics_at_the_end_is_named() {
    let journal = Journal::default();
    let module = module("worker", &journal).hook(panics_late);
    let app = set(app(), "app.stop-timeout", "2s").module(module);
    let running = app.start().await.expect("the application starts");
    let failures = running.stop().await.expect_err("both panic");
    assert_eq!(
        failures.to_string(),
        "tasks of module `worker` did not end in time: dropped\n\
         tasks of module `worker` panicked in stop: told: too late; dropped: dropped"
    );
    assert_eq!(failures.cut_off(), 1);
    assert_eq!(journal.of("stop"), ["worker"]);
}

/// Work that is begun while the module stops has the time that is left, and is named when that is
/// over: whether a task spawned it, or `stop` itself.
/// Shows a part of: R-013.
#[tokio::test(start_paused = true)]
async fn what_is_spawned_while_stopping_is_waited_for_and_named() {
    let journal = Journal::default();
    let wrote = journal.clone();
    let module = module("worker", &journal).hook(move |context| {
        let (tasks, until, wrote) = (context.tasks().clone(), context.stopping(), wrote.clone());
        context
            .tasks()
            .spawn("parent", Policy::StopProcess, move || {
                let (tasks, until, wrote) = (tasks.clone(), until.clone(), wrote.clone());
                async move {
                    until.cancelled().await;
                    tasks.spawn("quick", Policy::Once, move || {
                        let wrote = wrote.clone();
                        async move {
                            tokio::time::sleep(Duration::from_secs(1)).await;
                            wrote.write("finished quick");
                            Ok(())
                        }
                    });
                    tasks.spawn("endless", Policy::Once, std::future::pending);
                    Ok(())
                }
            });
    });
    let app = set(app(), "app.stop-timeout", "2s").module(module);
    let running = app.start().await.expect("the application starts");
    let failures = running.stop().await.expect_err("one does not end");
    assert_eq!(
        failures.to_string(),
        "tasks of module `worker` did not end in time: endless"
    );
    assert_eq!(journal.of("finished"), ["quick"]);

    let running = app_with_last_words().await;
    let failures = running.stop().await.expect_err("one does not end");
    assert_eq!(
        failures.to_string(),
        "tasks of module `talker` did not end in time: last words"
    );
}

/// Spawns in its `stop`.
struct Talker;

impl formwork_app::Module for Talker {
    fn declare(&self) -> formwork_app::Declaration {
        formwork_app::Declaration::new("talker")
    }

    fn stop<'a>(
        &'a mut self,
        context: &'a Context,
    ) -> formwork_domain::BoxFuture<'a, Result<(), Error>> {
        let tasks = context.tasks();
        tasks.spawn("last words", Policy::Once, std::future::pending);
        Box::pin(async { Ok(()) })
    }
}

async fn app_with_last_words() -> Running {
    let app = app().module(Talker);
    app.start().await.expect("the application starts")
}
