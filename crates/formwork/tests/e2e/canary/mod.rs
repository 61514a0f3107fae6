//! A marker in every secret of a generated service, and nothing that comes out of its binary shows it.

#[path = "../../../../formwork-test/tests/it/canary/needles.rs"]
mod needles;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use toml_edit::{Array, DocumentMut, Item, Value, value};

use crate::project::Project;
use crate::service::Service;
use needles::{MARKER, find};

/// How long what a signal sets off may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often something expected is looked for.
const PAUSE: Duration = Duration::from_millis(20);

/// What the binary prints instead of serving.
const PAGES: [&str; 6] = [
    "--print-config",
    "--check-config",
    "--print-graph",
    "--print-sample",
    "--print-schema",
    "--print-reference",
];

/// Where the service answers, beside the paths of its probes.
const PATHS: [&str; 17] = [
    "/",
    "/admin/config",
    "/admin/config/reload",
    "/admin/graph",
    "/admin/health",
    "/admin/modules",
    "/admin/timeline",
    "/api/orders",
    "/api/no-such-resource",
    "/docs",
    "/health",
    "/health/nothing",
    "/livez",
    "/metrics",
    "/openapi.json",
    "/readyz",
    "/startupz",
];

/// Returns how many outputs were searched.
pub(crate) fn prove(project: &Project, binary: &Path, settings: &[(String, String)]) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut place = Place {
        project,
        binary,
        // The secrets come from the file alone, so that it can be made wrong.
        settings: settings
            .iter()
            .filter(|(name, _)| !name.ends_with("TOKEN"))
            .cloned()
            .collect(),
        folder: folder.path(),
        searched: 0,
    };
    place.every_secret_is_marked();
    place.write(|_| {});
    for page in PAGES {
        let (ok, said) = place.run(&[page]);
        assert!(ok, "{page}: {said}");
        if page == "--print-config" {
            assert_eq!(said.matches("<redacted>").count(), SECRETS.len(), "{said}");
        }
    }
    place.mistakes_show_nothing();
    place.work_shows_nothing();
    place.searched
}

/// The secrets of the embedded default with `admin`.
const SECRETS: [&str; 2] = ["admin.token", "health.token"];

struct Place<'a> {
    project: &'a Project,
    binary: &'a Path,
    settings: Vec<(String, String)>,
    folder: &'a Path,
    /// How many outputs had no marker.
    searched: usize,
}

impl Place<'_> {
    /// A secret that is new must be marked here as well.
    fn every_secret_is_marked(&mut self) {
        self.write(|_| {});
        let (ok, said) = self.run(&["--print-reference"]);
        assert!(ok, "{said}");
        let secret = |line: &&str| line.starts_with('|') && line.contains("secret: ");
        let found: Vec<&str> = said.lines().filter(secret).collect();
        assert_eq!(found.len(), SECRETS.len(), "{found:#?}");
        for path in SECRETS {
            let variable = format!("__{}`", path.to_uppercase().replace('.', "__"));
            assert!(
                found.iter().any(|line| line.contains(&variable)),
                "no {path}: {found:#?}"
            );
        }
    }

    /// The project's configuration with the marker in every secret, and changed.
    fn write(&self, change: impl Fn(&mut DocumentMut)) {
        let original = self.project.folder.join("config/default.toml");
        let original = fs::read_to_string(original).expect("the configuration can be read");
        let mut document: DocumentMut = original.parse().expect("it is TOML");
        set(&mut document, "http.listen", value("127.0.0.1:0"));
        set(&mut document, "log.level", value("trace"));
        set(&mut document, "config-reload.watch", value("off"));
        for path in SECRETS {
            set(&mut document, path, value(MARKER));
        }
        change(&mut document);
        self.write_text(&document.to_string());
    }

    fn write_text(&self, text: &str) {
        fs::write(self.folder.join("default.toml"), text).expect("a file can be written");
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.binary);
        command
            .current_dir(&self.project.folder)
            .arg("--config")
            .arg(self.folder)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Whether it ended well, and all it said.
    fn run(&mut self, arguments: &[&str]) -> (bool, String) {
        let output = self.command().args(arguments).output();
        let output = output.expect("the binary runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        self.clean(&format!("{arguments:?}"), &said);
        (output.status.success(), said)
    }

    fn clean(&mut self, what: &str, text: &str) {
        assert_eq!(find(text), [""; 0], "{what} shows a secret");
        self.searched += 1;
    }

    /// Values of a wrong type, the secrets themselves among them, text that is no TOML, and secrets in the wrong place.
    fn mistakes_show_nothing(&mut self) {
        let list = || Item::Value(Value::Array(Array::from_iter([MARKER])));
        let in_secrets = SECRETS.map(|path| (path, list()));
        let elsewhere = [
            ("http.body-limit", value("many")),
            ("http.listen", value(7)),
            ("app.drain-delay", value(true)),
            ("log.level", value("loud")),
        ];
        let misplaced = [
            ("health.tokem", value(MARKER)),
            ("admim.token", value(MARKER)),
        ];
        for (path, wrong) in in_secrets.into_iter().chain(elsewhere).chain(misplaced) {
            self.write(|document| set(document, path, wrong.clone()));
            self.refused(path, &[]);
        }
        self.write_text(&format!("admin.token = \"{MARKER}\nhealth.token = ["));
        self.refused("no TOML", &[]);
        self.write(|_| {});
        self.refused("--set", &[&format!("--set=health.tokem={MARKER}")]);
    }

    /// Neither the check nor the start itself goes well.
    fn refused(&mut self, what: &str, arguments: &[&str]) {
        for action in [&["--check-config"][..], &[]] {
            let (ok, said) = self.run(&[arguments, action].concat());
            assert!(!ok, "{what}: {said}");
            assert!(said.contains("error"), "{what}: {said}");
        }
    }

    /// Started, asked everything, reloaded well and badly, and stopped.
    fn work_shows_nothing(&mut self) {
        self.write(|_| {});
        let log = self.folder.join("log");
        let errors = self.folder.join("errors");
        let mut command = self.command();
        command.stderr(File::create(&errors).expect("a file can be made"));
        let service = Service::run(command, &log);
        self.ask_everything(&service);

        self.write(|document| set(document, "log.level", value("debug")));
        service.signal(Signal::HUP);
        eventually(&service, "a reload", "configuration reloaded");
        self.ask_everything(&service);

        let list = || Item::Value(Value::Array(Array::from_iter([MARKER])));
        self.write(|document| set(document, "health.token", list()));
        service.signal(Signal::HUP);
        eventually(&service, "a refused reload", "configuration not reloaded");
        self.ask_everything(&service);

        let status = service.stop();
        assert!(status.success(), "it ended with {status}");
        for file in [log, errors] {
            let said = fs::read_to_string(&file).expect("it can be read");
            self.clean(&file.display().to_string(), &said);
        }
    }

    fn ask_everything(&mut self, service: &Service) {
        for path in PATHS {
            for token in [None, Some("wrong"), Some(MARKER)] {
                let answer = service.client.raw(path, token);
                self.clean(path, &answer);
                // The token is right, and what it opens was searched.
                if token == Some(MARKER) && ["/health", "/admin/modules"].contains(&path) {
                    assert!(answer.contains("outbox"), "{path}: {answer}");
                }
            }
        }
    }
}

fn set(document: &mut DocumentMut, path: &str, item: Item) {
    let (table, key) = path.split_once('.').expect("a path has a table");
    let table = document.entry(table).or_insert_with(toml_edit::table);
    table[key] = item;
}

fn eventually(service: &Service, what: &str, said: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !service.log().contains(said) {
        assert!(
            Instant::now() < deadline,
            "no line of {what}: {}",
            service.log()
        );
        thread::sleep(PAUSE);
    }
}
