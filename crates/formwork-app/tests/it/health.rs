//! Checks in the background, an atomic report, readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use formwork_app::{Answer as Found, App, HealthCheck, Running, Status};
use tokio::sync::watch;

use crate::support::{Journal, app, keep_awake, module, set};

/// What a check answers: `Ok`, an error, a panic, nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Fine,
    Broken,
    Panic,
    Hang,
}

/// A check whose answer the test decides, and the number of times it was asked.
struct Controlled {
    answer: watch::Sender<Answer>,
    asked: Arc<AtomicUsize>,
}

impl Controlled {
    fn new(answer: Answer) -> Self {
        Self {
            answer: watch::Sender::new(answer),
            asked: Arc::default(),
        }
    }

    fn probe(
        &self,
    ) -> impl Fn() -> futures_util::future::BoxFuture<'static, Result<(), String>> + Send + Sync + 'static
    {
        let answer = self.answer.subscribe();
        let asked = Arc::clone(&self.asked);
        move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let answer = *answer.borrow();
            Box::pin(async move {
                match answer {
                    Answer::Fine => Ok(()),
                    Answer::Broken => Err("connection refused".to_owned()),
                    Answer::Panic => panic!("the check is broken"),
                    Answer::Hang => std::future::pending().await,
                }
            })
        }
    }
}

async fn with_checks(checks: Vec<HealthCheck>) -> Running {
    let journal = Journal::default();
    let module = module("store", &journal).wire(move |wiring| {
        let mut checks = checks.iter().cloned();
        checks.try_for_each(|check| wiring.health_check(check))
    });
    app()
        .module(module)
        .start()
        .await
        .expect("the application starts")
}

fn status(running: &Running, name: &str) -> (Status, Option<String>) {
    let report = running.health().report();
    let component = report.component(name).expect("it is registered");
    (component.status, component.message.clone())
}

/// Lets `periods` of ten seconds pass, jitter included.
async fn periods(periods: u32) {
    tokio::time::sleep(Duration::from_millis(11_000) * periods).await;
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn three_failures_flip_a_required_check_and_one_success_returns_it() {
    let store = Controlled::new(Answer::Fine);
    let running = with_checks(vec![HealthCheck::required("store", store.probe())]).await;
    assert_eq!(status(&running, "store").0, Status::Unknown);
    assert!(running.health().ready(), "not known is not unhealthy");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(status(&running, "store"), (Status::Healthy, None));

    store.answer.send_replace(Answer::Broken);
    let asked = store.asked.load(Ordering::SeqCst);
    let failures = || store.asked.load(Ordering::SeqCst) - asked;
    while failures() < 3 {
        assert!(running.health().ready());
        assert_eq!(status(&running, "store").0, Status::Healthy);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let message = Some("connection refused".to_owned());
    assert_eq!(status(&running, "store"), (Status::Unhealthy, message));
    assert!(!running.health().ready());
    assert_eq!(running.health().report().status, Status::Unhealthy);

    store.answer.send_replace(Answer::Fine);
    periods(1).await;
    assert_eq!(status(&running, "store"), (Status::Healthy, None));
    assert!(running.health().ready());
    running.stop().await.expect("the application stops");
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn what_never_worked_is_unhealthy_at_once() {
    let store = Controlled::new(Answer::Broken);
    let running = with_checks(vec![HealthCheck::required("store", store.probe())]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(status(&running, "store").0, Status::Unhealthy);
    assert!(!running.health().ready());
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn optional_failures_never_touch_readiness() {
    let mail = Controlled::new(Answer::Broken);
    let cache = Controlled::new(Answer::Broken);
    let running = with_checks(vec![
        HealthCheck::optional("mail", mail.probe()),
        HealthCheck::optional("cache", cache.probe()).failure_status(Status::Unhealthy),
    ])
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(status(&running, "mail").0, Status::Degraded);
    assert_eq!(status(&running, "cache").0, Status::Unhealthy);
    assert_eq!(running.health().report().status, Status::Unhealthy);
    assert!(running.health().ready());
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_hung_or_panicking_check_affects_its_own_component_only() {
    let hung = Controlled::new(Answer::Hang);
    let broken = Controlled::new(Answer::Panic);
    let fine = Controlled::new(Answer::Fine);
    let running = with_checks(vec![
        HealthCheck::required("hung", hung.probe()).timeout(Duration::from_secs(2)),
        HealthCheck::optional("broken", broken.probe()),
        HealthCheck::required("fine", fine.probe()).group("core"),
    ])
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(status(&running, "hung").0, Status::Unknown);
    assert_eq!(status(&running, "fine").0, Status::Healthy);
    let panicked = Some("the check panicked".to_owned());
    assert_eq!(status(&running, "broken"), (Status::Degraded, panicked));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let message = Some("no answer within 2s".to_owned());
    assert_eq!(status(&running, "hung"), (Status::Unhealthy, message));

    periods(3).await;
    assert!(fine.asked.load(Ordering::SeqCst) >= 3);
    let health = running.health();
    let group = |name: &str| health.group(name).map(|report| report.status);
    assert_eq!(group("core"), Some(Status::Healthy));
    assert_eq!(group("fine"), Some(Status::Healthy));
    assert_eq!(group("hung"), Some(Status::Unhealthy));
    assert_eq!(group("nothing"), None);
}

/// A check whose thread is stuck is not asked again, and not believed for ever.
///
/// Shows a part of: R-048.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_check_that_misses_three_periods_is_unknown() {
    let awake = keep_awake();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let check = HealthCheck::required("stuck", move || {
        let run = counter.fetch_add(1, Ordering::SeqCst);
        let blocked = Arc::clone(&blocked);
        async move {
            if run > 0 {
                // Ends with the test, when the other side is dropped.
                let _ = blocked.lock().map(|blocked| blocked.recv());
            }
            Ok::<(), String>(())
        }
    })
    .period(Duration::from_millis(10))
    .timeout(Duration::from_millis(10));
    let running = with_checks(vec![check]).await;
    while status(&running, "stuck").0 != Status::Unknown || asked.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let message = status(&running, "stuck").1;
    assert_eq!(
        message.as_deref(),
        Some("the check has not answered for three periods")
    );
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "it is not asked while it hangs"
    );
    drop(release);
    while status(&running, "stuck").0 != Status::Healthy {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.stop().await.expect("the application stops");
    awake.abort();
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn probes_never_ask_the_dependency() {
    let store = Controlled::new(Answer::Fine);
    let running = with_checks(vec![HealthCheck::required("store", store.probe())]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..1_000 {
        assert!(running.health().ready());
        assert_eq!(running.health().report().status, Status::Healthy);
    }
    assert_eq!(store.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_report_is_written_as_json() {
    let running = with_checks(vec![HealthCheck::required("store", || async {
        Err::<(), _>("connection refused")
    })])
    .await;
    while status(&running, "store").0 == Status::Unknown {
        tokio::task::yield_now().await;
    }
    let report = serde_json::to_value(&*running.health().report()).expect("it is plain data");
    assert_eq!(report["status"], "unhealthy");
    let component = &report["components"][0];
    assert_eq!(component["name"], "store");
    assert_eq!(component["required"], true);
    assert_eq!(component["message"], "connection refused");
    assert!(
        component["since"]
            .as_str()
            .is_some_and(|since| since.ends_with('Z'))
    );
    assert!(component["latency_ms"].is_number());
}

#[test]
fn checks_have_names_of_their_own() {
    let journal = Journal::default();
    let check = || HealthCheck::required("store", || async { Ok::<(), String>(()) });
    let twice = module("store", &journal).wire(move |wiring| {
        wiring.health_check(check())?;
        wiring.health_check(check())
    });
    let error = set(app(), "app.health-period", "1s").module(twice).check();
    let error = error.expect_err("the name is taken");
    assert!(
        error.to_string().contains("`store`, which exists already"),
        "{error}"
    );
}

/// An application whose checks are these.
fn checked(checks: Vec<HealthCheck>) -> App {
    let journal = Journal::default();
    app().module(module("store", &journal).wire(move |wiring| {
        let mut checks = checks.iter().cloned();
        checks.try_for_each(|check| wiring.health_check(check))
    }))
}

fn fine(name: &str) -> HealthCheck {
    HealthCheck::required(name, || async { Ok::<(), String>(()) })
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_component_is_never_worse_than_its_failure_status() {
    let answers = || {
        [
            HealthCheck::optional("error", || async { Err::<(), _>("down") }),
            HealthCheck::optional("says", || async { Found::unhealthy("down") }),
            HealthCheck::optional("panics", || async { panic!("down") as Found }),
            HealthCheck::optional("hangs", std::future::pending::<Found>),
        ]
    };
    for (ceiling, worst) in [
        (Status::Unhealthy, Status::Unhealthy),
        (Status::Degraded, Status::Degraded),
        // Neither is a way to fail.
        (Status::Unknown, Status::Degraded),
        (Status::Healthy, Status::Degraded),
    ] {
        let checks = answers().map(|check| check.failure_status(ceiling));
        let running = with_checks(checks.to_vec()).await;
        periods(1).await;
        let report = running.health().report();
        let statuses: Vec<_> = report.components.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [worst; 4], "{ceiling:?}");
    }
    // Also a required one, whose failure then never takes readiness.
    let required = HealthCheck::required("error", || async { Err::<(), _>("down") });
    let running = with_checks(vec![required.failure_status(Status::Degraded)]).await;
    periods(5).await;
    assert_eq!(status(&running, "error").0, Status::Degraded);
    assert!(running.health().ready());
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_check_can_answer_that_its_component_is_degraded() {
    let (answer, found) = watch::channel(Found::degraded("7 s behind"));
    let check = HealthCheck::required("replica", move || {
        let found = found.borrow().clone();
        async { Ok::<_, String>(found) }
    });
    let running = with_checks(vec![check]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let behind = Some("7 s behind".to_owned());
    assert_eq!(
        status(&running, "replica"),
        (Status::Degraded, behind),
        "believed at once"
    );
    assert!(running.health().ready());

    // It worked, so one failure is not enough.
    answer.send_replace(Found::unhealthy("gone"));
    periods(1).await;
    let gone = Some("gone".to_owned());
    assert_eq!(status(&running, "replica"), (Status::Degraded, gone));
    periods(3).await;
    assert_eq!(status(&running, "replica").0, Status::Unhealthy);
    assert!(!running.health().ready());
    answer.send_replace(Found::healthy());
    periods(1).await;
    assert_eq!(status(&running, "replica"), (Status::Healthy, None));
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_question_that_panics_before_it_waits_is_asked_again() {
    let panics = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&panics);
    let check = HealthCheck::required("hasty", move || {
        if counter.fetch_add(1, Ordering::SeqCst) < 2 {
            panic!("before the first await");
        }
        async { Ok::<(), String>(()) }
    });
    let running = with_checks(vec![check]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let message = Some("the check panicked".to_owned());
    assert_eq!(status(&running, "hasty"), (Status::Unhealthy, message));
    periods(3).await;
    assert_eq!(status(&running, "hasty"), (Status::Healthy, None));
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_check_has_a_second_and_is_asked_every_ten_give_or_take_one() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = Arc::clone(&asked);
    let check = HealthCheck::required("slow", move || {
        times
            .lock()
            .expect("nothing panics")
            .push(tokio::time::Instant::now());
        std::future::pending::<Found>()
    });
    let running = with_checks(vec![check]).await;
    tokio::time::sleep(Duration::from_millis(999)).await;
    assert_eq!(status(&running, "slow").0, Status::Unknown);
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (now, message) = status(&running, "slow");
    assert_eq!(now, Status::Unhealthy);
    assert_eq!(message.as_deref(), Some("no answer within 1s"));
    periods(40).await;
    let times = asked.lock().expect("nothing panics").clone();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.len() >= 39, "{pauses:?}");
    let range = Duration::from_millis(9_000)..=Duration::from_millis(11_002);
    assert!(
        pauses.iter().all(|pause| range.contains(pause)),
        "{pauses:?}"
    );
    pauses
        .iter()
        .find(|pause| **pause != pauses[0])
        .expect("no two checks run in step for ever");
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn a_component_tells_since_when_why_and_how_long_it_took() {
    let slow = HealthCheck::required("slow", || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Err::<(), _>("connection refused")
    });
    let running = with_checks(vec![slow, fine("quick")]).await;
    let before = running.health().report();
    let slow = before.component("slow").expect("it is registered");
    assert_eq!((slow.status, slow.latency), (Status::Unknown, None));
    let registered = slow.since;
    periods(1).await;
    let first = running.health().report();
    let slow = first.component("slow").expect("it is registered");
    assert_eq!(slow.latency, Some(Duration::from_millis(300)));
    assert_eq!(slow.message.as_deref(), Some("connection refused"));
    assert!(slow.since > registered, "the status is another one");
    assert_eq!(
        first
            .component("quick")
            .and_then(|quick| quick.message.clone()),
        None
    );
    periods(2).await;
    let later = running.health().report();
    let since = |report: &formwork_app::Report| report.component("slow").map(|slow| slow.since);
    assert_eq!(since(&later), since(&first), "the status is the same one");
}

/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn groups_are_formed_by_modules_and_by_the_configuration() {
    let broken = HealthCheck::required("nats", || async { Err::<(), _>("down") });
    let checks = vec![fine("postgres").group("storage"), broken, fine("mail")];
    let groups = "{ checkout = [\"postgres\", \"nats\"], storage = [\"mail\"] }";
    let running = set(checked(checks), "app.health-groups", groups)
        .start()
        .await
        .expect("every component is known");
    periods(1).await;
    let group = |name: &str| {
        let report = running.health().group(name)?;
        let names = report.components.iter().map(|one| one.name.clone());
        Some((report.status, names.collect::<Vec<_>>().join(" ")))
    };
    let of = |status, names: &str| Some((status, names.to_owned()));
    assert_eq!(group("checkout"), of(Status::Unhealthy, "nats postgres"));
    assert_eq!(group("storage"), of(Status::Healthy, "mail postgres"));
    assert_eq!(group("mail"), of(Status::Healthy, "mail"));
    assert_eq!(group("checkouts"), None);
}

/// Shows a part of: R-048.
#[test]
fn an_unknown_component_in_a_group_is_a_boot_error() {
    let groups = "{ checkout = [\"postgress\", \"nats\"], b = [\"zzzzzzzz\"] }";
    let checks = vec![fine("postgres"), fine("nats")];
    let error = set(checked(checks), "app.health-groups", groups).check();
    insta::assert_snapshot!(error.expect_err("two are unknown"), @r"
    the wiring has 2 problems
      set by the program: `app.health-groups.b` names `zzzzzzzz`, which no health check watches
      set by the program: `app.health-groups.checkout` names `postgress`, which no health check watches
        hint: did you mean `postgres`?
    ");
}

#[test]
fn an_empty_group_is_a_boot_error() {
    let error = set(
        checked(Vec::new()),
        "app.health-groups",
        "{ checkout = [] }",
    )
    .check();
    insta::assert_snapshot!(error.expect_err("it would never say anything"), @r"
    the wiring has 1 problem
      set by the program: `app.health-groups.checkout` names no component
        hint: name the components it is made of, or remove it
    ");
}

/// Statuses from better to worse; a component without a result is unknown.
fn outcome() -> impl proptest::strategy::Strategy<Value = Option<Status>> {
    use proptest::prelude::{Just, prop_oneof};
    prop_oneof![
        Just(Some(Status::Healthy)),
        Just(Some(Status::Degraded)),
        Just(Some(Status::Unhealthy)),
        Just(None),
    ]
}

/// What an application with these components reports, asked through [`Running`].
fn aggregate(components: &[(usize, Option<Status>, bool)]) -> (Status, bool, Vec<String>) {
    let checks = components.iter().map(|&(index, outcome, required)| {
        let probe = move || async move {
            match outcome {
                Some(Status::Healthy) => Found::healthy(),
                Some(Status::Degraded) => Found::degraded("slow"),
                Some(_) => Found::unhealthy("down"),
                None => std::future::pending().await,
            }
        };
        let name = format!("c{index}");
        let check = if required {
            HealthCheck::required(name, probe)
        } else {
            HealthCheck::optional(name, probe).failure_status(Status::Unhealthy)
        };
        check.timeout(Duration::from_secs(60))
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let running = with_checks(checks.collect()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let report = running.health().report();
        let names = report.components.iter().map(|one| one.name.clone());
        (report.status, running.health().ready(), names.collect())
    })
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// The whole is as bad as its worst part, and ready while no required part is unhealthy,
    /// whatever the order the parts came in.
    ///
    /// Shows a part of: R-048.
    #[test]
    fn the_worst_component_decides_whatever_the_order(
        components in proptest::collection::vec((outcome(), proptest::bool::ANY), 0..8),
        seed in proptest::num::u64::ANY,
    ) {
        let ordered: Vec<_> = components
            .iter()
            .enumerate()
            .map(|(index, &(outcome, required))| (index, outcome, required))
            .collect();
        let mut shuffled = ordered.clone();
        shuffled.sort_by_key(|(index, _, _)| seed.rotate_left(*index as u32 * 7));

        let rank = |outcome: Option<Status>| match outcome {
            Some(Status::Healthy) => 0,
            Some(Status::Degraded) => 1,
            None => 2,
            Some(_) => 3,
        };
        let worst = components.iter().map(|(outcome, _)| rank(*outcome)).max().unwrap_or(0);
        let status = [Status::Healthy, Status::Degraded, Status::Unknown, Status::Unhealthy][worst];
        let ready = !components.iter().any(|&(outcome, required)| required && rank(outcome) == 3);

        let whole = aggregate(&ordered);
        proptest::prop_assert_eq!(&whole, &aggregate(&shuffled));
        proptest::prop_assert_eq!((whole.0, whole.1), (status, ready));
        proptest::prop_assert_eq!(status.is_serving(), worst < 2);
    }
}

/// Neither a period of nothing nor one without end takes a processor or the application down.
#[tokio::test(start_paused = true)]
async fn periods_and_timeouts_have_bounds() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let restless = HealthCheck::required("restless", move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok::<(), String>(()) }
    });
    let patient = HealthCheck::required("patient", || async { Ok::<(), String>(()) });
    let running = with_checks(vec![
        restless.period(Duration::ZERO).timeout(Duration::ZERO),
        patient.period(Duration::MAX).timeout(Duration::MAX),
    ])
    .await;
    // No time passes meanwhile.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(status(&running, "patient").0, Status::Healthy);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = asked.load(Ordering::SeqCst);
    assert!((2..=120).contains(&asked), "{asked}");
    running.stop().await.expect("the application stops");
}

/// Who does not accept is not ready, however healthy it is: while it starts, drains and stops.
///
/// Shows a part of: R-048.
#[tokio::test(start_paused = true)]
async fn only_who_accepts_is_ready() {
    let journal = Journal::default();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let starting = Arc::clone(&seen);
    let module = module("store", &journal)
        .wire(|wiring| wiring.health_check(fine("store")))
        .hook(move |context| {
            let mut seen = starting.lock().expect("no test panics here");
            seen.push(context.health().ready());
        });
    let running = app().module(module).start().await.expect("it starts");
    assert_eq!(*seen.lock().expect("no test panics here"), [false]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let health = running.health().clone();
    let now = || (health.report().status, health.ready());
    assert_eq!(now(), (Status::Healthy, true));
    running.drain().expect("it accepts");
    assert_eq!(now(), (Status::Healthy, false));
    running.resume().expect("it drains");
    assert_eq!(now(), (Status::Healthy, true));
    running.stop().await.expect("the application stops");
    assert_eq!(now(), (Status::Healthy, false));
}
