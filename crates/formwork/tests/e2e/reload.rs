//! The configuration file of a running service, changed and changed back.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::Project;
use crate::service::Service;

/// How long the service may take to notice: longer than it looks away.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often something expected is looked for.
const PAUSE: Duration = Duration::from_millis(20);

/// Makes the service log more and gives its database another number of connections, and changes both
/// back.
pub(crate) fn prove(project: &Project, service: &Service) {
    let file = project.folder.join("config/default.toml");
    let original = fs::read_to_string(&file).expect("the configuration can be read");
    let changed = original.replace("level = \"info\"", "level = \"debug\"");
    assert_ne!(changed, original, "the level of the log can be changed");
    let (pool, key) = match changed.contains("[sqlite]\n") {
        true => ("[sqlite]\n", "readers"),
        false => ("[postgres]\n", "connections"),
    };
    let fewer = changed.replace(pool, &format!("{pool}{key} = 7\n"));
    assert_ne!(fewer, changed, "the pool of the database can be changed");
    let path = format!("{}.{key}", pool.trim_matches(['[', ']', '\n']));

    let before = reloads(service, "log.level");
    fs::write(&file, &fewer).expect("the configuration can be written");
    let level = || reloads(service, "log.level");
    let connections = || reloads(service, &path);
    eventually(service, "not taken over", || {
        level() > before && connections() == 1
    });
    // A request leaves a line of this level.
    eventually(service, "no line of the level", || {
        let _ = service.client.get("/api/no-such-resource");
        lines(service).iter().any(|line| line["level"] == "debug")
    });

    fs::write(&file, &original).expect("the configuration can be written");
    eventually(service, "not given back", || {
        level() > before + 1 && connections() == 2
    });
}

/// How often a change of a value was taken over.
fn reloads(service: &Service, path: &str) -> usize {
    let lines = lines(service);
    let taken_over = |line: &&Value| {
        line["message"] == "configuration reloaded"
            && line["paths"]
                .as_str()
                .is_some_and(|paths| paths.split(", ").any(|it| it == path))
    };
    lines.iter().filter(taken_over).count()
}

fn lines(service: &Service) -> Vec<Value> {
    let log = service.log();
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn eventually(service: &Service, otherwise: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{otherwise}: {}", service.log());
        thread::sleep(PAUSE);
    }
}
