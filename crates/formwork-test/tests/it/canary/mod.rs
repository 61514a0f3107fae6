//! A marker in every secret, and nothing that comes out of the service shows it.

mod needles;
mod process;
pub(crate) mod service;

use std::fs;
use std::path::Path;

use formwork_app::{App, ServiceInfo};
use formwork_config::{Environment, FieldSchema, Loader, Schema, Section, Shape};

use needles::{IN_URLS, MARKER, find};
use process::Start;
use service::Modules;

/// Every secret there is, with the marker in it, as TOML.
fn secrets(modules: Modules) -> Vec<(&'static str, String)> {
    let text = |value: &str| format!("\"{value}\"");
    let mut secrets = vec![
        ("admin.token", text(MARKER)),
        ("health.token", text(MARKER)),
        ("vault.token", text(MARKER)),
        ("vault.place", text(MARKER)),
        ("vault.drawers", format!("[\"{MARKER}\", \"two {MARKER}\"]")),
        ("vault.rooms", format!("{{ hall = \"{MARKER}\" }}")),
        ("vault.guard.password", text(MARKER)),
    ];
    if modules == Modules::Servers {
        secrets.extend([
            ("postgres.url", text(&postgres(IN_URLS))),
            ("postgres.password", text(MARKER)),
            ("postgres.migrations-url", text(&postgres(IN_URLS))),
            ("postgres.migrations-password", text(MARKER)),
            (
                "nats.url",
                text(&format!("nats://canary:{IN_URLS}@127.0.0.1:9")),
            ),
            ("nats.password", text(MARKER)),
            ("nats.token", text(MARKER)),
        ]);
    }
    secrets
}

/// A database nobody may use: on the real server an account it does not know.
fn postgres(password: &str) -> String {
    let server = std::env::var("FORMWORK_TEST_POSTGRES_URL").unwrap_or_default();
    let place = server.rsplit('@').next().filter(|place| !place.is_empty());
    let place = place.unwrap_or("127.0.0.1:9/postgres");
    format!("postgres://canary:{password}@{place}")
}

fn sections(modules: Modules) -> Vec<Section> {
    modules
        .add_to(App::new(ServiceInfo::new("shop", "1.0.0")))
        .sections()
}

/// Every leaf, with its path.
fn leaves(sections: &[Section]) -> Vec<(String, &'static FieldSchema)> {
    fn collect(schema: &Schema, prefix: &str, leaves: &mut Vec<(String, &'static FieldSchema)>) {
        for field in schema.fields {
            let path = format!("{prefix}.{}", field.key);
            match field.shape.bare() {
                Shape::Struct(schema) => collect(schema, &path, leaves),
                _ => leaves.push((path, field)),
            }
        }
    }
    let mut leaves = Vec::new();
    for section in sections {
        collect(section.schema(), section.prefix(), &mut leaves);
    }
    leaves
}

/// Whether it is a secret, or an address with one in it.
fn hides(field: &FieldSchema) -> bool {
    field.is_sealed() || matches!(field.shape.bare(), Shape::Url)
}

/// A configuration file with these values, and what makes the service fit for a test.
fn write(folder: &Path, values: &[(&str, String)]) {
    let mut text = "http.listen = \"127.0.0.1:0\"\nlog.level = \"trace\"\n".to_owned();
    for (path, value) in values {
        text.push_str(&format!("{path} = {value}\n"));
    }
    let config = folder.join("config");
    fs::create_dir_all(&config).expect("a folder");
    fs::write(config.join("default.toml"), text).expect("a file");
}

fn clean(what: &str, text: &str) {
    assert_eq!(find(text), [""; 0], "{what} shows a secret");
}

fn variable(path: &str) -> String {
    format!(
        "SHOP__{}",
        path.replace('.', "__").replace('-', "_").to_uppercase()
    )
}

/// A secret that is new must be marked here as well.
#[test]
fn every_secret_is_marked() {
    for modules in Modules::ALL {
        let sealed = leaves(&sections(modules)).into_iter();
        let mut sealed: Vec<_> = sealed
            .filter(|(_, field)| hides(field))
            .map(|(path, _)| path)
            .collect();
        let mut marked: Vec<_> = secrets(modules).into_iter().map(|(path, _)| path).collect();
        sealed.sort();
        marked.sort_unstable();
        assert_eq!(sealed, marked, "{modules:?}");
    }
}

/// Proves: R-049.
#[test]
fn no_page_of_the_command_line_shows_a_secret() {
    const PAGES: [&str; 6] = [
        "--print-config",
        "--check-config",
        "--print-graph",
        "--print-sample",
        "--print-schema",
        "--print-reference",
    ];
    for modules in Modules::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        write(folder, &secrets(modules));
        let run = |page: &str, variables: &[(String, String)]| {
            let (ok, text) = Start {
                modules,
                folder,
                arguments: &[page],
                variables,
            }
            .run();
            assert!(ok, "{page}: {text}");
            clean(page, &text);
            text
        };
        for page in PAGES {
            run(page, &[]);
        }
        assert!(run(PAGES[0], &[]).contains("<redacted>"));

        // The same from the environment, and from files of one value, named and in a directory.
        write(folder, &[]);
        let directory = folder.join("secrets");
        fs::create_dir_all(&directory).expect("a folder");
        let (mut plain, mut named) = (Vec::new(), Vec::new());
        for (path, value) in secrets(modules) {
            let value = value.trim_matches('"').to_owned();
            let file = directory.join(path);
            fs::write(&file, &value).expect("a file");
            named.push((
                format!("{}_FILE", variable(path)),
                file.display().to_string(),
            ));
            plain.push((variable(path), value));
        }
        let mounted = [(
            "SHOP_SECRETS_DIR".to_owned(),
            directory.display().to_string(),
        )];
        for variables in [&plain[..], &named, &mounted] {
            assert!(run(PAGES[0], variables).contains("<redacted>"));
        }
    }
}

/// Proves: R-049.
#[test]
fn no_mistake_in_any_field_shows_a_secret() {
    for modules in Modules::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let sections = sections(modules);
        let mut refused = 0;
        for (path, field) in leaves(&sections) {
            let inside = if hides(field) { MARKER } else { "?" };
            for wrong in [
                format!("[[[\"{inside}\"]]]"),
                format!("{{ a = {{ b = \"{inside}\" }} }}"),
                format!("\"{inside} \\u0000\""),
                "1979-05-27T07:32:00Z".to_owned(),
                "99999999999999999999999999".to_owned(),
                // No TOML at all.
                format!("{{ a = \"{inside}"),
                format!("\"{inside}\" \"{inside}\""),
            ] {
                let mut values = secrets(modules);
                values.retain(|(other, _)| *other != path);
                values.push((&path, wrong.clone()));
                write(folder.path(), &values);
                let environment = Environment::default();
                let loader = Loader::new("shop")
                    .with_environment(environment)
                    .with_location(folder.path().join("config"));
                refused += usize::from(shown(&loader, &sections, &path));
            }
            for wrong in [format!("{{ a = \"{inside}"), format!("[\"{inside}")] {
                let marked = secrets(modules).into_iter();
                let marked = marked.filter(|(other, _)| *other != path);
                let mut variables: Vec<_> = marked
                    .map(|(path, value)| (variable(path), value.trim_matches('"').to_owned()))
                    .collect();
                variables.push((variable(&path), wrong));
                let loader = Loader::new("shop").with_environment(Environment::of(variables));
                refused += usize::from(shown(&loader, &sections, &path));
            }
        }
        assert!(refused > 200, "{refused} mistakes were found");
    }
}

/// Whether the configuration is refused; neither way may show a secret.
fn shown(loader: &Loader, sections: &[Section], path: &str) -> bool {
    match loader.load(sections) {
        Ok(snapshot) => {
            let explained = snapshot.explain();
            clean(path, &format!("{snapshot:?}\n{explained}\n{explained:?}"));
            false
        }
        Err(errors) => {
            clean(path, &format!("{errors}\n{errors:?}"));
            true
        }
    }
}

/// Proves: R-049.
#[test]
fn secrets_in_the_wrong_place_are_refused_without_being_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let modules = Modules::Embedded;
    let refused = |arguments: &[&str], variables: &[(String, String)]| {
        let (ok, text) = Start {
            modules,
            folder,
            arguments,
            variables,
        }
        .run();
        assert!(!ok, "{arguments:?}: {text}");
        assert!(text.contains("error: "), "{arguments:?}: {text}");
        clean(&format!("{arguments:?}"), &text);
    };
    write(folder, &secrets(modules));
    for argument in [
        "--set=vault.token=",
        "--set=vault.tokem=",
        "--vault.token=",
        "",
    ] {
        refused(&["--check-config", &format!("{argument}{MARKER}")], &[]);
    }
    for name in [
        "SHOP__VAULT__TOKEM",
        "SHOP__VAULTT__TOKEN",
        "SHOP__VAULT__TOKEN__X",
    ] {
        refused(&["--check-config"], &[(name.to_owned(), MARKER.to_owned())]);
    }
    for path in ["vault.tokem", "vaultt.token", "http.listen.token", "app"] {
        let mut values = secrets(modules);
        values.push((path, format!("\"{MARKER}\"")));
        write(folder, &values);
        refused(&["--check-config"], &[]);
    }
    let file = folder.join("config/default.toml");
    fs::write(
        &file,
        [
            b"vault.token = \"".as_slice(),
            MARKER.as_bytes(),
            b"\xff\"\n",
        ]
        .concat(),
    )
    .expect("a file");
    refused(&["--check-config"], &[]);
}

/// Proves: R-049.
#[test]
fn a_service_at_work_shows_no_secret() {
    const PATHS: [&str; 20] = [
        "/admin/config",
        "/admin/config/reload",
        "/admin/modules",
        "/admin/timeline",
        "/admin/graph",
        "/admin/health",
        "/livez",
        "/readyz",
        "/startupz",
        "/health",
        "/health/vault",
        "/health/guard",
        "/health/nothing",
        "/health-history",
        "/metrics",
        "/vault",
        "/vault/panic",
        "/vault/fail",
        "/vault/reload",
        "/nothing",
    ];
    for format in ["json", "text"] {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let values = |token: &str, times: &str| {
            let mut values = secrets(Modules::Embedded);
            values.retain(|(path, _)| *path != "vault.token");
            values.extend([
                ("vault.token", token.to_owned()),
                ("vault.times", times.to_owned()),
                ("log.format", format!("\"{format}\"")),
                ("config-reload.watch", "\"off\"".to_owned()),
            ]);
            values
        };
        write(folder, &values(&format!("\"{MARKER}\""), "1"));
        let mut service = Start {
            modules: Modules::Embedded,
            folder,
            arguments: &[],
            variables: &[],
        }
        .serve();
        let hit_all = |service: &process::Service| {
            for path in PATHS {
                for token in [None, Some("wrong"), Some(MARKER)] {
                    let answer = service.get(path, token);
                    assert!(
                        path == "/vault/panic" || answer.starts_with("HTTP/1.1 "),
                        "{path}"
                    );
                    clean(path, &answer);
                }
            }
        };
        service.until("the checks have answered", |service| {
            let health = service.get("/health", Some(MARKER));
            health.contains("the check panicked").then_some(())
        });
        hit_all(&service);
        // Taken over, refused for its type, refused for its text, taken over again.
        let reload = |service: &process::Service, outcome: &str| {
            let answer = service.get("/vault/reload", None);
            clean("a reload", &answer);
            assert!(answer.contains(outcome), "{outcome}: {answer}");
            clean(
                "the admin",
                &service.ask("POST", "/admin/config/reload", Some(MARKER)),
            );
            hit_all(service);
        };
        write(folder, &values(&format!("\"new {MARKER}\""), "2"));
        reload(&service, "Applied");
        write(folder, &values(&format!("{{ a = \"{MARKER}\" }}"), "3"));
        reload(&service, "Failed");
        write(folder, &values(&format!("\"{MARKER}"), "4"));
        reload(&service, "Failed");
        write(folder, &values(&format!("\"{MARKER}\""), "5"));
        reload(&service, "Applied");
        // By a signal, with its outcome in health, metrics and events.
        write(folder, &values(&format!("\"newer {MARKER}\""), "6"));
        service.signal("-HUP");
        service.until("the sixth time", |service| {
            let shown = service.get("/vault", None);
            shown.contains("times: 6").then_some(())
        });
        write(folder, &values(&format!("[\"{MARKER}\""), "7"));
        service.signal("-HUP");
        let answer = service.ask("POST", "/admin/config/reload", Some(MARKER));
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
        clean("a refused reload", &answer);
        service.until("the failure is told", |service| {
            let health = service.get("/health", Some(MARKER));
            health
                .contains(r#""name":"config","status":"degraded""#)
                .then_some(())
        });
        hit_all(&service);
        let (status, said) = service.stop();
        assert!(status.success(), "{said}");
        for told in ["reload.completed", "reload.failed", "health.changed"] {
            assert!(said.contains(told), "{told}: {said}");
        }
        assert!(
            said.contains("could not open VaultConfig"),
            "the log is there: {said}"
        );
        clean(&format!("the log as {format}"), &said);
    }
}

/// A service without a file runs on what is compiled in and in its environment, and says so once.
#[test]
fn a_service_without_a_file_says_so_once() {
    for file in [None, Some("")] {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        if let Some(text) = file {
            fs::create_dir(folder.join("config")).expect("a folder");
            fs::write(folder.join("config/default.toml"), text).expect("a file");
        }
        let values = secrets(Modules::Embedded).into_iter();
        let values =
            values.map(|(path, value)| (variable(path), value.trim_matches('"').to_owned()));
        let mut variables: Vec<_> = values.collect();
        variables.push((variable("http.listen"), "127.0.0.1:0".to_owned()));
        let service = Start {
            modules: Modules::Embedded,
            folder,
            arguments: &[],
            variables: &variables,
        }
        .serve();
        let (status, said) = service.stop();
        assert!(status.success(), "{said}");
        let lines = said.lines();
        let hints: Vec<_> = lines
            .filter(|line| line.contains("no configuration file"))
            .collect();
        assert_eq!(hints.len(), usize::from(file.is_none()), "{said}");
        let named = hints
            .iter()
            .all(|hint| hint.contains("config/default.toml"));
        assert!(named, "{hints:?}");
        clean("the log", &said);
    }
}

/// What the tests above rely on: a service that does show one is found.
#[test]
fn a_leak_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &secrets(Modules::Embedded));
    let service = Start {
        modules: Modules::Embedded,
        folder: folder.path(),
        arguments: &[],
        variables: &[],
    }
    .serve();
    assert_eq!(find(&service.get("/vault/leak", None)).len(), 1);
}

/// Proves: R-049.
#[test]
fn a_start_that_fails_for_its_credentials_shows_none() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &secrets(Modules::Servers));
    let (ok, text) = Start {
        modules: Modules::Servers,
        folder: folder.path(),
        arguments: &[],
        variables: &[],
    }
    .run();
    assert!(!ok, "{text}");
    assert!(
        text.contains("could not bring the schema up to date"),
        "{text}"
    );
    clean("a failed start", &text);
}
