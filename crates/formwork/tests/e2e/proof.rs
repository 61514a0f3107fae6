//! The whole way of one composition, from choices to a ledger that is right after every kill.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ledger::Ledger;
use crate::listener::Mover;
use crate::nats::Stream;
use crate::postgres::Database;
use crate::project::{self, Project};
use crate::service::Service;
use crate::{WITH, build, canary, compose, load, reload};

/// How long the events of the load may take to arrive.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long nothing may be under way before it counts as quiet.
const QUIET: Duration = Duration::from_secs(1);

/// How often that is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// What makes a caller one who is shown components.
const HEALTH_TOKEN: &str = "a-token-of-the-tests-for-health";

/// Decides when the service is killed and what is ordered, where `FORMWORK_E2E_SEED` does not.
const SEED: u64 = 20_260_101;

/// What is chosen.
pub(crate) struct Composition {
    /// The project's name; its own, because the builds share a folder.
    pub(crate) name: &'static str,
    pub(crate) choices: &'static [&'static str],
    /// What the choices must bring.
    pub(crate) features: &'static [&'static str],
    /// Modules of its own that are added with `formwork module new`.
    pub(crate) modules: &'static [&'static str],
    /// Whether the service's secrets are marked and looked for in all it says.
    pub(crate) canary: bool,
    /// What every request carries.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

/// Where a service runs: its settings, and what goes away with them.
pub(crate) struct Surroundings {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) stream: Option<Stream>,
    /// Kept until the service is gone.
    pub(crate) database: Option<Database>,
}

/// Runs every step. Each says what it found; `surroundings` gives a fresh place for a service with this prefix.
pub(crate) fn run(composition: &Composition, surroundings: impl Fn(&Path, &str) -> Surroundings) {
    // Two builds or loads at a time would only be in each other's way.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut steps = Steps::new(composition.name);
    let prefix = composition.name.to_uppercase();

    let choices = [composition.choices, WITH].concat();
    let project = Project::generate(composition.name, &choices, composition.modules);
    for feature in composition.features {
        let found = &project.features;
        assert!(
            found.iter().any(|id| id == feature),
            "no {feature} in {found:?}"
        );
    }
    steps.done(format!("generated {}", project.features.join(", ")));

    let binary = build::build(&project);
    steps.done("built without a warning");
    build::lint(&project);
    steps.done("formatted, and clean under clippy");
    {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = surroundings(folder.path(), &prefix);
        let passed = build::test(&project, &place.settings);
        for module in composition.modules {
            let module = format!("own::{}::tests::", module.replace('-', "_"));
            assert!(
                passed.iter().any(|test| test.starts_with(&module)),
                "no test of {module} ran"
            );
        }
        steps.done(format!("passed {} tests of its own", passed.len()));
        drop((place.stream, place.database));
    }

    if composition.canary {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = surroundings(folder.path(), &prefix);
        let searched = canary::prove(&project, &binary, &place.settings);
        steps.done(format!("showed no secret in {searched} outputs"));
    }

    if composition.features.contains(&"config-reload") {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = surroundings(folder.path(), &prefix);
        compose::prove(&project, &binary, &place.settings);
        steps.done("stops within the time its compose file gives it");
        let mover = Mover {
            project: &project,
            binary: &binary,
            settings: &place.settings,
            headers: composition.headers,
            folder: folder.path(),
        };
        mover.prove();
        steps.done("moved to another address while it was at work, and yields to nobody there");
        drop((place.stream, place.database));
    }

    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut place = surroundings(folder.path(), &prefix);
    // The outbox is measured often, so that a look at the metrics tells the present.
    let observe = (format!("{prefix}__OUTBOX__OBSERVE"), "100ms".to_owned());
    // Components are shown to the probes.
    let token = (format!("{prefix}__HEALTH__TOKEN"), HEALTH_TOKEN.to_owned());
    place.settings.extend([observe, token]);
    let start = |run: usize| {
        let log = folder.path().join(format!("{run}.log"));
        let mut service = Service::start(&binary, &project.folder, &place.settings, &log);
        service.client.headers = composition.headers;
        service
    };

    let seed = env::var("FORMWORK_E2E_SEED").map_or(SEED, |seed| {
        seed.parse().expect("FORMWORK_E2E_SEED is a number")
    });
    let service = start(0);
    load::stock(&service.client);
    let first = load::first(&service.client);
    let probes = probe(&project, &service, &place);
    steps.done(format!("passed {probes} probes, of every feature"));

    if composition.features.contains(&"config-reload") {
        reload::prove(&project, &service);
        steps.done("took over another level of the log and another pool, and gave both back");
    }
    for module in composition.modules {
        let health = service.client.get(&format!("/health/{module}"));
        let health = health.expect("the service answers");
        assert_eq!(
            health.json()["status"],
            "healthy",
            "{module}: {}",
            health.body
        );
    }
    steps.done(format!(
        "started its own modules: {:?}",
        composition.modules
    ));

    let (mut load, service) = load::run(seed, service, start);
    let kills = &load.kills;
    let during = kills
        .iter()
        .filter(|answered| **answered < load.placed.len());
    assert!(
        during.count() >= 3,
        "seed {seed}: killed only after {kills:?} answers"
    );
    steps.done(format!(
        "placed {} orders (seed {seed}), killed after {kills:?} answers, {} requests were repeated",
        load.placed.len(),
        load.repeated
    ));
    load.placed.push(first);
    let again = load::repeat(&service.client, &load.placed);
    steps.done(format!("answered {again} repetitions with the same order"));

    settle(&service, &load, &place);
    let ledger = Ledger::read(&service.client);
    assert_eq!(
        ledger.mistakes(&load.placed),
        Vec::<String>::new(),
        "seed {seed}"
    );
    steps.done(format!("nothing lost, nothing twice: {}", ledger.summary()));

    let dead = service.client.metric("outbox_dead");
    assert!(dead < 0.5, "{dead} dead letters");
    let dead = place.stream.as_ref().map_or(0, Stream::dead);
    assert_eq!(dead, 0, "dead letters in the stream");
    steps.done("no dead letters");

    let status = service.stop();
    assert!(status.success(), "it ended with {status}");
    steps.done("stopped gracefully");
}

/// Waits until the books are right and nothing is under way any more. What is too much stays wrong until the time is up.
fn settle(service: &Service, load: &load::Load, place: &Surroundings) {
    let deadline = Instant::now() + PATIENCE;
    let mut quiet_since = None;
    loop {
        let pending = service.client.metric("outbox_pending");
        let unsettled = place.stream.as_ref().map_or(0, Stream::unsettled);
        let mistakes = if pending > 0.5 || unsettled > 0 {
            Vec::new()
        } else {
            Ledger::read(&service.client).mistakes(&load.placed)
        };
        if pending > 0.5 || unsettled > 0 || !mistakes.is_empty() {
            quiet_since = None;
            assert!(
                Instant::now() < deadline,
                "after {} s {pending} events wait in the outbox, {unsettled} deliveries are not settled, \
                 and the books say: {mistakes:#?}\n{}",
                PATIENCE.as_secs(),
                service.log()
            );
        } else if quiet_since.get_or_insert_with(Instant::now).elapsed() > QUIET {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Runs the acceptance probes of the project; every feature must have some, and all must hold.
fn probe(project: &Project, service: &Service, place: &Surroundings) -> usize {
    let output = project::formwork()
        .envs(place.settings.iter().map(|(key, value)| (key, value)))
        .args(["probe", "--json", "--change-config"])
        .args(["--url", service.client.base()])
        .arg("--project")
        .arg(&project.folder)
        .arg("--log")
        .arg(service.log_file())
        .output()
        .expect("the binary runs");
    let outcomes: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("it writes JSON"))
        .collect();
    let failed: Vec<&Value> = outcomes
        .iter()
        .filter(|outcome| outcome["ok"] != true || outcome["skipped"] == true)
        .collect();
    assert!(
        output.status.success() && failed.is_empty(),
        "probes failed: {failed:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let probed: BTreeSet<&str> = outcomes
        .iter()
        .filter_map(|outcome| outcome["feature"].as_str())
        .collect();
    for feature in &project.features {
        assert!(
            probed.contains(feature.as_str()),
            "no probe of {feature} ran"
        );
    }
    outcomes.len()
}

/// Tells each step, with the time it took.
struct Steps {
    name: &'static str,
    begun: Instant,
}

impl Steps {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            begun: Instant::now(),
        }
    }

    fn done(&mut self, what: impl AsRef<str>) {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.begun = Instant::now();
        eprintln!("{}: {} ({seconds:.1} s)", self.name, what.as_ref());
    }
}
